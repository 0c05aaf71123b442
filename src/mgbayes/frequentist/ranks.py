"""Rank tests: as R's wilcox.test gives them, and exact whatever the ties.

Mann and Whitney's U is that of the contrast; Wilcoxon's signed rank sum is that of the patients who rose.
Patients who did not change are left out of the latter (Wilcoxon 1945).
"""

from __future__ import annotations

import numpy as np

from mgbayes.frequentist import exact_ranks
from mgbayes.frequentist.hodges_lehmann import pseudo_median, shift
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import Floats, Pairs, TwoGroups

EXACT_BELOW = 50
"""R counts exactly below this size of a group, where there are no ties."""
_NORMAL = "normal approximation, corrected for ties and continuity"


def mann_whitney(groups: TwoGroups) -> Result:
    """Exact without ties, else the normal approximation with tie and continuity correction (SciPy)."""
    from scipy.stats import mannwhitneyu

    m, n = groups.sizes
    normal = has_ties(groups.pooled) | (max(m, n) >= EXACT_BELOW)
    p, u = np.empty(normal.shape), np.empty(normal.shape)
    for rows, method in ((normal, "asymptotic"), (~normal, "exact")):
        if rows.any():
            found = mannwhitneyu(groups.contrast[rows], groups.reference[rows], axis=-1, method=method)
            p[rows], u[rows] = found.pvalue, found.statistic
    return Result(np.minimum(p, 1.0), u, "U", side=np.sign(u - m * n / 2))


def mann_whitney_shift(groups: TwoGroups) -> Result:
    """The same of one study, with Hodges and Lehmann's estimate of the shift."""
    tested = mann_whitney(groups)
    exact = not bool(has_ties(groups.pooled)) and max(groups.sizes) < EXACT_BELOW
    return Result(
        tested.p, tested.statistic, "U", shift(groups.contrast, groups.reference), "" if exact else _NORMAL
    )


def mann_whitney_exact(groups: TwoGroups) -> Result:
    """The permutation distribution of the rank sum, given the ties."""
    ranks = exact_ranks.doubled_ranks(groups.pooled)
    n = len(groups.contrast)
    seen = int(ranks[len(groups.reference) :].sum())
    chance = exact_ranks.rank_sum_distribution(ranks, n)
    p = exact_ranks.two_sided(chance, seen, 2 * n * (len(ranks) + 1))
    statistic = seen / 2 - n * (n + 1) / 2
    return Result(p, statistic, "U", shift(groups.contrast, groups.reference))


def signed_rank(pairs: Pairs) -> Result:
    """Exact without ties or zeros, else the normal approximation with both corrections (SciPy)."""
    from scipy.stats import wilcoxon

    changed = moved(pairs)
    exact = len(changed) == len(pairs.change) < EXACT_BELOW and not has_ties(np.abs(changed))
    method = "exact" if exact else "asymptotic"
    result = wilcoxon(changed, correction=not exact, method=method)
    note = _unmoved(pairs) + ("" if exact else _NORMAL)
    return Result(float(result.pvalue), _risen(changed), "V", pseudo_median(changed), note)


def signed_rank_exact(pairs: Pairs) -> Result:
    """The distribution of the signed rank sum over every choice of signs, given the ties."""
    changed = moved(pairs)
    ranks = exact_ranks.doubled_ranks(np.abs(changed))
    chance = exact_ranks.signed_rank_distribution(ranks)
    p = exact_ranks.two_sided(chance, int(ranks[changed > 0].sum()), int(ranks.sum()))
    return Result(p, _risen(changed), "V", pseudo_median(changed), _unmoved(pairs).rstrip("; "))


def moved(pairs: Pairs) -> Floats:
    """The changes of the patients who changed."""
    return pairs.change[pairs.change != 0]


def has_ties(values: Floats) -> np.ndarray:
    """Whether two values are equal, (...,)."""
    return (np.diff(np.sort(values, axis=-1), axis=-1) == 0).any(axis=-1)


def _risen(changed: Floats) -> float:
    ranks = exact_ranks.doubled_ranks(np.abs(changed))
    return float(ranks[changed > 0].sum() / 2)


def _unmoved(pairs: Pairs) -> str:
    still = int((pairs.change == 0).sum())
    return f"{still} without change left out; " if still else ""
