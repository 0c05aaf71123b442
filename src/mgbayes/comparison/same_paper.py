r"""The same paper under every method: cohorts that have its printed numbers, and what each method says of them.

Of a time to an event: events, mean and SD of their times in each arm, and follow-up, spread evenly about its mean
with its SD. Of a measured outcome: mean and SD in each arm, at baseline too where these are printed. What the paper
leaves open is drawn from the posterior of mgbayes.comparison.published; baselines have a rank correlation of about
0.5 with the outcome. Times are in medians of the reference arm, were they exponential, and outcomes in means of both
arms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.comparison import published, values
from mgbayes.comparison.bayesian_times import WEIBULL
from mgbayes.comparison.published import Fitted, Moments, Published
from mgbayes.comparison.simulated import METHODS, Truth
from mgbayes.comparison.tables import ALPHA, Floats
from mgbayes.comparison.truths import TimesTruth, ValuesTruth
from mgbayes.models.priors import Prior
from mgbayes.models.time_evidence import printed_followup
from mgbayes.study.numbers import claims_between_arms, find_mean_and_spread
from mgbayes.study.schema import Endpoint, Kind, Study
from mgbayes.study.time_to_event import event_counts

COHORTS = 500
_SEED = 5
_POSTERIOR = 200
_CORRELATION = 0.5
_USUAL = Prior("normal", (0.0, 1.0), "log hazard ratio")


@dataclass(frozen=True)
class Paper:
    """What a paper prints of one outcome, in units of its own; the p values that it prints for the arms."""

    id: str
    label: str
    published: Published
    baseline: tuple[Moments, Moments] | None = None
    p: tuple[str, ...] = ()

    @property
    def kind(self) -> type:
        """Of its scenarios."""
        return ValuesTruth if self.published.followed is None else TimesTruth


@dataclass(frozen=True)
class Verdicts:
    """P of each method on every cohort, (cohort,), and on which side; a posterior for further scenarios."""

    paper: Paper
    p: dict[str, Floats]
    side: dict[str, Floats]
    labels: dict[str, str]
    truth: Truth

    @property
    def cohorts(self) -> int:
        """How many."""
        return len(next(iter(self.p.values())))

    def concludes(self, name: str) -> Floats:
        """1 or -1 where a method concludes, else 0, (cohort,)."""
        p = self.p[name]
        return np.where(np.isfinite(p) & (np.where(np.isfinite(p), p, 1.0) <= ALPHA), self.side[name], 0.0)

    def disagreement(self, names: list[str]) -> tuple[float, float]:
        """Share of cohorts in which two of the methods differ in their verdict: any two, and two taken at random."""
        verdicts = [self.concludes(name) for name in names]
        differ = np.array([one != other for one, other in combinations(verdicts, 2)])
        return float(differ.any(0).mean()), float(differ.mean())


def papers(study: Study) -> Iterator[Paper]:
    """Every outcome of which a study prints enough."""
    for endpoint in study.endpoints:
        if endpoint.role != "outcome":
            continue
        if endpoint.kind is Kind.time_to_event:
            found = _times(study, endpoint)
            if found is not None:
                yield found
        elif endpoint.kind is Kind.continuous:
            yield from _values(study, endpoint)


def verdicts(paper: Paper) -> Verdicts | None:
    """Every method on cohorts that have the printed numbers; None where no such cohorts were found."""
    rng = np.random.default_rng(_SEED)
    fitted = published.fit(paper.published, rng)
    if fitted is None or not np.isfinite(fitted.draws.answers().p[0]):
        return None
    if paper.kind is TimesTruth:
        fitted = replace(fitted, draws=fitted.draws.under(_USUAL, WEIBULL.effect_prior))
    cohorts, _ = fitted.cohorts(rng, COHORTS)
    if paper.baseline is not None:
        cohorts = values.Studies(_baseline(cohorts, paper.baseline, rng), cohorts.value, cohorts.m)
    answers = {
        name: method.answer(cohorts) for name, method in METHODS[paper.kind].items() if _applies(name, paper)
    }
    return Verdicts(
        paper,
        {name: answer.p for name, answer in answers.items()},
        {name: answer.side for name, answer in answers.items()},
        {name: METHODS[paper.kind][name].label for name in answers},
        _truth(paper, fitted, rng),
    )


def _applies(name: str, paper: Paper) -> bool:
    """Methods that need a baseline need one."""
    return paper.kind is TimesTruth or paper.baseline is not None or not name.startswith(_NEED_BASELINE)


_NEED_BASELINE = ("change", "covariance", "bayesian_covariance")


def _times(study: Study, endpoint: Endpoint) -> Paper | None:
    events, followup = event_counts(study, endpoint), printed_followup(study, endpoint)
    if events is None or followup is None or min(events) < 2:
        return None
    arms = (study.reference.id, study.contrast.id)
    rows = [find_mean_and_spread(study, endpoint.id, arm, n=n) for arm, n in zip(arms, events, strict=True)]
    if any(row is None for row in rows):
        return None
    patients = (int(study.reference.n), int(study.contrast.n))
    waiting = float(endpoint.confirmed_after or 0)
    least, most = (followup.mean + sign * np.sqrt(3) * followup.sd for sign in (-1, 1))
    first, last = max(least, followup.minimum) - waiting, most - waiting
    moments = [(row.mean_value, row.sd_value) for row in rows if row is not None]
    exposure = events[0] * moments[0][0] + (patients[0] - events[0]) * (followup.mean - waiting)
    unit = np.log(2) * exposure / events[0]
    if not (first >= 0 and min(sd for _, sd in moments) > 0):
        return None
    one, other = (
        Moments(d, mean / unit, sd / unit, n - d)
        for d, n, (mean, sd) in zip(events, patients, moments, strict=True)
    )
    return Paper(
        endpoint.id,
        endpoint.label,
        Published((one, other), followed=(first / unit, last / unit)),
        p=_printed_p(study, endpoint.id, None),
    )


def _values(study: Study, endpoint: Endpoint) -> Iterator[Paper]:
    visits = list(
        dict.fromkeys(
            row.visit for claim in study.claims for row in claim.summaries if claim.endpoint == endpoint.id
        )
    )
    baseline = None
    for k, visit in enumerate(visits):
        rows = [
            (int(arm.n), find_mean_and_spread(study, endpoint.id, arm.id, visit))
            for arm in (study.reference, study.contrast)
        ]
        found = [
            Moments(n, row.mean_value, row.sd_value) for n, row in rows if row is not None and row.n == n
        ]
        if len(found) < 2 or any(not 0 < arm.sd**2 < arm.n * arm.mean**2 or arm.mean <= 0 for arm in found):
            continue
        total = sum(arm.n * arm.mean for arm in found) / sum(arm.n for arm in found)
        one, other = (Moments(arm.n, arm.mean / total, arm.sd / total) for arm in found)
        if visit is not None and k == 0 and len(visits) > 1:
            baseline = found
            continue
        before = None if baseline is None else (_over(baseline[0], total), _over(baseline[1], total))
        name = endpoint.id if visit is None else f"{endpoint.id}.{visit}"
        yield Paper(
            name,
            _label(study, endpoint, visit),
            Published((one, other)),
            before,
            _printed_p(study, endpoint.id, visit),
        )


def _over(arm: Moments, unit: float) -> Moments:
    return Moments(arm.n, arm.mean / unit, arm.sd / unit)


def _label(study: Study, endpoint: Endpoint, visit: str | None) -> str:
    labels = {row.id: row.label for row in study.visits}
    return endpoint.label if visit is None else f"{endpoint.label}, {labels[visit]}"


def _printed_p(study: Study, endpoint: str, visit: str | None) -> tuple[str, ...]:
    claims = claims_between_arms(study, endpoint, visit)
    return tuple(dict.fromkeys(text for claim in claims for text in claim.p_by_source.values()))


def _baseline(cohorts: values.Studies, arms: tuple[Moments, Moments], rng: Generator) -> Floats:
    """Values with the printed mean and SD at baseline, patients in about the order of their outcomes."""
    parts = []
    for outcome, arm in zip(cohorts.arms, arms, strict=True):
        sets = np.sort(published.imagined(arm, None, rng, len(outcome)).value, axis=1)
        ranks = np.argsort(np.argsort(outcome, axis=1), axis=1)
        score = (ranks - (arm.n - 1) / 2) / np.sqrt((arm.n**2 - 1) / 12)
        noise = rng.standard_normal(outcome.shape)
        order = np.argsort(
            np.argsort(_CORRELATION * score + np.sqrt(1 - _CORRELATION**2) * noise, axis=1), axis=1
        )
        parts.append(np.take_along_axis(sets, order, 1))
    return np.concatenate(parts, axis=1)


def _truth(paper: Paper, fitted: Fitted, rng: Generator) -> Truth:
    """A scenario in which each study has its truth from the posterior of this one."""
    weight: Any = fitted.draws.weight[0]
    level, scale, effect = fitted.theta[rng.choice(len(weight), _POSTERIOR, p=weight)].T
    if paper.published.followed is None:
        return ValuesTruth(draws=_rows(level, scale, effect), name=paper.label)
    median = (np.log(2) / np.exp(level - effect / 2)) ** np.exp(-scale)
    return TimesTruth(draws=_rows(effect, scale, median), followed=paper.published.followed, name=paper.label)


def _rows(*columns: Floats) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(a), float(b), float(c)) for a, b, c in zip(*columns, strict=True))
