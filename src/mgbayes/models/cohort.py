"""A simulated cohort and what a paper would print of it."""

from collections.abc import Sequence
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


def as_data(summary: Printed) -> dict[str, NDArray[Any]]:
    """The summaries as a model's data: a placeholder of 1 where there is nothing to print."""
    return {
        "events": np.asarray(summary.events, dtype=np.int64),
        "time_mean": np.nan_to_num(summary.mean, nan=1.0),
        "time_sd": np.nan_to_num(summary.sd, nan=1.0),
    }


def by_arm(arms: Sequence[Printed]) -> Printed:
    """Summaries of each arm as one set with a last axis `arm`."""
    return Printed(*(np.stack(field, axis=-1) for field in zip(*arms, strict=True)))


def labelled(summary: Printed, draws: xr.Dataset) -> xr.Dataset:
    """The printed numbers of one cohort for each draw, on the coordinates of `draws`."""
    dims = ("chain", "draw", "arm")
    return xr.Dataset(
        {
            name: (dims[: values.ndim], values)
            for name, values in zip(("events", "time_mean", "time_sd"), summary, strict=True)
        },
        coords={"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]},
    )
