"""Tests of the same patients seen twice, when the pairing itself is not printed.

What is printed are the two margins. The p value then has a range: over every number of patients
who changed (McNemar), or over every correlation between the two values (paired t).
"""

from __future__ import annotations

from math import sqrt

from mgbayes.study.rounding import Interval
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.verification.two_means import two_sided_t


def discordant_pairs(before: int, after: int, n: int) -> list[tuple[int, int]]:
    """Every (lost, gained) that turns ``before`` of n into ``after`` of n.

    lost = had it before and not after, gained = the other way; lost - gained = before - after,
    lost <= before, gained <= n - before.
    """
    pairs = []
    for gained in range(n - before + 1):
        lost = before - after + gained
        if 0 <= lost <= before:
            pairs.append((lost, gained))
    return pairs


def mcnemar_exact(lost: int, gained: int) -> float:
    """Two-sided binomial test of lost against gained; 1 when nobody changed."""
    return min(1.0, 2 * _tail(min(lost, gained), lost + gained))


def mcnemar_mid_p(lost: int, gained: int) -> float:
    """The exact test less the probability of the split seen (Fagerland et al. 2013)."""
    changed = lost + gained
    if lost == gained:
        return 1.0 - _point(lost, changed) / 2 if changed else 1.0
    return mcnemar_exact(lost, gained) - _point(min(lost, gained), changed)


def mcnemar_chi_square(lost: int, gained: int) -> float:
    """(lost - gained)² / (lost + gained) against chi-square with 1 degree of freedom."""
    from scipy.special import chdtrc

    changed = lost + gained
    return float(chdtrc(1, (lost - gained) ** 2 / changed)) if changed else 1.0


def mcnemar_chi_square_corrected(lost: int, gained: int) -> float:
    """The same with the continuity correction that R applies by default."""
    from scipy.special import chdtrc

    changed = lost + gained
    return float(chdtrc(1, max(abs(lost - gained) - 1, 0) ** 2 / changed)) if changed else 1.0


def _tail(k: int, n: int) -> float:
    from scipy.special import bdtr

    return float(bdtr(k, n, 0.5))


def _point(k: int, n: int) -> float:
    from math import comb

    return comb(n, k) * 0.5**n


MCNEMAR = (
    ("mcnemar_exact", "McNemar's exact", mcnemar_exact),
    ("mcnemar_mid_p", "McNemar's mid-p", mcnemar_mid_p),
    ("mcnemar_chi_square", "McNemar's chi-square", mcnemar_chi_square),
    (
        "mcnemar_chi_square_corrected",
        "McNemar's chi-square, corrected",
        mcnemar_chi_square_corrected,
    ),
)


def paired_t_interval(before: MeanAndSpread, after: MeanAndSpread) -> Interval:
    """The range of the paired t test's p over every within-patient correlation r in [-1, 1].

    SD of the change: sqrt(s1² + s2² - 2 r s1 s2), least at r = 1 and greatest at r = -1.
    """
    if before.n != after.n:
        raise ValueError("pairs need the same patients at both visits")
    n = before.n
    m1, m2, s1, s2 = (
        before.mean_interval,
        after.mean_interval,
        before.sd_interval,
        after.sd_interval,
    )
    far = max(abs(m1.low - m2.high), abs(m1.high - m2.low))
    near = 0.0 if m1.meets(m2) else min(abs(m1.low - m2.high), abs(m1.high - m2.low))
    least = 0.0 if s1.meets(s2) else min(abs(s1.low - s2.high), abs(s1.high - s2.low))
    most = s1.high + s2.high
    return Interval(
        two_sided_t(far, least / sqrt(n), n - 1),
        two_sided_t(near, most / sqrt(n), n - 1),
    )
