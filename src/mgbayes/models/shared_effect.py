r"""What two times say together of a patient: one to an event of some patients, one to an event of all.

The effect that they share is integrated out. Given the last value of the continuous outcome, the normal score Z_R of
ever having the first event and Z_T of the time to the second are standard normal with correlation ρ. One who ever has
the first has Z_R ≤ h; S is the chance that one of these has not had it by now. The second lies at k, after k, or
between l and u. Patient i contributes the log of

    P(Z_R ≤ h | Z_T in A) or P(Z_R > h | Z_T in A) + S P(Z_R ≤ h | Z_T in A),  times P(Z_T in A)

    A = {k}           the second event at a known time; its density is left to the caller, and P(Z_T in A) to be 1
        (k, ∞)        no second event yet
        (l, u)        the second event between two visits, in whichever order

and 1 for an outcome that is not known. These are normal chances of one or two variables (bivariate_normal.py), each
held above 1e-300. Derivatives come with the value, from the same pass.

Shapes: all (arm, patient). Source: joint.py; held to the integral over the effect, done by scipy, and to finite
differences in tests/oracles.
"""

from math import log, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models import bivariate_normal
from mgbayes.models.bivariate_normal import TABLE, below, both_below, density, fill, joint_density
from mgbayes.models.fused import Fused, Passes

_LEAST = 1e-300
_MOST_HAVE_IT = 1.0
_CHANCE, _H, _LATER, _K, _LOWER, _UPPER, _RHO = range(7)
"""A chance and its derivatives, as they lie in an array."""

UNKNOWN = 0.0
HAD, NOT_YET = 1.0, 2.0
AT, AFTER, BETWEEN = 1.0, 2.0, 3.0
"""What is known of an outcome."""


@register_jitable
def _given(seen: float, h: float, later: float, k: float, rho: float, out: Any) -> None:
    """What is seen of the first event, Z_T being k."""
    width = sqrt(1.0 - rho * rho)
    w = (h - rho * k) / width
    rise = density(w)
    if seen == HAD:
        out[_CHANCE], out[_LATER] = below(w), 0.0
    else:
        out[_LATER] = below(w)
        out[_CHANCE] = below(-w) + later * out[_LATER]
        rise *= later - 1.0
    out[_H], out[_K] = rise / width, -rise * rho / width
    out[_RHO] = rise * (rho * w / width - k) / width


@register_jitable
def _after(
    seen: float, h: float, later: float, k: float, rho: float, sign: float, table: Any, out: Any
) -> None:
    """What is seen of the first event, and Z_T > k; their correlation is sign ρ."""
    if seen == UNKNOWN:
        out[:] = 0.0
        out[_CHANCE], out[_K] = below(-k), -density(k)
        return
    r = sign * rho
    width = sqrt(1.0 - r * r)
    has_it = both_below(h, -k, rho, -sign, table)
    by_h = density(h) * below((r * h - k) / width)
    by_k = -density(k) * below((h - r * k) / width)
    by_rho = -sign * joint_density(h, k, r)
    if seen == HAD:
        out[_CHANCE], out[_H], out[_LATER], out[_K], out[_RHO] = has_it, by_h, 0.0, by_k, by_rho
        return
    # The difference keeps its digits where enough never have it, and saves a quadrature.
    never = both_below(-h, -k, rho, sign, table) if h > _MOST_HAVE_IT else below(-k) - has_it
    out[_CHANCE] = never + later * has_it
    out[_H], out[_LATER], out[_RHO] = (later - 1.0) * by_h, has_it, (later - 1.0) * by_rho
    out[_K] = -density(k) * below((r * k - h) / width) + later * by_k


@register_jitable
def _between(
    seen: float,
    h: float,
    later: float,
    lower: float,
    upper: float,
    rho: float,
    table: Any,
    work: Any,
    out: Any,
) -> None:
    """What is seen of the first event, and Z_T between two bounds, in whichever order."""
    # From the side where fewer lie beyond, so that the difference keeps its digits.
    sign = -1.0 if lower + upper < 0 else 1.0
    after_lower, after_upper = work[0], work[1]
    _after(seen, h, later, sign * lower, rho, sign, table, after_lower)
    _after(seen, h, later, sign * upper, rho, sign, table, after_upper)
    turn = 1.0 if after_lower[_CHANCE] >= after_upper[_CHANCE] else -1.0
    for j in (_CHANCE, _H, _LATER, _RHO):
        out[j] = turn * (after_lower[j] - after_upper[j])
    out[_LOWER], out[_UPPER] = turn * sign * after_lower[_K], -turn * sign * after_upper[_K]


def integrated(seen: Any, h: Any, later: Any, second: Any, k: Any, lower: Any, upper: Any, rho: Any) -> Any:
    """The log of each patient's chance, and its derivatives in h, S, k, l, u and ρ."""
    arms, patients = h.shape
    found = np.zeros((7, arms, patients))
    table, work, one = np.empty(TABLE), np.zeros((2, 7)), np.empty(7)
    filled = 2.0
    for a in range(arms):
        for i in range(patients):
            known, after, r = (seen[a, i], h[a, i], later[a, i]), second[a, i], rho[a, i]
            if known[0] == UNKNOWN and after in (UNKNOWN, AT):
                continue
            if r != filled and after in (AFTER, BETWEEN):
                fill(table, r)
                filled = r
            one[:] = 0.0
            if after == UNKNOWN:
                _given(*known, 0.0, 0.0, one)
                one[_K] = one[_RHO] = 0.0
            elif after == AT:
                _given(*known, k[a, i], r, one)
            elif after == AFTER:
                _after(*known, k[a, i], r, 1.0, table, one)
            else:
                _between(*known, lower[a, i], upper[a, i], r, table, work, one)
            if one[_CHANCE] > _LEAST:
                for j in range(1, 7):
                    found[j, a, i] = one[j] / one[_CHANCE]
            found[0, a, i] = log(max(one[_CHANCE], _LEAST))
    return found[0], found[1], found[2], found[3], found[4], found[5], found[6]


def integrated_back(
    seen: Any,
    h: Any,
    later: Any,
    second: Any,
    k: Any,
    lower: Any,
    upper: Any,
    rho: Any,
    value: Any,
    by_h: Any,
    by_later: Any,
    by_k: Any,
    by_lower: Any,
    by_upper: Any,
    by_rho: Any,
    bar: Any,
) -> Any:
    """Cotangents of all but what is known."""
    return bar * by_h, bar * by_later, bar * by_k, bar * by_lower, bar * by_upper, bar * by_rho


INTEGRATED = Fused(
    Passes(
        integrated,
        integrated_back,
        shaped=(1,) * 7,
        axes=(2,) * 7,
        differentiable=(False, True, True, False, True, True, True, True),
        kept=frozenset(range(1, 7)),
        calls=(bivariate_normal,),
    )
)
