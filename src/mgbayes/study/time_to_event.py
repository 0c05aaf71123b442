"""What a study prints about a time to an event, gathered from the claims that its endpoint names."""

from __future__ import annotations

from dataclasses import dataclass

from mgbayes.study.numbers import find_count, find_mean_and_spread
from mgbayes.study.schema import ALL, Claim, Endpoint, Study
from mgbayes.study.statistics.means import MeanSD


@dataclass(frozen=True)
class Followup:
    """Printed mean and SD of follow-up over both arms, and the least that was asked for."""

    mean: str
    sd: str
    least: str


@dataclass(frozen=True)
class TimeToEvent:
    """Events and patients of each arm (reference first), times of those with the event, follow-up.

    ``times`` has one entry an arm, or one for both arms together.
    """

    events: tuple[int, int]
    patients: tuple[int, int]
    times: tuple[MeanSD, ...]
    followup: Followup


def time_to_event(study: Study, endpoint: Endpoint) -> TimeToEvent | None:
    """All that is printed about a time-to-event endpoint; None when a part of it is not."""
    if endpoint.times is None or endpoint.followup is None:
        return None
    events = event_counts(study, endpoint)
    times = _times(study, endpoint)
    followup = _followup(study.claim(endpoint.followup), endpoint.minimum_followup or "0")
    if events is None or not times or followup is None:
        return None
    return TimeToEvent(events, (int(study.reference.n), int(study.contrast.n)), times, followup)


def event_counts(study: Study, endpoint: Endpoint) -> tuple[int, int] | None:
    """How many patients of each arm had the event of a time-to-event endpoint."""
    event = None if endpoint.event is None else study.claim(endpoint.event).endpoint
    if event is None:
        return None
    one, other = (find_count(study, event, arm.id) for arm in (study.reference, study.contrast))
    return None if one is None or other is None else (one.x, other.x)


def _times(study: Study, endpoint: Endpoint) -> tuple[MeanSD, ...]:
    one, other = (_times_of(study, endpoint, arm.id) for arm in (study.reference, study.contrast))
    together = _times_of(study, endpoint, ALL)
    if one is not None and other is not None:
        return one, other
    return () if together is None else (together,)


def _times_of(study: Study, endpoint: Endpoint, group: str) -> MeanSD | None:
    found = find_mean_and_spread(study, endpoint.id, group)
    return found if isinstance(found, MeanSD) else None


def _followup(claim: Claim, least: str) -> Followup | None:
    for row in claim.summaries:
        if row.group == ALL and row.mean is not None and row.sd is not None:
            return Followup(row.mean, row.sd, least)
    return None
