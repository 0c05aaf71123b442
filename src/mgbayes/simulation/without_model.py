"""Values of what no model speaks of: they have every published count, mean and SD, whoever has them.

Numbers published for all patients are divided between the arms at random. Endpoints of which the paper reports no
number stay empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from mgbayes.errors import InputError, Problem
from mgbayes.latent.digits import Moments, meeting_all, on_grid
from mgbayes.simulation.cohort import Cohort, Floats, Place
from mgbayes.study.numbers import find_count, mean_of, summaries_of
from mgbayes.study.rounding import decimals
from mgbayes.study.schema import ALL, Endpoint, Kind, Study, Summary
from mgbayes.study.statistics.means import MeanSD

_DAY = 1.0


@dataclass(frozen=True)
class _Impossible(Exception):
    """No values have the published numbers."""

    what: str
    summary: str


def completed(rng: Generator, study: Study, known: Cohort) -> Cohort:
    """A cohort with values that meet what is published of everything that it has none of.

    Raises InputError where no values have the published numbers.
    """
    try:
        values = {**dict(_counted(rng, study, known.sizes)), **known.values}
        for place in _measured(study):
            if place not in values and (place[0] != _followup_endpoint(study) or known.followup is None):
                drawn = _moments(rng, study, place, known.sizes, values)
                values |= {} if drawn is None else {place: drawn}
    except _Impossible as problem:
        accepted = "a mean and SD that such values can have"
        raise InputError(study.id, [Problem(problem.what, problem.summary, accepted)]) from None
    return replace(known, values=values)


def _followup_endpoint(study: Study) -> str | None:
    """The endpoint that follow-up is published under."""
    claims = {endpoint.followup for endpoint in study.endpoints if endpoint.followup is not None}
    return next((study.claim(claim).endpoint for claim in sorted(claims)), None)


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
    low, unit = 0.0 if study.is_nonnegative(endpoint) else -np.inf, _unit(endpoint, groups[0][1].mean)
    whole = np.full(n, np.nan)
    # Those of a smaller group replace what a larger one gave them.
    for group, published in sorted(groups, key=lambda row: -int(row[0].sum())):
        whole[group] = _values(rng, int(group.sum()), published, positive=low == 0)
    apart = np.sum([group for group, _ in groups], axis=0).max() == 1
    for part in [[one] for one in groups] if apart else [groups]:
        here = np.any([group for group, _ in part], axis=0)
        moments = [Moments(published, group[here]) for group, published in part]
        drawn = (
            on_grid(rng, whole[here], unit, moments[0], low)
            if len(part) == 1
            else meeting_all(rng, whole[here], unit, moments, low)
        )
        if drawn is None:
            wording = "; ".join(f"{published.wording} ({group.sum()} patients)" for group, published in part)
            raise _Impossible(endpoint.label, wording)
        whole[here] = drawn
    return whole


def _values(rng: Generator, n: int, published: MeanSD, *, positive: bool) -> Floats:
    """Values (n,) in a random direction, with this mean and SD."""
    from mgbayes.latent.mean_sd import values_along  # loads a sampler

    mean, sd = float(published.mean), float(published.sd)
    z = rng.standard_normal(n)
    direction = (z - z.mean()) / np.linalg.norm(z - z.mean())
    if positive and mean > 0 and sd > 0:
        return np.asarray(values_along(direction, mean, sd))
    return np.asarray(mean + sd * np.sqrt(n - 1) * direction)


def _unit(endpoint: Endpoint, mean: str) -> float:
    return _DAY if endpoint.whole else float(10.0 ** -max(decimals(mean), 1))


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
