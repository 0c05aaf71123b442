r"""Methods for a measured outcome with a baseline, on many simulated studies at once.

Studies are rows, patients columns, the reference arm first. Differences are of the contrast arm less the reference
arm. Student's, Welch's, Mann and Whitney's, Brunner and Munzel's tests and that by rearrangements of the arms are
those of mgbayes.frequentist; Welch's is also of log(1 + y), for outcomes that are never negative, and of the change
from baseline. Further:

- analysis of covariance: y = a + b arm + c baseline + error by least squares, t with m + n - 3 degrees of freedom;
- Bayesian: normal outcomes with an SD for each arm under flat priors, for which the difference of means is one of two
  t distributed values (Behrens and Fisher), its P(> 0) by quadrature; 2 min(P, 1 - P) stands for p.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.tables import LEVEL, Floats
from mgbayes.frequentist import ranks, t_tests
from mgbayes.frequentist.brunner_munzel import brunner_munzel as brunner_munzel_test
from mgbayes.frequentist.permutation import means_rearranged
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import TwoGroups

_NODES = 100
_STEPS = 4


@dataclass(frozen=True, eq=False)
class Studies:
    """Outcomes at baseline and at the end, (study, patient), of which the first m are of the reference arm."""

    baseline: Floats
    value: Floats
    m: int

    @property
    def n(self) -> int:
        """Patients of the contrast arm."""
        return self.value.shape[1] - self.m

    def __len__(self) -> int:
        """How many studies."""
        return len(self.value)

    def rows(self, rows: Any) -> Studies:
        """Some of the studies."""
        return Studies(self.baseline[rows], self.value[rows], self.m)

    @cached_property
    def arms(self) -> tuple[Floats, Floats]:
        """Outcomes of the reference and of the contrast arm, (study, patient)."""
        return self.value[:, : self.m], self.value[:, self.m :]

    def of(self, value: Floats) -> Studies:
        """The same patients with another outcome."""
        return Studies(self.baseline, value, self.m)

    @cached_property
    def means(self) -> tuple[Floats, Floats]:
        """Of the reference and the contrast arm, (study,)."""
        return self.arms[0].mean(1), self.arms[1].mean(1)

    @cached_property
    def variances(self) -> tuple[Floats, Floats]:
        """Of the reference and the contrast arm."""
        return self.arms[0].var(1, ddof=1), self.arms[1].var(1, ddof=1)

    @property
    def groups(self) -> TwoGroups:
        """As the tests take them."""
        return TwoGroups(self.value[:, : self.m], self.value[:, self.m :])


def _tested(test: Callable[[TwoGroups], Result]) -> Callable[[Studies], Answers]:
    return lambda studies: Answers.of(test(studies.groups))


student = _tested(t_tests.student)
welch = _tested(t_tests.welch)
mann_whitney = _tested(ranks.mann_whitney)
brunner_munzel = _tested(brunner_munzel_test)
permutation = _tested(means_rearranged)


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
    "bayesian_normal": Method(
        "Bayesian normal (flat priors)", bayesian_normal, estimates_effect=True, bayesian=True
    ),
}
"""By id; a method of one's own is a row."""
