r"""What the published numbers lose: the Bayesian answer from the patients, and from what a paper prints of them.

Truths are drawn from the priors of the model and studies from the truths, so that intervals should cover at their
level, and probabilities of benefit be right as often as they say, whatever the evidence: it is only less. Of each
study the same model is fitted to

- its patients;
- a digitized Kaplan-Meier curve: levels to three decimals, numbers at risk at each median, totals of events;
  patients from mgbayes.reconstruction, five data sets whose posteriors are pooled;
- events, mean and SD of their times, and follow-up; the same with the printed log-rank p; events and follow-up alone;
- the log-rank p and the events alone: log hazard ratio z / √V with variance 1 / V, V = d₀ d₁ / (d₀ + d₁);

and of a measured outcome to its patients; to medians and quartiles; to means and SDs; to these with the printed
Mann-Whitney p; and, as is usual, to means and SDs as if it were normal.

Sources: mgbayes.comparison.published; Parmar, Torri and Stewart (1998), Stat Med 17:2815.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.comparison import times, values
from mgbayes.comparison.answers import Answers
from mgbayes.comparison.bayesian import under
from mgbayes.comparison.bayesian_times import WEIBULL
from mgbayes.comparison.blocks import Block, Work
from mgbayes.comparison.importance import Draws, Model, posterior
from mgbayes.comparison.published import LOGNORMAL, Moments, Published, fit, printed
from mgbayes.comparison.published_quartiles import model_of
from mgbayes.comparison.tables import LEVEL, Floats
from mgbayes.errors import InputError
from mgbayes.models.priors import Prior
from mgbayes.reconstruction.digitized import DigitizedCurve, Series
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.kaplan_meier import kaplan_meier

REPETITIONS = 500
BLOCK = 20
FOLLOWED = (1.0, 3.0)
USUAL = Prior("normal", (0.0, 1.0), "log hazard ratio")
_DECIMALS = 3
_MEMBERS = 5
_SEED = 77
_LEAST_SD = 0.0005
CONCLUDES = 0.975


@dataclass(frozen=True)
class Study:
    """One simulated study, of which only what a row reads is known to it."""

    patients: Any
    truth: float
    arms: tuple[Moments, Moments]
    p: float
    seed: int

    def published(self, *, with_p: bool) -> Published:
        """Means, SDs and counts, and the p value."""
        followed = FOLLOWED if isinstance(self.patients, times.Studies) else None
        return Published(self.arms, printed(self.p) if with_p and np.isfinite(self.p) else None, followed)


def draw_times(rng: Generator, m: int, n: int, seed: int) -> Study:
    """Weibull times under the priors of the model, the log hazard ratio's the usual one."""
    level, log_shape = rng.normal(WEIBULL.means[:2], WEIBULL.sds[:2])
    effect = USUAL.values[1] * float(rng.standard_normal())
    arm = np.arange(m + n) >= m
    due = rng.exponential(size=m + n) / np.exp(level + (arm - 0.5) * effect)
    time, left = due ** np.exp(-log_shape), rng.uniform(*FOLLOWED, m + n)
    seen = time <= left
    studies = times.Studies.of(np.minimum(time, left)[None], seen[None], m, 1.0)
    arms = tuple(_printed(time[seen & (arm == a)], int((~seen & (arm == a)).sum())) for a in (False, True))
    return Study(studies, effect, (arms[0], arms[1]), float(times.log_rank(studies).p[0]), seed)


def draw_values(rng: Generator, m: int, n: int, seed: int) -> Study:
    """Log-normal outcomes under the priors of the model."""
    level, log_sd, effect = rng.normal(LOGNORMAL.means, LOGNORMAL.sds)
    arm = np.arange(m + n) >= m
    value = np.exp(level + (arm - 0.5) * effect + np.exp(log_sd) * rng.standard_normal(m + n))
    studies = values.Studies(np.zeros((1, m + n)), value[None], m)
    arms = tuple(_printed(value[arm == a]) for a in (False, True))
    return Study(studies, effect, (arms[0], arms[1]), float(values.mann_whitney(studies).p[0]), seed)


def _printed(sample: Floats, others: int = 0) -> Moments:
    if len(sample) == 0:
        return Moments(0, 1.0, 1.0, others)
    sd = float(np.round(sample.std(ddof=1), _DECIMALS)) if len(sample) > 1 else 1.0
    mean = max(float(np.round(sample.mean(), _DECIMALS)), _LEAST_SD)
    return Moments(len(sample), mean, max(sd, _LEAST_SD), others)


# ---------------------------------------------------------------- the same study on other evidence


def on_patients(model: Model, study: Study) -> Answers:
    """Everything."""
    return under(model, USUAL if model is WEIBULL else model.effect_prior, None, study.patients)


def on_published(model: Model, with_p: bool, study: Study) -> Answers | None:
    """Means, SDs and counts, with or without the p value."""
    found = fit(study.published(with_p=with_p), np.random.default_rng([_SEED, study.seed]))
    return None if found is None else _usual(found.draws, model)


def on_quartiles(study: Study) -> Answers | None:
    """Medians and quartiles."""
    arms = [arm[0] for arm in study.patients.arms]
    model = model_of([(len(arm), np.round(np.quantile(arm, (0.25, 0.5, 0.75)), _DECIMALS)) for arm in arms])
    return None if model is None else under(model, model.effect_prior, None, study.patients)


def on_curve(study: Study) -> Answers | None:
    """A digitized Kaplan-Meier curve of each arm."""
    it = study.patients
    members = [arm[0] == 1 for arm in it.arms]
    curves = [
        _digitized(it.time[0][own], it.event[0][own], name) for own, name in zip(members, "01", strict=True)
    ]
    try:
        data = reconstruct(curves, members=_MEMBERS, seed=study.seed).data
    except InputError:
        return None
    studies = times.Studies.of(
        data["time"].to_numpy(), data["event"].to_numpy(), int(members[0].sum()), it.horizon
    )
    found = posterior(studies, WEIBULL).under(USUAL, WEIBULL.effect_prior)
    order = np.argsort(found.effect, axis=None)[None]
    log_weight = np.log(np.maximum(found.weight, 1e-300))
    return Draws(found.effect.ravel()[order], log_weight.ravel()[order]).answers()


def _digitized(time: Floats, event: Floats, name: str) -> DigitizedCurve:
    steps = kaplan_meier(time, event)
    level = np.concatenate([[1.0], steps.survival])
    at = np.concatenate([np.repeat(steps.times, 2), [time.max()]])
    shown = np.round(np.concatenate([np.stack([level[:-1], level[1:]], 1).ravel(), level[-1:]]), 3)
    grid = np.arange(0.0, time.max(), 1.0)
    left = Series(grid, (time[None] >= grid[:, None]).sum(1))
    return DigitizedCurve(name, Series(at, shown), len(time), int(event.sum()), left)


def on_counts(study: Study) -> Answers:
    """Events and follow-up: d ~ Binomial(n, E[1 - S(F)])."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    followed = FOLLOWED[0] + (nodes + 1) / 2 * (FOLLOWED[1] - FOLLOWED[0])

    def log_likelihood(_: Any, theta: Floats) -> Floats:
        level, log_shape, effect = np.moveaxis(theta, -1, 0)
        value = np.zeros_like(level)
        for a, arm in enumerate(study.arms):
            hazard = np.exp(
                (level + (a - 0.5) * effect)[..., None] + np.exp(log_shape)[..., None] * np.log(followed)
            )
            free = np.clip(np.exp(-hazard) @ weights / 2, 1e-12, 1 - 1e-12)
            value = value + arm.n * np.log1p(-free) + arm.others * np.log(free)
        return value

    model = Model(log_likelihood, WEIBULL.means, (*WEIBULL.sds[:2], USUAL.values[1]))
    return posterior(study.patients, model).answers()


def on_p(study: Study) -> Answers | None:
    """The log-rank p, its side and the events: a normal likelihood of the log hazard ratio and its usual prior."""
    from scipy.special import ndtr, ndtri

    d = [arm.n for arm in study.arms]
    if not min(d) or not np.isfinite(study.p):
        return None
    low, high = printed(study.p)
    variance = sum(d) / (d[0] * d[1])
    side = float(times.log_rank(study.patients).side[0])
    seen = -side * float(ndtri(min((low + high) / 2, 1.0) / 2)) * np.sqrt(variance)
    precision = 1 / variance + 1 / USUAL.values[1] ** 2
    mean, sd = seen / variance / precision, precision**-0.5
    above = float(ndtr(mean / sd))
    away = float(ndtri((1 + LEVEL) / 2)) * sd
    found = (2 * min(above, 1 - above), np.sign(mean), mean, mean - away, mean + away)
    return Answers(*(np.array([value]) for value in found))


def on_normal(study: Study) -> Answers:
    """Means and SDs as if outcomes were normal, flat priors; of the difference, which has no scale in common."""
    samples = []
    for arm in study.arms:
        even = np.arange(arm.n) - (arm.n - 1) / 2
        samples.append(arm.mean + arm.sd * even / even.std(ddof=1))
    value = np.concatenate(samples)[None]
    found = values.bayesian_normal(values.Studies(np.zeros_like(value), value, study.arms[0].n))
    return Answers(found.p, found.side)


def _usual(draws: Draws, model: Model) -> Answers:
    return (draws.under(USUAL, model.effect_prior) if model is WEIBULL else draws).answers()


@dataclass(frozen=True)
class Evidence:
    """What is read of a study, in words, and the answer from it; None or NaN where there is none."""

    label: str
    answer: Callable[[Study], Answers | None]
    same_effect: bool = True


PATIENTS = "patients"
TIMES: Mapping[str, Evidence] = {
    PATIENTS: Evidence("Patients", partial(on_patients, WEIBULL)),
    "curve": Evidence("Digitized Kaplan-Meier curve", on_curve),
    "moments_p": Evidence(
        "Events, mean and SD of their times, log-rank p", partial(on_published, WEIBULL, True)
    ),
    "moments": Evidence("Events, mean and SD of their times", partial(on_published, WEIBULL, False)),
    "counts": Evidence("Events alone", on_counts),
    "p": Evidence("Log-rank p and events", on_p),
}
VALUES: Mapping[str, Evidence] = {
    PATIENTS: Evidence("Patients", partial(on_patients, LOGNORMAL)),
    "moments_p": Evidence("Mean and SD, Mann-Whitney p", partial(on_published, LOGNORMAL, True)),
    "moments": Evidence("Mean and SD", partial(on_published, LOGNORMAL, False)),
    "quartiles": Evidence("Median and quartiles", on_quartiles),
    "normal": Evidence("Mean and SD, as if normal", on_normal, same_effect=False),
}
DRAWN: Mapping[str, tuple[Callable[..., Study], Mapping[str, Evidence]]] = {
    "times": (draw_times, TIMES),
    "values": (draw_values, VALUES),
}


@dataclass(frozen=True)
class Measure:
    """A figure and its Monte Carlo error."""

    value: float
    error: float

    @classmethod
    def mean(cls, sample: Floats) -> Measure:
        """Of independent values; NaN of fewer than two."""
        if len(sample) < 2:
            return cls(np.nan, np.nan)
        return cls(float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample))))


@dataclass(frozen=True)
class Loss:
    """Of one kind of evidence over all studies; shares from 0 to 1, width over that from patients."""

    evidence: str
    label: str
    studies: int
    no_answer: float
    distance: Measure
    other_verdict: Measure
    width: Measure
    coverage: Measure
    stated: Measure
    true: Measure


def losses(kind: str, m: int, n: int, *, repetitions: int, work: Work) -> tuple[Loss, ...]:
    """Every kind of evidence on ``repetitions`` studies of m and n patients."""
    sizes = [min(BLOCK, repetitions - start) for start in range(0, repetitions, BLOCK)]
    blocks = [
        Block(partial(_block, kind, m, n, b, size), ["lost", kind, m, n, b, size])
        for b, size in enumerate(sizes)
    ]
    found = work.each(blocks, f"published numbers, {kind}")
    truth = np.concatenate([block["truth"] for block in found])
    rows = {name: np.concatenate([block[name] for block in found]) for name in DRAWN[kind][1]}
    return tuple(
        _loss(name, evidence, rows[name], rows[PATIENTS], truth) for name, evidence in DRAWN[kind][1].items()
    )


def _block(kind: str, m: int, n: int, block: int, size: int) -> dict[str, list[Any]]:
    """Truths, and of each kind of evidence P(effect > 0) and the limits of each study."""
    draw, evidences = DRAWN[kind]
    rng = np.random.default_rng([_SEED, block])
    studies = [draw(rng, m, n, block * BLOCK + i) for i in range(size)]
    answers = {name: [_row(it.answer(study)) for study in studies] for name, it in evidences.items()}
    return {"truth": [study.truth for study in studies]} | answers


def _row(answers: Answers | None) -> list[float]:
    if answers is None:
        return [np.nan] * 3
    above = np.where(answers.side > 0, 1 - answers.p / 2, answers.p / 2)
    limits = (np.full(1, np.nan) if limit is None else limit for limit in (answers.low, answers.high))
    return [float(value[0]) for value in (above, *limits)]


def _loss(name: str, evidence: Evidence, row: Floats, patients: Floats, truth: Floats) -> Loss:
    """Where both the evidence and the patients give an answer."""
    known = np.isfinite(row[:, 0]) & np.isfinite(patients[:, 0])
    (above, low, high), (all_above, all_low, all_high), true = row[known].T, patients[known].T, truth[known]
    verdicts = [(p >= CONCLUDES).astype(int) - (p <= 1 - CONCLUDES) for p in (above, all_above)]
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.log((high - low) / (all_high - all_low))
    spread = Measure.mean(width[np.isfinite(width)])
    measured = evidence.same_effect
    covered = ((low <= true) & (true <= high)).astype(float)
    return Loss(
        name,
        evidence.label,
        len(row),
        float(1 - np.isfinite(row[:, 0]).mean()),
        Measure.mean(np.abs(above - all_above)),
        Measure.mean((verdicts[0] != verdicts[1]).astype(float)),
        Measure(float(np.exp(spread.value)), float(np.exp(spread.value) * spread.error)),
        Measure.mean(covered) if measured else Measure(np.nan, np.nan),
        Measure.mean(np.maximum(above, 1 - above)),
        Measure.mean(((above > 0.5) == (true > 0)).astype(float)),
    )
