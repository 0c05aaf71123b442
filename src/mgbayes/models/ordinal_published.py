r"""What a paper reports of an ordered outcome, as evidence of mgbayes.models.ordinal: categories or medians.

**Categories** at one visit: the counts of n_a patients, who have the same chances P_k,

    classes ~ Multinomial(n_a, P_a)

**Medians**, of patients i with chances P_ik of their own. With E_k[p, q] the coefficient of z^k in Π_i (p_i z + q_i),
the median of n = 2 m - 1 is c with the probability

    P(x_(m) = c) = Σ_(k ≥ m) E_k[P(≤ c), P(> c)] - E_k[P(< c), P(≥ c)]

Of n = 2 h it is the mean of the two middle ones, both of them c, or a < b with a + b = 2 c:

    P(x_(h) = x_(h+1) = c) = Σ_(k > h) E_k[P(≤ c), P(> c)] - Σ_(k ≥ h) E_k[P(< c), P(≥ c)] + E_h[P(< c), P(> c)]
    P(x_(h) = a, x_(h+1) = b) = G(a, b) - G(a - 1, b) - G(a, b + 1) + G(a - 1, b + 1),  G(a, b) = E_h[P(≤ a), P(≥ b)]

exact for every n, half-way medians (c = 1.5) too. The polynomials are evaluated at M roots of unity, M > n odd, so
that none is zero. At one visit all patients have the same chances. At several, the same patients make every median:
their u (``patient``) are latent, and given these the visits are independent.

Shapes: arm, visit, class, patient. Source: David and Nagaraja (2003), Order Statistics, 3rd ed., 2.1 and 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from mgbayes.models.evidence import ClassCounts, MedianClasses
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import PrintedQuantity
from mgbayes.models.plan import NotPrinted
from mgbayes.study.numbers import find_categories, find_quantiles
from mgbayes.study.schema import Endpoint, Study
from mgbayes.study.statistics.quantiles import MEDIAN

Data = Mapping[str, NDArray[Any]]
_TERMS = ("term", "low", "high", "real", "imaginary")
_SMALLEST = 1e-300
_LEAST = 1e-13
"""About the rounding error of a probability: a median that is impossible sends no sampler into the void."""


def from_study(study: Study, endpoint: Endpoint, visits: Sequence[str | None]) -> ClassCounts | MedianClasses:
    """What a study reports at these visits: all classes of one, or medians. Raises NotPrinted."""
    if len(endpoint.levels) < 2:
        raise NotPrinted(endpoint.id, "levels in the study file, the lowest first")
    arms = (study.reference.id, study.contrast.id)
    counted = [_counts(study, endpoint, arm, visits[0]) for arm in arms]
    if len(visits) == 1 and all(row is not None for row in counted):
        count = np.array(counted)
        return ClassCounts(**_sized(count.sum(axis=1), endpoint), count=count)
    found = [[find_quantiles(study, endpoint, arm, visit) for visit in visits] for arm in arms]
    middle = [
        [next((float(q.text) for q in row.quantiles if q.p == MEDIAN), None) if row else None for row in arm]
        for arm in found
    ]
    if any(value is None for arm in middle for value in arm):
        several = " at each visit (or the categories of one visit)" if len(visits) > 1 else " or categories"
        raise NotPrinted(endpoint.id, f"median class in both arms{several}")
    sizes = [{row.n for row in arm if row} for arm in found]
    if any(len(of_arm) > 1 for of_arm in sizes):
        raise NotPrinted(endpoint.id, "medians of the same patients at every visit")
    n, middle_rank = np.array([max(of_arm) for of_arm in sizes]), np.array(middle, dtype=float)
    odd_half = (n[:, None] % 2 == 1) & (middle_rank % 1 != 0)
    if odd_half.any() or (middle_rank * 2 % 1 != 0).any() or middle_rank.max() > len(endpoint.levels) - 1:
        raise NotPrinted(endpoint.id, "medians that so many patients in these levels can have")
    return with_terms(MedianClasses(**_sized(n, endpoint), middle=middle_rank))


def _sized(n: NDArray[Any], endpoint: Endpoint) -> dict[str, NDArray[Any]]:
    return {"n": n, "level": np.array(endpoint.levels), "slot": np.arange(n.max())}


def _counts(study: Study, endpoint: Endpoint, arm: str, visit: str | None) -> list[int] | None:
    """Patients of an arm in each level, where all are counted."""
    found = find_categories(study, endpoint.id, arm, visit)
    if found is None or not set(found.names) <= set(endpoint.levels) or found.total != found.n:
        return None
    by_name = dict(zip(found.names, map(int, found.counts), strict=True))
    return [by_name.get(level, 0) for level in endpoint.levels]


def summary(cohort: Sequence[Sequence[NDArray[Any]]], data: Data) -> tuple[str, NDArray[Any]]:
    """What is published of each arm's classes (..., patient) by visit: its name, and (..., arm, visit or class)."""
    if isinstance(data, ClassCounts):
        ranks = np.arange(len(data["level"]))[:, None]
        return "count", np.stack([(arm[0][..., None, :] == ranks).sum(axis=-1) for arm in cohort], axis=-2)
    middle = [np.stack([np.median(level, axis=-1) for level in arm], axis=-1) for arm in cohort]
    return "middle", np.stack(middle, axis=-2)


def quantities(data: Data, label: str, visits: Sequence[str]) -> tuple[PrintedQuantity, ...]:
    """Each count or median that is published."""
    if isinstance(data, ClassCounts):
        name, rows, unit = "count", [f"{label} {level}" for level in data["level"]], "patients"
    else:
        several = len(visits) > 1
        name, rows = "middle", [f"{label}{f' at {visit}' * several}, median" for visit in visits]
        unit = "classes, the lowest 0"
    return tuple(
        PrintedQuantity(name, (a, k), float(data[name][a, k]), words, arm, unit)
        for k, words in enumerate(rows)
        for a, arm in enumerate(("reference", "contrast"))
    )


def likelihood(data: Data, log_chances: Callable[[Any], Any], visits: int) -> None:
    """Add what is published to the model in context; ``log_chances`` of u gives them (arm, visit, class, u)."""
    name = "count" if isinstance(data, ClassCounts) else "middle"
    shown = pm.Data(name, np.asarray(data[name], dtype=float))
    n = np.asarray(data["n"])
    if visits > 1:
        u = pm.Normal("patient", 0.0, 1.0, shape=(len(n), int(n.max())))
        counted = np.arange(int(n.max())) < n[:, None]
        density = median_log_chance(pt.exp(log_chances(u[:, None, None, :])), counted, data)
    else:
        alike = log_chances(np.zeros(1))
        density = (
            counts_log_chance(alike[:, 0, :, 0], shown)
            if name == "count"
            else median_log_chance(pt.exp(alike), n[:, None], data)
        )
    given_density("classes", density, shown.sum(axis=-1) if name == "count" else shown)


def counts_log_chance(log_chance: Any, count: Any) -> Any:
    """The multinomial log probability (arm,) of counts (arm, class), of log chances (arm, class)."""
    ways = pt.gammaln(count.sum(axis=-1) + 1) - pt.gammaln(count + 1).sum(axis=-1)
    return ways + (count * log_chance).sum(axis=-1)


@dataclass(frozen=True)
class _Term:
    """A multiple of Σ_k E_k over some k: of the classes in ``low`` against those in ``high``."""

    low: range
    high: range
    k: range
    sign: int = 1


def _terms(c: float, n: int, levels: int) -> Iterator[_Term]:
    """The terms whose sum is the probability of a median c of n patients."""
    half, several = n // 2, range(n // 2 + 1, n + 1)
    if c % 1 == 0:
        at = int(c)
        yield _Term(range(at + 1), range(at + 1, levels), several)
        if at > 0:
            yield _Term(range(at), range(at, levels), several if n % 2 else range(half, n + 1), -1)
        if n % 2 == 0 and 0 < at < levels - 1:
            yield _Term(range(at), range(at + 1, levels), range(half, half + 1))
    if n % 2 == 0:
        first, last = ceil(c) - 1, floor(c) + 1
        for a, b in zip(range(first, -1, -1), range(last, levels), strict=False):
            for fewer, later in ((0, 0), (1, 0), (0, 1), (1, 1)):
                low, high = range(a + 1 - fewer), range(b + later, levels)
                if low and high:
                    yield _Term(low, high, range(half, half + 1), (-1) ** (fewer + later))


def with_terms(data: MedianClasses) -> MedianClasses:
    """The same with the terms of each median: where it is, its classes, and its weights at the roots of unity."""
    n, levels = np.asarray(data["n"]), len(data["level"])
    roots = int(n.max()) + 1 + int(n.max()) % 2
    at, low, high, weight = [], [], [], []
    for place, c in np.ndenumerate(data["middle"]):
        for term in _terms(float(c), int(n[place[0]]), levels):
            at.append(place)
            low.append(np.isin(np.arange(levels), term.low))
            high.append(np.isin(np.arange(levels), term.high))
            # Conjugate roots give conjugate values: the upper half of them, twice but for 1.
            powers = np.exp(-2j * np.pi * np.outer(np.arange(roots // 2 + 1), term.k) / roots).sum(axis=1)
            weight.append(term.sign * powers / roots * np.where(np.arange(roots // 2 + 1), 2, 1))
    return data | {
        "term": np.array(at),
        "low": np.array(low, dtype=float),
        "high": np.array(high, dtype=float),
        "real": np.real(weight),
        "imaginary": np.imag(weight),
    }


def median_log_chance(chance: Any, counted: NDArray[Any], data: Data) -> Any:
    """The log probability (arm, visit) of medians, of chances (arm, visit, class, i).

    ``counted`` (arm, i) is how many patients have the chances i.
    """
    term, low, high, real, imaginary = (pm.Data(name, data[name]) for name in _TERMS)
    roots = np.exp(2j * np.pi * np.arange(data["real"].shape[1]) / (2 * data["real"].shape[1] - 1))
    own = chance[term[:, 0], term[:, 1]]
    p, q = ((own * which[..., None]).sum(axis=1)[:, None] for which in (low, high))
    x, y = p * roots.real[:, None] + q, p * roots.imag[:, None]
    times = pt.as_tensor(counted.astype(float))[term[:, 0]][:, None]
    size = pt.exp((times * pt.log(x**2 + y**2 + _SMALLEST)).sum(axis=-1) / 2)
    angle = (times * pt.arctan2(y, x)).sum(axis=-1)
    value = (size * (real * pt.cos(angle) - imaginary * pt.sin(angle))).sum(axis=-1)
    total = pt.zeros(data["middle"].shape)
    total = pt.inc_subtensor(total[term[:, 0], term[:, 1]], value)
    return pt.log(pt.maximum(total, 0.0) + _LEAST)
