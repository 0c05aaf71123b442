"""The dataset of patients, from values that met every rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mgbayes.patients.fields import ARM, COVARIATE
from mgbayes.patients.time_rules import censored_part, days_of, event_of
from mgbayes.study.patient_map import Covariate, EndpointColumns, PatientMap
from mgbayes.study.schema import DAYS_IN, Endpoint, Kind, Study

if TYPE_CHECKING:
    import pandas as pd

Variable = tuple[str, tuple[str, ...], Any, dict[str, Any]]
"""Name, dimensions, values, attributes."""


def dataset(
    study: Study, mapping: PatientMap, frame: pd.DataFrame, file_sha256: str, *, synthetic: bool
) -> xr.Dataset:
    """The dataset that mgbayes.patients describes."""
    used = {visit for role in frame for _, at, visit in [str(role).partition("@")] if at}
    visits = [visit.id for visit in study.visits if visit.id in used]
    arms = np.array([arm.id for arm in study.arms])
    variables = [
        *(variable for row in mapping.endpoints for variable in _endpoint(study, row, frame, visits)),
        *(_covariate(row, frame) for row in mapping.covariates),
    ]
    return xr.Dataset(
        {name: (dims, values, attrs) for name, dims, values, attrs in variables},
        coords={
            "patient": (
                "patient",
                frame.index.to_numpy(dtype=np.int64),
                {"long_name": "row in the spreadsheet"},
            ),
            "visit": ("visit", np.array(visits, dtype=np.str_)),
            "arm": ("patient", arms[frame[ARM].to_numpy(dtype=np.int64)]),
        },
        attrs={"study": study.id, "synthetic": synthetic, "file_sha256": file_sha256},
    )


def _values(frame: pd.DataFrame, role: str) -> Any:
    return frame[role].to_numpy(dtype=np.float64, copy=True)


def _covariate(row: Covariate, frame: pd.DataFrame) -> Variable:
    name = f"{COVARIATE}.{row.name}"
    attrs: dict[str, Any] = {"long_name": row.label or row.name, "units": row.unit}
    if row.kind == "category":
        attrs["levels"] = list(row.values)
    return name, ("patient",), _values(frame, name), attrs


def _endpoint(
    study: Study, row: EndpointColumns, frame: pd.DataFrame, visits: list[str]
) -> Iterator[Variable]:
    endpoint = study.endpoint(row.endpoint)
    attrs: dict[str, Any] = {"long_name": endpoint.label, "units": endpoint.unit}
    if endpoint.kind is Kind.time_to_event:
        yield from _time_to_event(endpoint, row, frame)
        return
    if row.levels:
        attrs["levels"] = [words[0] for words in row.level_spellings]
    if row.column is not None and not row.by_visit:
        yield endpoint.id, ("patient",), _values(frame, endpoint.id), attrs
    else:
        roles = [f"{endpoint.id}@{visit}" for visit in visits]
        values = np.column_stack([_or_nan(frame, role) for role in roles])
        yield endpoint.id, ("patient", "visit"), values, attrs
    if row.exposure is not None:
        exposure = f"{endpoint.id}.exposure"
        yield exposure, ("patient",), _values(frame, exposure), {"units": "days"}


def _or_nan(frame: pd.DataFrame, role: str) -> Any:
    return _values(frame, role) if role in frame else np.full(len(frame), np.nan)


def _time_to_event(endpoint: Endpoint, row: EndpointColumns, frame: pd.DataFrame) -> Iterator[Variable]:
    """Event, time and bounds: an exact time is its own bounds, a censored one has no upper bound."""
    event = event_of(endpoint, row)(frame).to_numpy(dtype=np.float64)
    empty = np.full(len(frame), np.nan)
    # Differences of dates are days; numbers stand in the endpoint's unit already.
    days_in_unit = DAYS_IN.get(endpoint.unit, 1.0) if row.start is not None else 1.0
    days = {
        part: days_of(endpoint, row, part)(frame).to_numpy(dtype=np.float64) / days_in_unit
        if getattr(row, part) is not None
        else empty
        for part in ("time", "followup", "lower", "upper")
    }
    seen = np.where(np.isnan(days["time"]), days["upper"], days["time"])
    happened, censored = event == 1, event == 0
    time = np.where(happened, seen, np.where(censored, days[censored_part(row)], np.nan))
    lower = np.where(happened & ~np.isnan(days["lower"]), days["lower"], time)
    upper = np.where(happened & ~np.isnan(days["upper"]), days["upper"], np.where(censored, np.inf, time))
    for part, values in (("event", event), ("time", time), ("lower", lower), ("upper", upper)):
        units = "" if part == "event" else endpoint.unit or "days"
        yield f"{endpoint.id}.{part}", ("patient",), values, {"long_name": endpoint.label, "units": units}
