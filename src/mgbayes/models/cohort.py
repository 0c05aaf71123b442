"""A simulated cohort and what a paper would print of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mgbayes.models.arms import ARM


class Printed(NamedTuple):
    """Counts, means and SDs (n - 1 in the denominator) along the last axis."""

    events: NDArray[np.int64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


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


def summarized(arms: Sequence[tuple[Any, Any]], summaries: int) -> Printed:
    """Times (..., patients) and whether they were seen, by arm: events by arm, and one or two summaries of times."""
    each = [printed(time, seen) for time, seen in arms]
    events = np.stack([row.events for row in each], axis=-1)
    if summaries == 1:
        each = [printed(*(np.concatenate(part, axis=-1) for part in zip(*arms, strict=True)))]
    mean, sd = (np.stack([getattr(row, name) for row in each], axis=-1) for name in ("mean", "sd"))
    return Printed(events, mean, sd)


def as_published(summary: Printed, like: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """One cohort's summaries as a model's data, with what the published ones print, and slots for everyone."""
    from mgbayes.latent.times import slots
    from mgbayes.models.time_evidence import published

    mean, sd = (np.nan_to_num(values, nan=1.0) for values in (summary.mean, summary.sd))
    rows = published(like["n"], summary.events, mean, sd, like["times_printed"])
    most = int(np.max(like["n"]) if len(mean) > 1 else np.sum(like["n"]))
    return {**like, **rows, "slot": slots(most)}


def labelled(summary: Printed, draws: xr.Dataset) -> xr.Dataset:
    """The printed numbers of one cohort for each draw, on the coordinates of `draws`."""
    dims = ("chain", "draw")
    places = {"events": "arm", "time_mean": "summary", "time_sd": "summary"}
    return xr.Dataset(
        {name: ((*dims, places[name]), values) for name, values in zip(places, summary, strict=True)},
        coords={"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]},
    )
