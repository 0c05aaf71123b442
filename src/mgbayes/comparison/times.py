r"""Methods for times to an event, on many simulated studies at once.

Studies are rows, patients columns in the order of their times. Log-rank tests, Cox's model, restricted means and
the Kaplan-Meier estimate at a horizon are those of mgbayes.frequentist, and so are the tests of counts: whether the
event was seen at all. Weibull regression has hazards e^(θ_arm) k t^(k-1); with D events and S(k) = Σ tᵏ of an arm,
e^θ = D / S, which leaves the shape k alone to be found; var(θ₁ - θ₀) = 1 / D₁ + 1 / D₀ + (S₁' / S₁ - S₀' / S₀)²
var(k).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from mgbayes.comparison.answers import Answers, Method, wald
from mgbayes.comparison.exact import p_values
from mgbayes.comparison.tables import Floats, Tables
from mgbayes.frequentist import cox
from mgbayes.frequentist import kaplan_meier as curves
from mgbayes.frequentist import log_rank as tests
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import FollowUp

_STEPS = 40


@dataclass(frozen=True, eq=False)
class Studies:
    """Times, events (1 or 0) and arms (1 the contrast), (study, patient), ordered by time; a horizon for all."""

    time: Floats
    event: Floats
    contrast: Floats
    horizon: float

    @classmethod
    def of(cls, time: Floats, event: Floats, m: int, horizon: float) -> Studies:
        """From patients of whom the first m are of the reference arm."""
        order = np.argsort(time, axis=1, kind="stable")
        arm = np.broadcast_to((np.arange(time.shape[1]) >= m).astype(float), time.shape)
        ordered = [np.take_along_axis(x, order, 1) for x in (time, event.astype(float), arm)]
        return cls(ordered[0], ordered[1], ordered[2], horizon)

    def __len__(self) -> int:
        """How many studies."""
        return len(self.time)

    def rows(self, rows: Any) -> Studies:
        """Some of the studies."""
        return Studies(self.time[rows], self.event[rows], self.contrast[rows], self.horizon)

    @property
    def patients(self) -> tuple[int, int]:
        """Of the reference and the contrast arm."""
        n = int(self.contrast[0].sum())
        return self.contrast.shape[1] - n, n

    @cached_property
    def follow_up(self) -> FollowUp:
        """As the tests take them."""
        return FollowUp(self.time, self.event > 0, self.contrast > 0)

    @cached_property
    def arms(self) -> tuple[Floats, Floats]:
        """Who is of the reference and of the contrast arm, (study, patient)."""
        return 1 - self.contrast, self.contrast

    @cached_property
    def log_time(self) -> Floats:
        """(study, patient)."""
        return np.log(self.time)

    @cached_property
    def log_event_times(self) -> Floats:
        """Sum of the log times of events, (study,)."""
        return (self.event * self.log_time).sum(1)

    @cached_property
    def events(self) -> tuple[Floats, Floats]:
        """Events of the reference and the contrast arm, (study,)."""
        return (self.event * (1 - self.contrast)).sum(1), (self.event * self.contrast).sum(1)


def _tested(test: Callable[[FollowUp], Result]) -> Callable[[Studies], Answers]:
    return lambda studies: Answers.of(test(studies.follow_up))


log_rank = _tested(tests.log_rank)
gehan = _tested(tests.gehan)
log_rank_permutation = _tested(tests.log_rank_rearranged)
cox_wald = _tested(cox.cox_wald)
cox_likelihood_ratio = _tested(cox.cox)
cox_firth = _tested(cox.cox_firth)


def weibull(studies: Studies) -> Answers:
    """Weibull regression, Wald's test and interval of the log hazard ratio; needs an event in each arm."""
    log_time = np.log(studies.time / studies.time[:, -1:])
    arms = (1 - studies.contrast, studies.contrast)
    d = studies.events
    known = (d[0] > 0) & (d[1] > 0)
    total, logs = d[0] + d[1], (studies.event * log_time).sum(1)
    log_shape = np.zeros(len(known))
    for _ in range(_STEPS):
        shape = np.exp(log_shape)
        sums = [_power_sums(log_time, arm, shape) for arm in arms]
        slope = total / shape + logs - sum(n * s[1] for n, s in zip(d, sums, strict=True))
        curvature = total / shape**2 + sum(n * s[2] for n, s in zip(d, sums, strict=True))
        # Newton in log k.
        step = shape * slope / np.maximum(curvature * shape**2 - shape * slope, 1e-9)
        log_shape = np.clip(log_shape + np.clip(step, -1.0, 1.0), -5.0, 5.0)
    shape = np.exp(log_shape)
    one, other = (_power_sums(log_time, arm, shape) for arm in arms)
    variance_of_shape = 1 / (total / shape**2 + d[0] * one[2] + d[1] * other[2])
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(d[1] / d[0]) - (other[0] - one[0])
        variance = 1 / d[0] + 1 / d[1] + (other[1] - one[1]) ** 2 * variance_of_shape
    return wald(np.where(known, estimate, np.nan), np.sqrt(variance))


def _power_sums(log_time: Floats, arm: Floats, shape: Floats) -> tuple[Floats, Floats, Floats]:
    """log S, S' / S and the variance S'' / S - (S' / S)² of an arm, S(k) = Σ tᵏ."""
    weight = arm * np.exp(shape[:, None] * log_time)
    total = weight.sum(1)
    first = (weight * log_time).sum(1) / total
    return np.log(total), first, (weight * log_time**2).sum(1) / total - first**2


def restricted_mean(studies: Studies) -> Answers:
    """The mean time free of the event up to the horizon."""
    return Answers.of(curves.restricted_mean(studies.follow_up, studies.horizon))


def survival(studies: Studies) -> Answers:
    """The share free of the event at the horizon."""
    return Answers.of(curves.survival(studies.follow_up, studies.horizon))


def seen_at_all(test: str) -> Callable[[Studies], Answers]:
    """Whether the event was seen, by a test of counts; follow-up is taken as alike."""

    def answers(studies: Studies) -> Answers:
        m, n = studies.patients
        one, other = (events.astype(int) for events in studies.events)
        place = one * (n + 1) + other
        return Answers(_counts(m, n)[test][place], np.sign(other * m - one * n).astype(float))

    return answers


@cache
def _counts(m: int, n: int) -> dict[str, Floats]:
    return p_values(Tables(m, n))


METHODS: dict[str, Method] = {
    "log_rank": Method("Log-rank", log_rank),
    "log_rank_permutation": Method("Log-rank (permutation)", log_rank_permutation),
    "gehan": Method("Gehan-Wilcoxon", gehan),
    "cox_wald": Method("Cox (Wald)", cox_wald, estimates_effect=True),
    "cox_likelihood_ratio": Method("Cox (likelihood ratio)", cox_likelihood_ratio),
    "cox_firth": Method("Cox (Firth)", cox_firth),
    "weibull": Method("Weibull regression (Wald)", weibull, estimates_effect=True),
    "restricted_mean": Method("Restricted mean difference", restricted_mean),
    "survival": Method("Kaplan-Meier at the horizon", survival),
    "fisher": Method("Event seen at all (Fisher)", seen_at_all("fisher")),
    "barnard": Method("Event seen at all (Barnard)", seen_at_all("barnard")),
}
"""By id; a method of one's own is a row."""
