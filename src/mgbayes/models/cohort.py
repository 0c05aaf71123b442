"""A simulated cohort: its size and follow-up, as a study's, and what a paper would print of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mgbayes.distributions.followup import followup_data
from mgbayes.models.arms import ARM
from mgbayes.models.evidence import Followed, PublishedTimes, Times
from mgbayes.models.quantile_evidence import definitions_of
from mgbayes.models.time_quantiles import of_quantiles, probabilities_of
from mgbayes.study.schema import DAYS_IN, Study
from mgbayes.study.statistics import QuantileDefinition
from mgbayes.study.time_to_event import time_to_event

_USUAL = (365.0, 1500.0, 800.0)
"""Least, mean and SD of follow-up in days, for a study that does not print it."""


def sizes_like(study: Study) -> NDArray[np.int64]:
    """Patients by arm."""
    return np.array([int(arm.n) for arm in (study.reference, study.contrast)])


def followed_like(study: Study, unit: str = "days") -> Followed:
    """Patients by arm and the distribution of their follow-up in a unit of time (see ``followup``)."""
    days = DAYS_IN.get(unit, 1.0)
    least, mean, sd = (value / days for value in _printed_days(study))
    return Followed(n=sizes_like(study), **followup_data(least, mean, sd))


def _printed_days(study: Study) -> tuple[float, float, float]:
    for endpoint in study.endpoints:
        if endpoint.times is not None and (found := time_to_event(study, endpoint)) is not None:
            followed, days = found.followup, DAYS_IN.get(endpoint.unit, 1.0)
            return float(followed.least) * days, float(followed.mean) * days, float(followed.sd) * days
    return _USUAL


class Printed(NamedTuple):
    """Counts, means and SDs (n - 1 in the denominator) along the last axis; quantiles with one axis more."""

    events: NDArray[np.int64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    quantile: NDArray[np.float64] | None = None


def printed(values: Any, seen: Any) -> Printed:
    """Summarise the values (..., patients) where `seen` is true.

    One value is its printed mean and has SD nan; none has mean and SD nan.
    """
    events = seen.sum(axis=-1)
    kept = np.where(seen, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(events > 0, kept.sum(axis=-1) / events, np.nan)
        square = np.where(seen, (values - mean[..., None]) ** 2, 0.0).sum(axis=-1)
        sd = np.where(events > 1, np.sqrt(square / (events - 1)), np.nan)
    return Printed(events, mean, sd)


def quantiles(
    values: Any, seen: Any, probabilities: Sequence[Fraction], definition: QuantileDefinition
) -> NDArray[np.float64]:
    """Quantiles (..., m) of the values (..., patients) where `seen` is true; nan where there are none."""
    events, ordered = seen.sum(axis=-1), np.sort(np.where(seen, values, np.inf), axis=-1)
    found = np.full((*events.shape, len(probabilities)), np.nan)
    for n in np.unique(events[events > 0]):
        for i, p in enumerate(probabilities):
            j, g = definition.position(p, int(n))
            x = ordered[events == n]
            found[events == n, i] = (1 - float(g)) * x[:, j - 1] + float(g) * x[:, min(j, n - 1)]
    return found


def summarized(arms: Sequence[tuple[Any, Any]], like: Times) -> Printed:
    """Times (..., patients) and whether they were seen, by arm: events by arm, and summaries of times like a model's
    data have them: of each arm or of both together."""
    each = [printed(time, seen) for time, seen in arms]
    events = np.stack([row.events for row in each], axis=-1)
    if len(like["time_mean"]) == 1:
        each = [printed(*(np.concatenate(part, axis=-1) for part in zip(*arms, strict=True)))]
    mean, sd = (np.stack([getattr(row, name) for row in each], axis=-1) for name in ("mean", "sd"))
    if not isinstance(like, PublishedTimes) or like.time_probability is None:
        return Printed(events, mean, sd)
    quantile = np.full((*events.shape, like.time_probability.shape[1]), np.nan)
    for a, ((time, seen), probabilities) in enumerate(zip(arms, probabilities_of(like), strict=True)):
        made = quantiles(time, seen, probabilities, definitions_of(like)[0])
        quantile[..., a, : len(probabilities)] = made
    return Printed(events, mean, sd, quantile)


def as_published(summary: Printed, like: PublishedTimes) -> PublishedTimes:
    """One cohort's summaries as a model's data, with what the published ones print, and slots for everyone."""
    from mgbayes.latent.times import slots
    from mgbayes.models.time_evidence import published

    mean, sd = (np.nan_to_num(values, nan=1.0) for values in (summary.mean, summary.sd))
    rows = published(like["n"], summary.events, mean, sd, like["times_printed"])
    most = int(np.max(like["n"]) if len(mean) > 1 else np.sum(like["n"]))
    made = like | rows | {"slot": slots(most)}
    if summary.quantile is None:
        return made
    return of_quantiles(made, probabilities_of(like), list(summary.quantile), definitions_of(like), most)


def labelled(summary: Printed, draws: xr.Dataset) -> xr.Dataset:
    """The printed numbers of one cohort for each draw, on the coordinates of `draws`."""
    dims = ("chain", "draw")
    places = {
        "events": ("arm",),
        "time_mean": ("summary",),
        "time_sd": ("summary",),
        "time_quantile": ("arm", "quantile"),
    }
    return xr.Dataset(
        {
            name: ((*dims, *places[name]), values)
            for name, values in zip(places, summary, strict=True)
            if values is not None
        },
        coords={"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]},
    )
