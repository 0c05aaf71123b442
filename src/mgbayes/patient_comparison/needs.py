"""What a test needs of the values, and what is said when they do not have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.frequentist.cox import cox_wald
from mgbayes.frequentist.exact_ranks import EXACT_PATIENTS
from mgbayes.frequentist.log_rank import log_rank
from mgbayes.frequentist.samples import FollowUp, TwoGroups


@dataclass(frozen=True)
class Need:
    """A condition on the values, and the reason given when it does not hold."""

    holds: Callable[[Any], bool]
    reason: str


def missing_need(sample: object, needs: tuple[Need, ...]) -> str | None:
    """The reason of the first need that does not hold; None when all hold."""
    return next((need.reason for need in needs if not need.holds(sample)), None)


_BINARY_NOISE = 1e-12
"""Differences of decimal numbers that should be equal differ by about this share of their size."""


def _spread(values: np.ndarray) -> bool:
    return len(values) > 1 and bool(np.ptp(values) > _BINARY_NOISE * np.abs(values).max())


def _two_each(groups: TwoGroups) -> bool:
    return min(groups.sizes) >= 2


def _two_watched(data: FollowUp) -> bool:
    return bool(min(data.contrast.sum(), (~data.contrast).sum()) >= 2)


def _event_in_each(data: FollowUp) -> bool:
    return bool(data.event[data.contrast].any() and data.event[~data.contrast].any())


def _both_at_risk(data: FollowUp) -> np.ndarray:
    """The event times at which patients of both groups are at risk."""
    last = min(data.time[data.contrast].max(), data.time[~data.contrast].max())
    times = np.unique(data.time[data.event])
    return times[times <= last]


BOTH_GROUPS = Need(lambda g: min(g.sizes) > 0, "one of the groups has no patient with a value")
TWO_EACH = Need(_two_each, "a group has fewer than two patients with a value")
NOT_ALL_EQUAL = Need(lambda g: _spread(g.pooled), "every patient has the same value")
SPREAD_WITHIN = Need(
    lambda g: _spread(g.reference) or _spread(g.contrast), "no group has any variation within it"
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
INFORMATIVE = Need(
    lambda d: bool(np.isfinite(log_rank(d).statistic)),
    "at no event are both groups still followed, with patients left who do not have it",
)
TWO_WATCHED = Need(_two_watched, "a group has fewer than two patients with a time")
EITHER_COULD_FAIL = Need(
    lambda d: bool(np.isfinite(cox_wald(d).p)),
    "a group had no event while the other was still followed: the hazard ratio has no finite estimate",
)
EVENT_TIMES = Need(
    lambda d: len(_both_at_risk(d)) > 2,
    "fewer than three event times with both groups still followed: no trend to see",
)
