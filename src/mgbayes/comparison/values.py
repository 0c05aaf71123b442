r"""Methods for a measured outcome with a baseline, on many simulated studies at once.

Studies are rows, patients columns, the reference arm first. Differences are of the contrast arm less the reference
arm:

- Student's and Welch's t; of log(1 + y), for outcomes that are never negative; of the change from baseline;
- Mann-Whitney: exact without ties, else normal with the variance corrected for ties and for continuity; Brunner and
  Munzel's test with t quantiles; the difference of means over 999 rearrangements of the arms;
- analysis of covariance: y = a + b arm + c baseline + error by least squares, t with m + n - 3 degrees of freedom;
- Bayesian: normal outcomes with an SD for each arm under flat priors, for which the difference of means is one of two
  t distributed values (Behrens and Fisher), its P(> 0) by quadrature; 2 min(P, 1 - P) stands for p.

Sources: Student (1908); Welch (1947); Mann and Whitney (1947); Brunner and Munzel (2000), Biometrical J 42:17; Fisher
(1935), Annals of Eugenics 6:391.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mgbayes.comparison.answers import PERMUTATIONS, Answers, Method, rearranged_arms
from mgbayes.comparison.tables import LEVEL, Floats

_NODES = 100
_STEPS = 4


@dataclass(frozen=True)
class Studies:
    """Outcomes at baseline and at the end, (study, patient), of which the first m are of the reference arm."""

    baseline: Floats
    value: Floats
    m: int

    @property
    def n(self) -> int:
        """Patients of the contrast arm."""
        return self.value.shape[1] - self.m

    def of(self, value: Floats) -> Studies:
        """The same patients with another outcome."""
        return Studies(self.baseline, value, self.m)

    @cached_property
    def means(self) -> tuple[Floats, Floats]:
        """Of the reference and the contrast arm, (study,)."""
        return self.value[:, : self.m].mean(1), self.value[:, self.m :].mean(1)

    @cached_property
    def variances(self) -> tuple[Floats, Floats]:
        """Of the reference and the contrast arm."""
        return self.value[:, : self.m].var(1, ddof=1), self.value[:, self.m :].var(1, ddof=1)

    @cached_property
    def ranks(self) -> Floats:
        """Among all patients, ties sharing their mean rank."""
        from scipy.stats import rankdata

        return rankdata(self.value, axis=1)


def student(studies: Studies) -> Answers:
    """Student's t test, one variance for both arms."""
    m, n = studies.m, studies.n
    one, other = studies.variances
    pooled = ((m - 1) * one + (n - 1) * other) / (m + n - 2)
    return _t(_difference(studies), pooled * (1 / m + 1 / n), np.full(len(pooled), m + n - 2.0))


def welch(studies: Studies) -> Answers:
    """Welch's t test."""
    a, b = studies.variances[0] / studies.m, studies.variances[1] / studies.n
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (a + b) ** 2 / (a**2 / (studies.m - 1) + b**2 / (studies.n - 1))
    return _t(_difference(studies), a + b, df)


def log_t(studies: Studies) -> Answers:
    """Welch's t test of log(1 + y); none where a value is below zero."""
    possible = (studies.value >= 0).all(1)
    found = welch(studies.of(np.log1p(np.maximum(studies.value, 0.0))))
    return Answers(np.where(possible, found.p, np.nan), found.side)


def change(studies: Studies) -> Answers:
    """Welch's t test of the change from baseline."""
    return welch(studies.of(studies.value - studies.baseline))


def covariance(studies: Studies) -> Answers:
    """Analysis of covariance with the baseline."""
    m, n = studies.m, studies.n
    arm = (np.arange(m + n) >= m).astype(float)
    within = [studies.baseline - _by_arm(studies.baseline, m), studies.value - _by_arm(studies.value, m)]
    xx, xy, yy = ((a * b).sum(1) for a, b in ((within[0], within[0]), within, (within[1], within[1])))
    slope = np.divide(xy, xx, out=np.zeros_like(xy), where=xx > 0)
    gap = studies.baseline @ (arm / n - (1 - arm) / m)
    estimate = _difference(studies) - slope * gap
    residual = (yy - slope * xy) / (m + n - 3)
    variance = residual * (1 / m + 1 / n + np.divide(gap**2, xx, out=np.zeros_like(xx), where=xx > 0))
    return _t(estimate, variance, np.full(len(xx), m + n - 3.0))


def _by_arm(values: Floats, m: int) -> Floats:
    """Each patient's arm's mean."""
    means = np.repeat(values[:, :m].mean(1, keepdims=True), m, 1)
    others = np.repeat(values[:, m:].mean(1, keepdims=True), values.shape[1] - m, 1)
    return np.concatenate([means, others], axis=1)


def mann_whitney(studies: Studies) -> Answers:
    """Exact where no two values are alike, else normal with continuity correction."""
    from scipy.special import ndtr

    m, n = studies.m, studies.n
    total = m + n
    above = studies.ranks[:, m:].sum(1) - n * (n + 1) / 2
    ordered = np.sort(studies.value, axis=1)
    tied = (np.diff(ordered, axis=1) == 0).any(1)
    # Σ (t³ - t) over groups of t alike, from the spread of the ranks.
    spread = ((studies.ranks - (total + 1) / 2) ** 2).sum(1)
    variance = m * n * spread / (total * (total - 1))
    away = np.abs(above - m * n / 2) - 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        normal = np.where(variance > 0, np.minimum(1.0, 2 * ndtr(-away / np.sqrt(variance))), np.nan)
    exact = _rank_sum_p(m, n)[np.rint(np.where(tied, 0, above)).astype(int)]
    return Answers(np.where(tied, normal, exact), np.sign(above - m * n / 2))


def _rank_sum_p(m: int, n: int) -> Floats:
    """Two-sided p of each U = 0, ..., mn, without ties: counts of U by recursion over the patients."""
    ways = np.zeros((n + 1, m * n + 1))
    ways[0, 0] = 1
    for i in range(1, m + n + 1):
        for j in range(min(i, n), 0, -1):
            # The i-th smallest is the j-th of the contrast arm: i - j of the reference arm lie below it.
            if i - j <= m:
                ways[j, i - j :] += ways[j - 1, : m * n + 1 - (i - j)]
    law = ways[n] / ways[n].sum()
    return np.minimum(1.0, 2 * np.minimum(np.cumsum(law), np.cumsum(law[::-1])[::-1]))


def brunner_munzel(studies: Studies) -> Answers:
    """Of the chance that a patient of one arm has the higher value; none where the arms do not overlap."""
    from scipy.special import stdtr
    from scipy.stats import rankdata

    m, n = studies.m, studies.n
    own = [rankdata(studies.value[:, part], axis=1) for part in (slice(None, m), slice(m, None))]
    parts = [studies.ranks[:, :m], studies.ranks[:, m:]]
    means = [part.mean(1) for part in parts]
    spreads = [
        ((part - mine - mean[:, None] + (size + 1) / 2) ** 2).sum(1) / (size - 1)
        for part, mine, mean, size in zip(parts, own, means, (m, n), strict=True)
    ]
    weighted = m * spreads[0] + n * spreads[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = m * n * (means[1] - means[0]) / ((m + n) * np.sqrt(weighted))
        df = weighted**2 / ((m * spreads[0]) ** 2 / (m - 1) + (n * spreads[1]) ** 2 / (n - 1))
    known = weighted > 0
    p = 2 * stdtr(np.where(known, df, 1.0), -np.abs(np.where(known, statistic, 0.0)))
    return Answers(np.where(known, p, np.nan), np.sign(means[1] - means[0]))


def permutation(studies: Studies) -> Answers:
    """The difference of means over 999 rearrangements of the arms; the seen one counts among them."""
    m, n = studies.m, studies.n
    weight = np.where(rearranged_arms(m, n), 1 / n, -1 / m)
    seen = _difference(studies)
    # Rearranged differences of as many digits as the seen one.
    extreme = (np.abs(studies.value @ weight.T) >= np.abs(seen)[:, None] - 1e-9).sum(1)
    return Answers((1 + extreme) / (1 + PERMUTATIONS), np.sign(seen))


def bayesian_normal(studies: Studies) -> Answers:
    """Flat priors: P(difference > 0) and its central 95 % interval."""
    from scipy.special import stdtr, stdtrit
    from scipy.stats import t as law

    m, n = studies.m, studies.n
    one, other = np.sqrt(studies.variances[0] / m), np.sqrt(studies.variances[1] / n)
    known = (one > 0) & (other > 0)
    one, other, seen = np.where(known, one, 1.0), np.where(known, other, 1.0), _difference(studies)
    # The reference arm's t by its quantiles, the contrast arm's by its distribution.
    nodes = stdtrit(m - 1.0, (np.arange(_NODES) + 0.5) / _NODES)

    def score(value: Floats) -> Floats:
        return (value[:, None] + one[:, None] * nodes) / other[:, None]

    above = stdtr(n - 1.0, score(seen)).mean(1)
    start = welch(studies)
    limits = []
    for q, limit in (((1 - LEVEL) / 2, start.low), ((1 + LEVEL) / 2, start.high)):
        away = np.where(known, (seen if limit is None else limit) - seen, 0.0)
        for _ in range(_STEPS):
            at = score(away)
            away = away - (stdtr(n - 1.0, at).mean(1) - q) * other / law.pdf(at, n - 1).mean(1)
        limits.append(np.where(known, seen + away, np.nan))
    p = np.where(known, 2 * np.minimum(above, 1 - above), np.nan)
    return Answers(p, np.sign(above - 0.5), np.where(known, seen, np.nan), *limits)


def _difference(studies: Studies) -> Floats:
    return studies.means[1] - studies.means[0]


def _t(estimate: Floats, variance: Floats, df: Floats) -> Answers:
    from scipy.special import stdtr, stdtrit

    known = variance > 0
    error, degrees = np.sqrt(np.where(known, variance, np.nan)), np.where(known, df, 1.0)
    p = 2 * stdtr(degrees, -np.abs(np.where(known, estimate, 0.0)) / np.where(known, error, 1.0))
    away = stdtrit(degrees, (1 + LEVEL) / 2) * error
    value = np.where(known, estimate, np.nan)
    return Answers(np.where(known, p, np.nan), np.sign(estimate), value, value - away, value + away)


METHODS: Mapping[str, Method] = {
    "student": Method("Student's t", student, estimates_effect=True),
    "welch": Method("Welch's t", welch, estimates_effect=True),
    "mann_whitney": Method("Mann-Whitney", mann_whitney),
    "brunner_munzel": Method("Brunner-Munzel", brunner_munzel),
    "permutation": Method("Permutation of means", permutation),
    "log_t": Method("Welch's t of log(1 + y)", log_t),
    "change": Method("Welch's t of the change", change, estimates_effect=True),
    "covariance": Method("Analysis of covariance", covariance, estimates_effect=True),
    "bayesian_normal": Method("Bayesian normal (flat priors)", bayesian_normal, estimates_effect=True),
}
"""By id; a method of one's own is a row."""
