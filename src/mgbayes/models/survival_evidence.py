"""What a survival model takes from a study: events, times and follow-up, and what it can predict of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.study.schema import Study
from mgbayes.study.time_to_event import TimeToEvent, time_to_event

ARMS = ("reference", "contrast")


def survival_evidence(study: Study, plan: Plan, *, samples: int) -> TimeToEvent:
    """The printed numbers of the plan's endpoint, its times in so many samples (2: by arm, 1: together).

    Raises NotPrinted when a part is missing.
    """
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    printed = time_to_event(study, endpoint)
    if printed is None:
        raise NotPrinted(endpoint.id, "events of both arms, mean and SD of their times, and of follow-up")
    if len(printed.times) != samples:
        whose = "each arm" if samples == 2 else "both arms together"
        raise NotPrinted(endpoint.id, f"mean and SD of the times of {whose}")
    return printed


def time_quantities(data: Mapping[str, Any], event: str, time: str) -> tuple[PrintedQuantity, ...]:
    """Counts, means and SDs that are printed; no mean without an event, no SD with fewer than two."""
    events = [int(x) for x in data["events"]]
    counts = [
        PrintedQuantity("events", (a,), float(events[a]), f"{event}, patients", ARMS[a], "") for a in (0, 1)
    ]
    by_arm = len(data["time_mean"]) == 2
    groups = [(a, ARMS[a], events[a]) for a in (0, 1)] if by_arm else [(0, "all", sum(events))]
    moments = [
        PrintedQuantity(name, (at,), float(data[name][at]), f"{time}, {label}", arm, "days")
        for at, arm, n in groups
        for name, label, least in (("time_mean", "mean", 1), ("time_sd", "SD", 2))
        if n >= least
    ]
    return (*counts, *moments)
