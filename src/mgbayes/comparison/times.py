r"""Methods for times to an event, on many simulated studies at once.

Studies are rows, patients columns in the order of their times, which have no ties but among the censored. With n_i
patients at risk at the i-th time, n₁ᵢ of them of the contrast arm, δ_i its event and x_i its arm:

- weighted log-rank tests: Σ w δ (x - n₁ / n), variance Σ w² δ n₁ n₀ / n²; w = 1, or n (Gehan); by permutation of the
  arms over the scores δ - Λ, Λ the Nelson-Aalen estimate of both arms;
- Cox: U(β) = Σ δ (x - p), I(β) = Σ δ p (1 - p), p = n₁ e^β / (n₀ + n₁ e^β); Wald and likelihood ratio tests; Firth's
  adds ½ log I(β) to the log likelihood. Where all events of one arm come before those of the other, or an arm has
  none, β is infinite and Wald's test gives no answer;
- Weibull: hazards e^(θ_arm) k t^(k-1); with D events and S(k) = Σ tᵏ of an arm, e^θ = D / S, which leaves the shape
  k alone to be found; var(θ₁ - θ₀) = 1 / D₁ + 1 / D₀ + (S₁' / S₁ - S₀' / S₀)² var(k);
- the restricted mean and the Kaplan-Meier estimate at a horizon, by arm, with Greenwood's variance;
- whether the event was seen at all, by Fisher's and Barnard's tests.

Sources: Mantel (1966); Gehan (1965), Biometrika 52:203; Cox (1972), JRSS B 34:187; Heinze and Schemper (2001),
Biometrics 57:114; Royston and Parmar (2013), BMC Med Res Methodol 13:152.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from mgbayes.comparison.answers import PERMUTATIONS, Answers, Method, chi_square, rearranged_arms, wald
from mgbayes.comparison.exact import p_values
from mgbayes.comparison.tables import Floats, Tables

_FARTHEST = 12.0
_STEPS = 40


@dataclass(frozen=True)
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

    def parts(self, size: int) -> Iterator[Studies]:
        """So many studies at a time."""
        for start in range(0, len(self.time), size):
            rows = slice(start, start + size)
            yield Studies(self.time[rows], self.event[rows], self.contrast[rows], self.horizon)

    @property
    def patients(self) -> tuple[int, int]:
        """Of the reference and the contrast arm."""
        n = int(self.contrast[0].sum())
        return self.contrast.shape[1] - n, n

    @cached_property
    def at_risk(self) -> Floats:
        """All patients at risk at each time, (patient,)."""
        return np.arange(self.time.shape[1], 0, -1).astype(float)

    @cached_property
    def of_contrast(self) -> Floats:
        """Patients of the contrast arm at risk at each time."""
        return np.cumsum(self.contrast[:, ::-1], axis=1)[:, ::-1]

    @cached_property
    def events(self) -> tuple[Floats, Floats]:
        """Events of the reference and the contrast arm, (study,)."""
        return (self.event * (1 - self.contrast)).sum(1), (self.event * self.contrast).sum(1)


def log_rank(studies: Studies) -> Answers:
    """Mantel's test."""
    return _weighted(studies, np.ones_like(studies.at_risk))


def gehan(studies: Studies) -> Answers:
    """Gehan's generalized Wilcoxon test: each time counts by the patients at risk."""
    return _weighted(studies, studies.at_risk)


def _weighted(studies: Studies, weight: Floats) -> Answers:
    share = studies.of_contrast / studies.at_risk
    excess = (weight * studies.event * (studies.contrast - share)).sum(1)
    variance = (weight**2 * studies.event * share * (1 - share)).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return chi_square(np.where(variance > 0, excess**2 / variance, np.nan), excess)


def log_rank_permutation(studies: Studies) -> Answers:
    """The sum of the contrast arm's scores, over 999 rearrangements of the arms; the seen one counts among them."""
    scores = studies.event - np.cumsum(studies.event / studies.at_risk, axis=1)
    total = (scores * studies.contrast).sum(1)
    m, n = studies.patients
    arms = rearranged_arms(m, n).astype(float)
    extreme = (np.abs(scores @ arms.T) >= np.abs(total)[:, None] - 1e-9).sum(1)
    known = studies.event.sum(1) > 0
    return Answers(np.where(known, (1 + extreme) / (1 + PERMUTATIONS), np.nan), np.sign(total))


@dataclass(frozen=True)
class _Cox:
    """The partial likelihood of β, with Firth's penalty or without."""

    studies: Studies
    penalized: bool = False

    def terms(self, beta: Floats) -> tuple[Floats, Floats, Floats]:
        """Log likelihood, its slope, and its curvature with the sign turned, (study,)."""
        it = self.studies
        odds = it.of_contrast * np.exp(beta)[:, None]
        both = it.at_risk - it.of_contrast + odds
        p = odds / both
        q = it.event * p * (1 - p)
        value = (it.event * (it.contrast * beta[:, None] - np.log(both))).sum(1)
        slope, information = (it.event * (it.contrast - p)).sum(1), q.sum(1)
        if not self.penalized:
            return value, slope, information
        with np.errstate(divide="ignore", invalid="ignore"):
            first = (q * (1 - 2 * p)).sum(1) / information
            second = (q * (1 - 6 * p + 6 * p**2)).sum(1) / information
            value = value + np.log(information) / 2
        return value, slope + first / 2, information - (second - first**2) / 2

    def fit(self) -> Floats:
        """The β at the top; beyond ±_FARTHEST it is infinite."""
        beta = np.zeros(len(self.studies.time))
        for _ in range(_STEPS):
            _, slope, curvature = self.terms(beta)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = np.where(curvature > 1e-10, slope / curvature, np.sign(slope))
            beta = np.clip(beta + np.clip(step, -1.0, 1.0), -_FARTHEST, _FARTHEST)
        return beta


def cox_wald(studies: Studies) -> Answers:
    """Cox's model, Wald's test and interval of the log hazard ratio."""
    model = _Cox(studies)
    beta = model.fit()
    _, _, information = model.terms(beta)
    with np.errstate(divide="ignore"):
        return wald(np.where(np.abs(beta) < _FARTHEST - 1, beta, np.nan), 1 / np.sqrt(information))


def cox_likelihood_ratio(studies: Studies) -> Answers:
    """Cox's model, likelihood ratio test."""
    return _likelihood_ratio(_Cox(studies))


def cox_firth(studies: Studies) -> Answers:
    """Cox's model with Firth's penalty, penalized likelihood ratio test."""
    return _likelihood_ratio(_Cox(studies, penalized=True))


def _likelihood_ratio(model: _Cox) -> Answers:
    beta = model.fit()
    known = model.studies.event.sum(1) > 0
    gain = 2 * (model.terms(beta)[0] - model.terms(np.zeros_like(beta))[0])
    found = chi_square(np.where(known, gain, np.nan), beta)
    return Answers(found.p, found.side, np.where(known, beta, np.nan))


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
    """The mean time free of the event up to the horizon; positive where the contrast arm's is shorter."""
    one, other = (_kaplan_meier(studies, arm) for arm in (0, 1))
    return wald(one.mean - other.mean, np.sqrt(one.mean_variance + other.mean_variance))


def survival(studies: Studies) -> Answers:
    """The share free of the event at the horizon; positive where the contrast arm's is smaller."""
    one, other = (_kaplan_meier(studies, arm) for arm in (0, 1))
    return wald(one.survival - other.survival, np.sqrt(one.survival_variance + other.survival_variance))


@dataclass(frozen=True)
class _Curve:
    survival: Floats
    survival_variance: Floats
    mean: Floats
    mean_variance: Floats


def _kaplan_meier(studies: Studies, arm: int) -> _Curve:
    """Of one arm, up to the horizon, (study,)."""
    at_risk = studies.of_contrast if arm else studies.at_risk - studies.of_contrast
    mine = studies.contrast if arm else 1 - studies.contrast
    time = np.minimum(studies.time, studies.horizon)
    died = studies.event * mine * (studies.time <= studies.horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(died > 0, 1 - died / at_risk, 1.0)
        greenwood = np.where(died > 0, died / (at_risk * (at_risk - died)), 0.0)
    after = np.cumprod(left, axis=1)
    until = np.concatenate([np.diff(time, axis=1), studies.horizon - time[:, -1:]], axis=1)
    # The area under the curve from each time to the horizon.
    area = np.cumsum((after * until)[:, ::-1], axis=1)[:, ::-1]
    terms = np.where(area > 0, area**2 * np.where(np.isfinite(greenwood), greenwood, 0.0), 0.0)
    spread = np.where(np.isfinite(greenwood), greenwood, 0.0).sum(1)
    variance = after[:, -1] ** 2 * spread  # nobody left: no variance
    return _Curve(after[:, -1], variance, time[:, 0] + area[:, 0], terms.sum(1))


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
