"""What a test needs of the values, and what is said when they do not have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.battery.samples import FollowUp, TwoGroups

EXACT_PATIENTS = 100
"""Above this number of patients the normal approximation is as good, and exact counting slow."""


@dataclass(frozen=True)
class Need:
    """A condition on the values, and the reason given when it does not hold."""

    holds: Callable[[Any], bool]
    reason: str


def missing_need(sample: object, needs: tuple[Need, ...]) -> str | None:
    """The reason of the first need that does not hold; None when all hold."""
    return next((need.reason for need in needs if not need.holds(sample)), None)


def _spread(values: np.ndarray) -> bool:
    return len(values) > 1 and bool(np.ptp(values) > 0)


def _two_each(groups: TwoGroups) -> bool:
    return min(groups.sizes) >= 2


def _event_in_each(data: FollowUp) -> bool:
    return bool(data.event[data.contrast].any() and data.event[~data.contrast].any())


def _still_watched_together(data: FollowUp) -> bool:
    """Whether, at some event, patients of both groups are still at risk."""
    return bool(
        np.min([data.time[data.contrast].max(), data.time[~data.contrast].max()])
        >= data.time[data.event].min()
    )


BOTH_GROUPS = Need(lambda g: min(g.sizes) > 0, "one of the groups has no patient with a value")
TWO_EACH = Need(_two_each, "a group has fewer than two patients with a value: its spread is not known")
NOT_ALL_EQUAL = Need(lambda g: _spread(g.pooled), "every patient has the same value")
SPREAD_WITHIN = Need(
    lambda g: _spread(g.reference) or _spread(g.contrast), "no group has any spread within it"
)
BOTH_OUTCOMES = Need(
    lambda g: _spread(g.pooled), "all patients, or none, had the event: no test can see a difference"
)
OVERLAP = Need(
    lambda g: g.contrast.min() <= g.reference.max() and g.reference.min() <= g.contrast.max(),
    "the groups do not overlap: the variance that the test needs is zero",
)
COUNTABLE = Need(
    lambda g: sum(g.sizes) <= EXACT_PATIENTS,
    f"more than {EXACT_PATIENTS} patients: the normal approximation serves as well",
)
SOME_EVENTS = Need(lambda g: g.pooled.sum() > 0, "no event in either group")
EVENTS_IN_EACH = Need(
    lambda g: g.reference.sum() > 0 and g.contrast.sum() > 0,
    "a group has no event: the rate ratio has no finite estimate",
)
FOLLOWED = Need(
    lambda g: all((exposure > 0).all() for exposure in g.exposures),
    "a patient has a follow-up of zero or less",
)

ONE_PAIR = Need(lambda p: len(p.change) > 0, "no patient has a value at both visits")
TWO_PAIRS = Need(lambda p: len(p.change) > 1, "fewer than two patients have a value at both visits")
SOME_CHANGE = Need(lambda p: bool((p.change != 0).any()), "no patient changed")
CHANGES_DIFFER = Need(lambda p: _spread(p.change), "every patient changed by the same amount")
FEW_PAIRS = Need(lambda p: len(p.change) <= EXACT_PATIENTS, COUNTABLE.reason)


def _watched(data: FollowUp) -> bool:
    return bool(data.contrast.any() and not data.contrast.all())


WATCHED = Need(_watched, "one of the groups has no patient with a time")
ANY_EVENT = Need(lambda d: bool(d.event.any()), "no event in either group")
EVENT_IN_EACH = Need(_event_in_each, "a group has no event: the hazard ratio has no finite estimate")
AT_RISK_TOGETHER = Need(_still_watched_together, "at no event are patients of both groups still at risk")
EVENT_TIMES = Need(
    lambda d: len(np.unique(d.time[d.event])) > 2, "fewer than three different event times: no trend to see"
)
