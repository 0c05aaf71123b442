"""A cohort that has every published count, mean and SD of a study, its times and doses from one posterior draw.

What is not published follows the models: outcomes are independent of each other given the arm, and numbers published
for all patients are divided between the arms at random. Endpoints of which the paper reports no number
stay empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from mgbayes.errors import InputError, Problem
from mgbayes.latent.digits import Moments, meeting_all, on_grid
from mgbayes.simulation.cohort import Cohort, Floats, Place, Times
from mgbayes.simulation.doses import correlated_doses, positive
from mgbayes.simulation.followup import Gamma, Outcome, draw_followup, paired
from mgbayes.simulation.posterior import DAYS, Draw
from mgbayes.study.numbers import find_count, find_mean_and_spread, mean_of, summaries_of
from mgbayes.study.rounding import decimals
from mgbayes.study.schema import ALL, Endpoint, Kind, Study, Summary
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.time_to_event import TimeToEvent, time_to_event

_TRIES = 20
_DAY = 1.0


@dataclass(frozen=True)
class Impossible(Exception):
    """No values have the published numbers."""

    what: str
    summary: str


def cohort_from_published(rng: Generator, study: Study, draw: Draw, doses: tuple[Place, ...]) -> Cohort:
    """A cohort with the published numbers of a study; ``doses`` are the visits whose correlations the draw has.

    Raises InputError where no values have the published numbers.
    """
    sizes = (int(study.reference.n), int(study.contrast.n))
    arm = (np.arange(sum(sizes)) >= sizes[0]).astype(int)

    def of_models() -> dict[Place, Floats]:
        if draw.correlation is None:
            return {}
        return _doses(rng, study, draw.correlation, doses, sizes)

    try:
        times, followup = _timed(rng, study, draw, arm)
    except Impossible as problem:
        raise _refused(study, problem) from None
    return completed(rng, study, Cohort(sizes, {}, times, followup), of_models)


def completed(
    rng: Generator, study: Study, known: Cohort, of_models: Callable[[], Mapping[Place, Floats]]
) -> Cohort:
    """A cohort with what models say, and with values that meet what is published of everything else.

    Raises InputError where no values have the published numbers.
    """
    try:
        values = {**dict(_counted(rng, study, known.sizes)), **of_models()}
        for place in _measured(study):
            if place not in values and (place[0] != _followup_endpoint(study) or known.followup is None):
                drawn = _moments(rng, study, place, known.sizes, values)
                values |= {} if drawn is None else {place: drawn}
    except Impossible as problem:
        raise _refused(study, problem) from None
    return replace(known, values=values)


def _refused(study: Study, problem: Impossible) -> InputError:
    accepted = "a mean and SD that such values can have"
    return InputError(study.id, [Problem(problem.what, problem.summary, accepted)])


def _followup_endpoint(study: Study) -> str | None:
    """The endpoint that follow-up is published under."""
    claims = {endpoint.followup for endpoint in study.endpoints if endpoint.followup is not None}
    return next((study.claim(claim).endpoint for claim in sorted(claims)), None)


# ---------------------------------------------------------------- times and follow-up


def _timed(
    rng: Generator, study: Study, draw: Draw, arm: np.ndarray
) -> tuple[dict[str, Times], Floats | None]:
    """Times of every endpoint that the draw has, and follow-up beyond them."""
    outcomes, published = {}, None
    for name, days in draw.times.items():
        endpoint = study.endpoint(name)
        published = time_to_event(study, endpoint)
        if published is not None:
            by_arm = _whole_days(rng, endpoint, published, days)
            waiting = float(endpoint.confirmed_after or 0)
            outcomes[name] = Outcome(_placed(rng, by_arm, arm), DAYS, draw.event_free[name], waiting)
    if published is None:
        return {}, None
    gamma = Gamma.of(published.followup)
    for _ in range(_TRIES):
        chosen = paired(rng, gamma, list(outcomes.values()), arm)
        followed = draw_followup(rng, gamma, chosen, arm, published.followup)
        if followed is not None:
            return {name: one.times for name, one in zip(outcomes, chosen, strict=True)}, followed
    raise Impossible("follow-up", f"{published.followup.mean} ± {published.followup.sd} days")


def _whole_days(
    rng: Generator, endpoint: Endpoint, published: TimeToEvent, days: tuple[Floats, Floats]
) -> list[Floats]:
    """The days of events by arm, on whole days where only these can occur, with the published moments."""
    samples = list(days) if len(published.times) == len(days) else [np.concatenate(days)]
    by_arm = []
    for values, times in zip(samples, published.times, strict=True):
        unit = _unit(endpoint, times.mean)
        on = on_grid(rng, values, unit, Moments(times), unit)
        if on is None:
            raise Impossible(endpoint.label, f"{times.wording}, {len(values)} patients")
        by_arm.append(on)
    return by_arm if len(by_arm) == len(days) else np.split(by_arm[0], [len(days[0])])


def _unit(endpoint: Endpoint, mean: str) -> float:
    return _DAY if endpoint.whole else float(10.0 ** -max(decimals(mean), 1))


def _placed(rng: Generator, days: list[Floats], arm: np.ndarray) -> Times:
    """Events on patients of their arm, at random."""
    day = np.full(len(arm), np.nan)
    for a, values in enumerate(days):
        day[rng.permutation(np.flatnonzero(arm == a))[: len(values)]] = rng.permutation(values)
    return Times(np.isfinite(day).astype(float), day)


# ---------------------------------------------------------------- counts


def _counted(rng: Generator, study: Study, sizes: tuple[int, int]) -> Iterator[tuple[Place, Floats]]:
    """Yes (1) or no (0) at each place with published counts; of named levels, the place of each patient's level."""
    for endpoint in study.endpoints:
        rows = [
            row for visit in _visits(study, endpoint) for _, row in summaries_of(study, endpoint.id, visit)
        ]
        levels = [row for row in rows if row.level is not None and row.group == ALL and row.count is not None]
        if levels:
            yield (endpoint.id, None), _levels(rng, levels, sum(sizes))
        elif endpoint.kind is Kind.binary:
            for visit in dict.fromkeys(row.visit for row in rows):
                yes = _yes(rng, study, endpoint, visit, sizes)
                if yes is not None:
                    yield (endpoint.id, visit), yes


def _levels(rng: Generator, rows: list[Summary], n: int) -> Floats:
    counts = [int(row.count or 0) for row in rows]
    known = np.repeat(np.arange(len(rows), dtype=float), counts)[:n]
    return rng.permutation(np.concatenate([known, np.full(n - len(known), np.nan)]))


def _yes(
    rng: Generator, study: Study, endpoint: Endpoint, visit: str | None, sizes: tuple[int, int]
) -> Floats | None:
    counts = [find_count(study, endpoint.id, arm.id, visit) for arm in (study.reference, study.contrast)]
    groups = list(zip(counts, sizes, strict=True))
    if any(count is None for count in counts):
        together = find_count(study, endpoint.id, ALL, visit)
        within = next((part.within for part in study.subgroups if part.id == endpoint.id), None)
        if within is not None and together is not None and together.n == sum(sizes):
            return _yes_within(rng, study, within, together.x, sizes)
        groups = [(together, sum(sizes))]
    parts = []
    for count, n in groups:
        if count is None or count.n > n:
            return None
        known = np.repeat([1.0, 0.0], [count.x, count.n - count.x])
        parts.append(rng.permutation(np.concatenate([known, np.full(n - count.n, np.nan)])))
    return np.concatenate(parts)


def _yes_within(rng: Generator, study: Study, within: str, yes: int, sizes: tuple[int, int]) -> Floats | None:
    """Counts of all patients of which the paper says that they belong to one arm."""
    size = sizes[within == study.contrast.id]
    if yes > size:
        return None
    inside = rng.permutation(np.repeat([1.0, 0.0], [yes, size - yes]))
    outside = np.zeros(sum(sizes) - size)
    return np.concatenate([outside, inside] if within == study.contrast.id else [inside, outside])


# ---------------------------------------------------------------- measured values


def _visits(study: Study, endpoint: Endpoint) -> list[str | None]:
    rows = [row for claim in study.claims if claim.endpoint == endpoint.id for row in claim.summaries]
    return list(dict.fromkeys(row.visit for row in rows))


def _measured(study: Study) -> list[Place]:
    """Endpoints and visits with a published mean, but for times."""
    return [
        (endpoint.id, visit)
        for endpoint in study.endpoints
        if endpoint.kind in (Kind.continuous, Kind.event_count)
        for visit in _visits(study, endpoint)
        if any(row.mean is not None for _, row in summaries_of(study, endpoint.id, visit))
    ]


def _doses(
    rng: Generator, study: Study, correlation: Floats, places: tuple[Place, ...], sizes: tuple[int, int]
) -> dict[Place, Floats]:
    """Doses at the visits that the draw has correlations of, by arm."""
    arms = []
    for arm, n, wanted in zip((study.reference, study.contrast), sizes, correlation, strict=True):
        summaries = [find_mean_and_spread(study, endpoint, arm.id, visit) for endpoint, visit in places]
        published = [one for one in summaries if isinstance(one, MeanSD)]
        mean, sd = np.array([(one.mean, one.sd) for one in published], dtype=float).T
        doses = correlated_doses(rng, mean, sd, wanted, n)
        if doses is None:
            raise Unattainable
        arms.append(
            [
                _onto_grid(rng, study.endpoint(place[0]), doses[:, v], Moments(published[v]), above_zero=True)
                for v, place in enumerate(places)
            ]
        )
    return {place: np.concatenate([arm[v] for arm in arms]) for v, place in enumerate(places)}


class Unattainable(Exception):
    """Positive doses cannot have the correlations of a draw."""


def _onto_grid(
    rng: Generator, endpoint: Endpoint, values: Floats, moments: Moments, *, above_zero: bool = False
) -> Floats:
    """The values on the endpoint's grid; a family of positive values gives no zero, by rounding neither."""
    unit = _unit(endpoint, moments.published.mean)
    on = on_grid(rng, values, unit, moments, unit if above_zero else 0.0)
    if on is None:
        raise Impossible(endpoint.label, f"{moments.published.wording}, {len(values)} patients")
    return on


def _moments(
    rng: Generator, study: Study, place: Place, sizes: tuple[int, int], values: dict[Place, Floats]
) -> Floats | None:
    """Values with the means and SDs published of groups of all patients, which may overlap."""
    endpoint, n = study.endpoint(place[0]), sum(sizes)
    groups = []
    for _, row in summaries_of(study, *place):
        group = _group_of(study, row, sizes, values)
        published = None if group is None else mean_of(study, row, int(group.sum()))
        if isinstance(published, MeanSD) and group is not None and group.any():
            groups.append((group, published))
    if not groups:
        return None
    within = np.any([group for group, _ in groups], axis=0)
    _, largest = max(groups, key=lambda group: int(group[0].sum()))
    values_within = positive(_direction(rng, int(within.sum())), float(largest.mean), float(largest.sd))
    whole = np.full(n, np.nan)
    if len(groups) == 1:
        whole[within] = _onto_grid(rng, endpoint, values_within, Moments(largest))
        return whole
    moments = [Moments(published, group[within]) for group, published in groups]
    joint = meeting_all(rng, values_within, _unit(endpoint, largest.mean), moments)
    if joint is None:
        wording = "; ".join(f"{published.wording} ({group.sum()} patients)" for group, published in groups)
        raise Impossible(endpoint.label, wording)
    whole[within] = joint
    return whole


def _direction(rng: Generator, n: int) -> Floats:
    z = rng.standard_normal(n)
    return np.asarray((z - z.mean()) / np.linalg.norm(z - z.mean()))


def _group_of(
    study: Study, row: Summary, sizes: tuple[int, int], values: dict[Place, Floats]
) -> np.ndarray | None:
    """The patients of a summary; None for a group of unknown size, or known only in part."""
    n, contrast = sum(sizes), np.arange(sum(sizes)) >= sizes[0]
    rest_of = next((part.rest_of for part in study.subgroups if part.id == row.group), None)
    if rest_of is not None:
        return _rest(study, rest_of, contrast, values)
    if row.group == ALL:
        group = np.ones(n, bool)
    elif row.group in (study.reference.id, study.contrast.id):
        group = contrast == (row.group == study.contrast.id)
    elif (row.group, None) in values:
        group = values[row.group, None] == 1
    else:
        return None
    size = study.group_n(row.group) if row.n is None else int(row.n)
    return group if size is not None and int(group.sum()) == size else None


def _rest(study: Study, rest_of: str, contrast: np.ndarray, values: dict[Place, Floats]) -> np.ndarray | None:
    """The patients outside a subgroup: of the arm that it belongs to where that is said, else of all."""
    if (rest_of, None) not in values:
        return None
    rest = values[rest_of, None] == 0
    within = next((part.within for part in study.subgroups if part.id == rest_of), None)
    return rest if within is None else rest & (contrast == (within == study.contrast.id))
