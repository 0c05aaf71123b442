r"""Parameters from the priors, and a table of patients from the parameters, without any density of the cohort.

Each outcome is drawn from its score: with the patient's effect u and independent e, e' ~ N(0, 1), a score is
l u + √(1 - l²) e, and what it means is read off the outcome's own distribution. Values are rounded to the grid that
they are measured on; tables with a value that rounds to less than the lowest one, or in which a definition does not
hold, are drawn again together with their parameters. Follow-up is drawn given its reported mean and SD, which are the
study's in every table: all but two patients freely, those two among all pairs that then meet both, by weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import special, stats

from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.latent_cohort.amount import Amount
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.ordered import Ordered
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.sampler import Cohort
from mgbayes.latent_cohort.statements import Windows
from mgbayes.latent_cohort.table import Tables
from mgbayes.latent_cohort.timed import CureTime, HazardTime, Timed
from mgbayes.latent_cohort.yes_no import YesNo

_AT_ONCE = 2000
_POOL = 50_000


@dataclass(frozen=True)
class Drawn:
    """One cohort: parameters (1, d) by outcome, and its table."""

    theta: dict[str, Any]
    table: Tables


def cohorts(rng: Generator, cohort: Cohort) -> Iterator[Drawn]:
    """Cohorts in which every definition holds, without an end."""
    n, pool, weight = len(cohort.arm), *_followed(rng, cohort)
    while True:
        effect = rng.standard_normal((_AT_ONCE, n))
        theta = {one.name: one.layout.draw(rng, _AT_ONCE) for one in cohort.outcomes}
        followed = rng.permuted(pool[rng.choice(len(pool), _AT_ONCE, p=weight)], axis=1)
        steps, possible = {FOLLOWUP: followed}, np.ones(_AT_ONCE, bool)
        for outcome in cohort.outcomes:
            draw = _DRAW[type(outcome)]
            own, fits = draw(
                rng, outcome, outcome.layout.values(theta[outcome.name]), effect, cohort.arm, followed
            )
            steps |= own
            possible &= fits
        rows = Tables(cohort.columns, cohort.arm, steps).every()
        for relation in cohort.relations:
            possible &= relation.holds(rows).all(axis=1)
        for k in np.flatnonzero(possible):
            table = Tables(cohort.columns, cohort.arm, {name: one[k : k + 1] for name, one in steps.items()})
            yield Drawn({name: one[k : k + 1] for name, one in theta.items()}, table)


def _score(rng: Generator, values: Any, effect: Any, better: int) -> Any:
    """A new score of every patient, higher with the effect where more of the outcome is better."""
    tie = better * np.tanh(values["loading"])[:, None]
    return tie * effect + np.sqrt(1 - tie**2) * rng.standard_normal(effect.shape)


def _of_arm(level: Any, difference: Any, arm: Any) -> Any:
    return level[:, None] + (arm - 0.5) * difference[:, None]


def _yes(rng: Generator, values: Any, level: str, effect: Any, arm: Any, better: int) -> Any:
    """Yes where the score lies above that of the chance of no."""
    logit = _of_arm(values[level], values["log_odds_ratio"], arm)
    return _score(rng, values, effect, better) > -special.ndtri(special.expit(logit))


def _yes_no(rng: Generator, one: YesNo, values: Any, effect: Any, arm: Any, followed: Any) -> Any:
    having = _yes(rng, values, "level", effect, arm, one.better)
    return {one.key: having.astype(np.int64)}, np.ones(len(effect), bool)


def _cure(rng: Generator, one: CureTime, values: Any, effect: Any, arm: Any, followed: Any) -> Any:
    ever = _yes(rng, values, "logit_ever", effect, arm, one.better)
    log_mean = _of_arm(values["log_mean_time"], values["log_time_ratio"], arm)
    time = LIFETIMES[one.job.family].draw(rng, log_mean, values["shape"][:, None], effect.shape)
    return _seen(one, np.where(ever, time, np.inf), followed)


def _hazard(rng: Generator, one: HazardTime, values: Any, effect: Any, arm: Any, followed: Any) -> Any:
    """A late time is better where the event is bad; Weibull."""
    score = _score(rng, values, effect, -one.better)
    cumulative = -special.log_ndtr(-score) * np.exp(-(arm - 0.5) * values["log_hazard_ratio"][:, None])
    time = np.exp(values["log_scale"])[:, None] * cumulative ** (1 / values["shape"][:, None])
    return _seen(one, time, followed)


def _seen(one: Timed, time: Any, followed: Any) -> Any:
    """Events on whole days within what is left of follow-up after the waiting time."""
    day = np.round(np.minimum(time, 1e9))
    event = day < followed - one.waiting
    steps = {one.event: event.astype(np.int64), one.time: np.where(event, day, 0).astype(np.int64)}
    return steps, (~event | (day >= 1)).all(axis=1)


def _amount(rng: Generator, one: Amount, values: Any, effect: Any, arm: Any, followed: Any) -> Any:
    share, between, within = (values[name] for name in ("zero_share", "between", "within"))
    b, w = between[:, arm], within[:, arm]
    own = b * _score(rng, values, effect, one.better)  # the patient's usual amount
    steps, possible = {}, np.ones(len(effect), bool)
    for v, column in enumerate(one.columns):
        zero = _score(rng, values, effect, one.better) < special.ndtri(share[:, arm, v])
        ratio = values["log_ratio"] + values["log_ratio_sd"] * values["deviation"][:, v]
        log_mean = _of_arm(values["log_level"][:, v], ratio, arm) - (b**2 + w**2) / 2
        amount = np.exp(log_mean + own + w * rng.standard_normal(effect.shape))
        steps[column.name] = np.where(zero, 0, np.round(np.minimum(amount / column.unit, 1e9))).astype(
            np.int64
        )
        possible &= (zero | (steps[column.name] >= 1)).all(axis=1)
    return steps, possible


def _ordered(rng: Generator, one: Ordered, values: Any, effect: Any, arm: Any, followed: Any) -> Any:
    """Classes by a logistic value among the cuts, moved by the arm, the visit and the patient's own effect."""
    moved = values["patient_sd"][:, None] * _score(rng, values, effect, one.better)
    gaps = np.cumsum(values["gap"], axis=1)
    cuts = values["first_cut"][:, None] + np.concatenate([np.zeros_like(gaps[:, :1]), gaps], axis=1)
    steps = {}
    for v, column in enumerate(one.columns):
        ratio = values["base"] + (values["log_odds_ratio"][:, v - 1] if v else 0.0)
        place = (arm - 0.5) * ratio[:, None] - (values["shift"][:, v - 1][:, None] if v else 0.0) - moved
        logistic = special.logit(rng.random(effect.shape))
        steps[column.name] = (logistic[..., None] > cuts[:, None] + place[..., None]).sum(axis=-1)
    return steps, np.ones(len(effect), bool)


_DRAW: dict[type[Outcome], Callable[..., Any]] = {
    YesNo: _yes_no,
    CureTime: _cure,
    HazardTime: _hazard,
    Amount: _amount,
    Ordered: _ordered,
}


def _followed(rng: Generator, cohort: Cohort) -> tuple[Any, Any]:
    """Follow-up (pool, n) in days, and the weight of each row among all that have the reported mean and SD."""
    assert cohort.followup is not None
    windows = next(one.windows for one in cohort.statements if one.column.name == FOLLOWUP)
    assert windows is not None
    given, n = cohort.followup.given, len(cohort.arm)
    gamma = stats.gamma(
        ((given.mean - given.minimum) / given.sd) ** 2,
        loc=given.minimum,
        scale=given.sd**2 / (given.mean - given.minimum),
    )
    free = np.round(gamma.rvs((_POOL, n - 2), random_state=rng)).astype(np.int64)
    total = rng.integers(windows.low, windows.high + 1, _POOL)
    pair, ways = _pair(rng, windows, total, total - free.sum(axis=1), (free**2).sum(axis=1))
    weight = np.where(ways > 0, ways * gamma.pdf(pair[0]) * gamma.pdf(pair[1]), 0.0)
    return np.concatenate([free, np.stack(pair, axis=1)], axis=1), weight / weight.sum()


def _pair(rng: Generator, windows: Windows, total: Any, both: Any, others: Any) -> tuple[Any, Any]:
    """Two whole numbers of the sum ``both`` whose squares bring those of all into the window, and how many ways."""
    low, high = (square - others for square in windows.squares(total.astype(float)))
    # (both² + d²) / 2 lies in the window, and d has the parity of both.
    first = np.ceil(np.sqrt(np.maximum(2 * low - both**2, 0.0))).astype(np.int64)
    last = np.floor(np.sqrt(np.maximum(2 * high - both**2, 0.0))).astype(np.int64)
    first += (first - both) % 2
    ways = np.where((2 * high >= both**2) & (last >= first), (last - first) // 2 + 1, 0)
    d = first + 2 * (rng.random(len(ways)) * ways).astype(np.int64)
    d *= rng.choice((-1, 1), len(d))
    return ((both + d) // 2, (both - d) // 2), ways
