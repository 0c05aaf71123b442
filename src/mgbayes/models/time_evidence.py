"""What a model of a time to an event takes from a study: events, times of those with the event, follow-up.

Everything is in the unit of the endpoint. Times are known by mean and SD, or else by their quantiles
(time_quantiles.py). Shapes: A = 2 arms, reference first; G summaries of times, one for each arm or one for both arms
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.models.evidence import PublishedTimes, Times
from mgbayes.models.model import PrintedQuantity
from mgbayes.models.outcome import Outcome
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.quantile_evidence import SHARE
from mgbayes.models.time_quantiles import in_words, quantiles_of_times, with_quantiles
from mgbayes.study.numbers import CountOf, count_of, find_count, find_mean_and_spread
from mgbayes.study.schema import ALL, DAYS_IN, Endpoint, Study, Summary
from mgbayes.study.statistics import MeanAndSpread, Quantiles

ARMS = ("reference", "contrast")
_NOT_IN_THE_GRAPH = ("slot", "time_probability", "definition")


@dataclass(frozen=True)
class Followup:
    """How long patients were followed: minimum, mean and SD; the same for all where the SD is 0."""

    minimum: float
    mean: float
    sd: float

    def less(self, waiting: float) -> Followup:
        """The follow-up left for an event to be seen that counts only after a waiting time."""
        return Followup(self.minimum - waiting, self.mean - waiting, self.sd)


@dataclass(frozen=True)
class TimeEvidence:
    """Events and patients by arm; for each summary of times its mean and SD, None where they are not printed.

    ``quantiles`` are those of the times of each arm, where no mean is printed.
    """

    patients: tuple[int, int]
    events: tuple[int, int]
    times: tuple[tuple[float, float] | None, ...]
    followup: Followup
    quantiles: tuple[Quantiles | None, ...] = ()


def time_evidence(study: Study, plan: Plan) -> TimeEvidence:
    """The printed numbers of the plan's endpoint. Raises NotPrinted when events or follow-up are missing."""
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    one, other = (_events(study, endpoint, arm.id) for arm in (study.reference, study.contrast))
    if one is None or other is None:
        raise NotPrinted(endpoint.id, "how many of each arm had the event (endpoint → event names the claim)")
    followup = followup_of(study, plan)
    if followup is None:
        raise NotPrinted(
            endpoint.id,
            "how long patients were followed (mean and SD, median and range, or fixed_followup), or [followup] in "
            "the plan",
        )
    left = followup.less(float(endpoint.confirmed_after or 0))
    if not left.mean > 0:
        raise NotPrinted(endpoint.id, "a mean follow-up that exceeds confirmed_after")
    events = (one.x, other.x)
    times = _times(study, endpoint, events)
    if any(times):
        return TimeEvidence((one.n, other.n), events, times, left)
    quantiles = quantiles_of_times(study, endpoint, events, left.mean if left.sd == 0 else inf)
    return TimeEvidence((one.n, other.n), events, times, left, quantiles)


def _events(study: Study, endpoint: Endpoint, arm: str) -> CountOf | None:
    """How many of an arm had the event: in the claim that the endpoint names, else of its yes/no endpoint."""
    if endpoint.event is None:
        return None
    claim = study.claim(endpoint.event)
    rows = [row for row in claim.summaries if row.group == arm and row.level is None]
    printed = [count for count in (count_of(study, row) for row in rows) if count is not None]
    if printed:
        return printed[-1]  # the latest of several visits
    return None if claim.endpoint is None else find_count(study, claim.endpoint, arm)


def _times(
    study: Study, endpoint: Endpoint, events: tuple[int, int]
) -> tuple[tuple[float, float] | None, ...]:
    """Mean and SD of the times of each arm where any is printed, else of both arms together."""
    by_arm = [
        _mean_sd(find_mean_and_spread(study, endpoint.id, arm.id, n=n), n)
        for arm, n in zip((study.reference, study.contrast), events, strict=True)
    ]
    total = sum(events)
    together = _mean_sd(find_mean_and_spread(study, endpoint.id, ALL, n=total), total)
    if together is not None and any(row is None and n > 0 for row, n in zip(by_arm, events, strict=True)):
        return (together,)
    return tuple(by_arm)


def _mean_sd(times: MeanAndSpread | None, events: int) -> tuple[float, float] | None:
    """A printed mean and SD of the times of so many; a lone time has no SD."""
    if times is None or events == 0 or (events > 1 and not times.sd_value > 0):
        return None
    return times.mean_value, times.sd_value if events > 1 else 1.0


def followup_of(study: Study, plan: Plan) -> Followup | None:
    """How long patients were followed: printed, or as the plan assumes; None where neither says."""
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    found = printed_followup(study, endpoint)
    if found is None and plan.followup is not None:
        assumed = plan.followup
        least = max(float(endpoint.minimum_followup or 0), assumed.minimum)
        return Followup(least if assumed.sd else assumed.mean, assumed.mean, assumed.sd)
    return found


def printed_followup(study: Study, endpoint: Endpoint) -> Followup | None:
    """The follow-up that a study prints, fixed, of both arms together or of each, in the endpoint's unit."""
    if endpoint.fixed_followup is not None:
        fixed = float(endpoint.fixed_followup)
        return Followup(fixed, fixed, 0.0)
    if endpoint.followup is None:
        return None
    least = float(endpoint.minimum_followup or 0)
    claim = study.claim(endpoint.followup)
    counted = study.endpoint_of(claim)
    scale = _ratio(counted.unit if counted else "", endpoint.unit)
    rows = {row.group: row for row in claim.summaries if row.visit is None}
    arms = (study.reference, study.contrast)
    if ALL in rows:
        return _of_row(rows[ALL], study.n, scale, least)
    if not all(arm.id in rows for arm in arms):
        return None
    parts = [_of_row(rows[arm.id], int(arm.n), scale, least) for arm in arms]
    return _pooled([part for part in parts if part], [int(arm.n) for arm in arms])


def _ratio(unit: str, to: str) -> float:
    """So many of one unit of time are one of another; 1 where a unit is not named."""
    return DAYS_IN[unit] / DAYS_IN[to] if unit in DAYS_IN and to in DAYS_IN else 1.0


def _of_row(row: Summary, n: int, scale: float, least: float) -> Followup | None:
    if row.mean is not None and row.sd is not None:
        mean, sd = scale * float(row.mean), scale * float(row.sd)
        return Followup(mean if sd == 0 else least, mean, sd)
    if row.median is not None and row.range is not None:
        low, high = (scale * float(end) for end in row.range)
        return from_median_and_range(scale * float(row.median), low, high, n)
    return None


def _pooled(parts: list[Followup], n: list[int]) -> Followup | None:
    """Follow-up of both arms together: their mean, and the SD within and between them."""
    if len(parts) < 2:
        return None
    total = sum(n)
    mean = sum(k * part.mean for k, part in zip(n, parts, strict=True)) / total
    squares = sum(
        (k - 1) * part.sd**2 + k * (part.mean - mean) ** 2 for k, part in zip(n, parts, strict=True)
    )
    return Followup(min(part.minimum for part in parts), mean, float(np.sqrt(squares / (total - 1))))


def from_median_and_range(median: float, low: float, high: float, n: int) -> Followup:
    """The shifted gamma that begins at ``low``, has this median, and a largest of n values about ``high``.

    The largest of n values has the median F⁻¹(2^(-1/n)). Where no gamma has so long or so short a tail, the nearest
    that is tried does (shapes of 0.05 to 200).
    """
    from scipy import optimize, special

    if not low < median < high:
        return Followup(median, median, 0.0) if low == high else Followup(low, median, (high - low) / 4)
    top = 0.5 ** (1 / n)
    wanted = (high - low) / (median - low)

    def excess(log_shape: float) -> float:
        shape = np.exp(log_shape)
        return float(special.gammaincinv(shape, top) / special.gammaincinv(shape, 0.5) - wanted)

    ends = (float(np.log(0.05)), float(np.log(200.0)))
    if excess(ends[0]) * excess(ends[1]) > 0:
        log_shape = min(ends, key=lambda end: abs(excess(end)))
    else:
        log_shape = float(optimize.brentq(excess, *ends))
    shape = float(np.exp(log_shape))
    scale = (median - low) / float(special.gammaincinv(shape, 0.5))
    return Followup(low, low + shape * scale, float(np.sqrt(shape)) * scale)


def published(n: Any, events: Any, time_mean: Any, time_sd: Any, printed: Any = None) -> PublishedTimes:
    """Counts and times, but for follow-up.

    Args:
        n, events: (A,) patients and events.
        time_mean, time_sd: (G,) mean and SD of the times; any positive number where there is none.
        printed: (G,) whether they are printed; all of them by default.
    """
    from mgbayes.latent.times import slots  # symbolic too, and heavy to load

    events = np.asarray(events, dtype=np.int64)
    mean, sd = np.asarray(time_mean, dtype=float), np.asarray(time_sd, dtype=float)
    shown = np.ones(len(mean), dtype=np.int64) if printed is None else np.asarray(printed, dtype=np.int64)
    timed = events * shown
    return PublishedTimes(
        n=np.asarray(n, dtype=np.int64),
        events=events,
        timed=timed,
        times_printed=shown,
        time_mean=np.where(shown == 1, mean, 1.0),
        time_sd=np.where(shown == 1, sd, 1.0),
        slot=slots(int(timed.max() if len(mean) > 1 else timed.sum())),
    )


def as_model_data(data: PublishedTimes) -> dict[str, Any]:
    """The data as ``pm.Data`` of the model in context, with its coordinates."""
    import pymc as pm

    model = pm.modelcontext(None)
    model.add_coord("slot", data["slot"])
    model.add_coord("summary", np.arange(len(data["time_mean"])))
    if data.definition is not None:
        model.add_coord("definition", data.definition)
    return {
        name: pm.Data(name, value, shape=np.shape(value))
        for name, value in data.items()
        if name not in _NOT_IN_THE_GRAPH
    }


def latent_times_given(given: Mapping[str, Any], skew: float) -> Any:
    """Latent times that reproduce what is published of them, with their variables in the model in context.

    Args:
        given: ``as_model_data``.
        skew: of latent times of a published mean and SD as coordinates (coordinates.py).
    """
    import pymc as pm

    from mgbayes.latent.quantile_times import quantile_times
    from mgbayes.latent.times import latent_times
    from mgbayes.models.coordinates import Reparametrized

    model = pm.modelcontext(None)
    # Fixed shapes, so that other cohorts with as many slots are a swap of data.
    size, dims = (len(model.coords["summary"]), len(model.coords["slot"])), ("summary", "slot")
    if "time_quantile" not in given:
        return latent_times(pm.Normal("z", shape=size, dims=dims, transform=Reparametrized(skew)), given)
    place = pm.Logistic("place", 0.0, 1.0, shape=size, dims=dims)
    gap = pm.Logistic("gap", 0.0, 1.0, shape=given["time_quantile"].type.shape)
    definition = pm.Uniform("definition_drawn", 0.0, 1.0, shape=size[0])
    return quantile_times(place, gap, definition, given)


def add_published(times: Any, published: Any) -> None:
    """Add the published summaries of times, and the latent times, to the model in context."""
    import pymc as pm

    from mgbayes.models.likelihood import given_density

    given_density("printed_times", published.log_density, times.reported, dims="summary")
    pm.Deterministic("latent_time", published.times, dims=("summary", "slot"))
    if published.share is not None:
        pm.Deterministic(SHARE, published.share, dims=("summary", "definition"))


def published_of(evidence: TimeEvidence) -> PublishedTimes:
    """The same of a study's printed numbers."""
    shown = [row is not None for row in evidence.times]
    mean, sd = zip(*((row or (1.0, 1.0)) for row in evidence.times), strict=True)
    rows = published(evidence.patients, evidence.events, mean, sd, shown)
    return with_quantiles(rows, evidence.quantiles) if any(evidence.quantiles) else rows


def latent_by_arm(draws: Any, data: Mapping[str, Any]) -> list[NDArray[np.float64]]:
    """The latent times (chain, draw, events) of each arm."""
    times = draws["latent_time"].transpose("chain", "draw", "summary", "slot").values
    first, second = (int(k) for k in np.asarray(data["timed"]))
    if times.shape[2] > 1:
        return [times[:, :, 0, :first], times[:, :, 1, :second]]
    return [times[:, :, 0, :first], times[:, :, 0, first : first + second]]


def admissible(draws: Any, data: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which draws (chain, draw) have latent times that can have been seen within follow-up."""
    from mgbayes.distributions.followup import within_followup

    one, other = (within_followup(times, data["followup"]) for times in latent_by_arm(draws, data))
    inside: NDArray[np.bool_] = one & other
    return inside


def time_quantities(data: Times, outcome: Outcome) -> tuple[PrintedQuantity, ...]:
    """Counts, means and SDs that are printed; no mean without an event, no SD with fewer than two."""
    events = [int(x) for x in data["events"]]
    counts = [
        PrintedQuantity("events", (a,), float(events[a]), f"{outcome.event}, patients", ARMS[a], "")
        for a in (0, 1)
    ]
    by_arm = len(data["time_mean"]) == 2
    groups = [(a, ARMS[a], events[a]) for a in (0, 1)] if by_arm else [(0, "all", sum(events))]
    published = data if isinstance(data, PublishedTimes) else None
    shown = np.ones(len(groups)) if published is None else published.times_printed
    moments = [
        PrintedQuantity(
            name, (at,), float(data[name][at]), f"time to {outcome.event}, {label}", arm, outcome.unit
        )
        for at, arm, n in groups
        for name, label, least in (("time_mean", "mean", 1), ("time_sd", "SD", 2))
        if n >= least and shown[at]
    ]
    probability = None if published is None else published.time_probability
    quantiles = [
        PrintedQuantity(
            "time_quantile",
            (a, i),
            float(data["time_quantile"][a, i]),
            f"time to {outcome.event}, {in_words(p)}",
            ARMS[a],
            outcome.unit,
        )
        for (a, i), p in np.ndenumerate(np.empty((0, 0)) if probability is None else probability)
        if np.isfinite(p)
    ]
    return (*counts, *moments, *quantiles)
