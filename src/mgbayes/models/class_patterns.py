r"""Classes at several visits given a patient's own effect, the effect integrated out.

A patient with class k_v at visit v contributes

    log Σ_j exp(w_j + Σ_v l[a, v, k_v, j]),   l the log chance of a class in arm a at node j, w the log weights,

over the visits at which the class is known. Patients of an arm with the same classes contribute the same, so that
each pattern of classes is worked out once: of K classes at V visits there are (K + 1)^V at most, however many
patients. Where each visit has several answers, the columns of a pattern run through the visits again.

Shapes: patterns (arm, P, visit), log chances (arm, visit, class, node). Source: quadrature.py; held to R's clmm and
to adaptive quadrature in tests/oracles.
"""

from math import exp, log
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from mgbayes.models import quadrature
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.quadrature import LOG_WEIGHTS

_NODES = len(LOG_WEIGHTS)
MISSING = -1.0


def patterns_of(level: NDArray[np.float64], levels: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The patterns of classes (arm, P, visit), MISSING where not known, and that of each patient (arm, patient).

    ``level`` (arm, patient, visit) is nan where missing and in padding. P follows from the shape alone.
    """
    arms, patients, visits = level.shape
    most = min(patients, (levels + 1) ** visits)
    found = np.full((arms, most, visits), MISSING)
    which = np.zeros((arms, patients), dtype=np.int64)
    for a in range(arms):
        rows, inverse = np.unique(np.nan_to_num(level[a], nan=MISSING), axis=0, return_inverse=True)
        found[a, : len(rows)] = rows
        which[a] = inverse.reshape(-1)
    return found, which


@register_jitable
def _terms(pattern: Any, log_chance: Any, terms: Any) -> float:
    """Fill terms (node,) with each node's share of the sum; return the log of the sum. log_chance is one arm's."""
    top = -np.inf
    for j in range(_NODES):
        terms[j] = LOG_WEIGHTS[j]
    for c in range(pattern.size):
        if pattern[c] >= 0:
            for j in range(_NODES):
                terms[j] += log_chance[c % log_chance.shape[0], int(pattern[c]), j]
    for j in range(_NODES):
        top = max(top, terms[j])
    total = 0.0
    for j in range(_NODES):
        terms[j] = exp(terms[j] - top)
        total += terms[j]
    for j in range(_NODES):
        terms[j] /= total
    return top + log(total)


def integrated(patterns: Any, log_chance: Any) -> Any:
    """The log chance of each pattern (arm, P)."""
    found, terms = np.zeros(patterns.shape[:2]), np.empty(_NODES)
    for a in range(patterns.shape[0]):
        for p in range(patterns.shape[1]):
            found[a, p] = _terms(patterns[a, p], log_chance[a], terms)
    return found


def integrated_back(patterns: Any, log_chance: Any, found: Any, bar: Any) -> Any:
    """The cotangent of the log chances."""
    chance_bar, terms = np.zeros_like(log_chance), np.empty(_NODES)
    for a in range(patterns.shape[0]):
        for p in range(patterns.shape[1]):
            if bar[a, p] == 0:
                continue
            _terms(patterns[a, p], log_chance[a], terms)
            for c in range(patterns.shape[2]):
                if patterns[a, p, c] >= 0:
                    v, k = c % log_chance.shape[1], int(patterns[a, p, c])
                    for j in range(_NODES):
                        chance_bar[a, v, k, j] += bar[a, p] * terms[j]
    return chance_bar


INTEGRATED = Fused(
    Passes(
        integrated,
        integrated_back,
        shaped=(0,),
        axes=(2,),
        differentiable=(False, True),
        calls=(quadrature,),
    )
)
