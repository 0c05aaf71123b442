"""Patient rows and studies made by hand for the tests on patient data."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from mgbayes.study import Study

VISITS = ("baseline", "12m")


def study_of(endpoints: list[dict[str, Any]], **more: Any) -> Study:
    raw = {
        "schema_version": 1,
        "id": "made",
        "title": "A study made by hand",
        "citation": "none",
        "question": "Is the second arm better?",
        "sources": [{"id": "A", "what": "made by hand"}],
        "arms": [
            {"id": "old", "label": "Old", "n": "4", "reference": True},
            {"id": "new", "label": "New", "n": "4"},
        ],
        "visits": [{"id": visit, "label": visit} for visit in VISITS],
        "endpoints": endpoints,
        "claims": [{"id": "n", "what": "patients", "source": ["A"], "printed": "8 patients"}],
    }
    return Study.model_validate(raw | more)


METHODS = {
    "source": ["A"],
    "tests": [
        {"test": "signed_rank", "kinds": ["continuous", "ordinal", "count"], "design": "paired"},
        {"test": "mann_whitney", "kinds": ["continuous", "ordinal", "count"], "design": "independent"},
        {"test": "t", "kinds": ["continuous", "count", "time_to_event"]},
        {"test": "chi_square", "kinds": ["binary"]},
        {"test": "fisher", "kinds": ["binary"]},
        {"test": "log_rank", "kinds": ["time_to_event"]},
    ],
}

ENDPOINTS = [
    {"id": "well", "label": "well", "kind": "binary"},
    {"id": "dose", "label": "dose", "kind": "continuous", "unit": "mg/day"},
    {"id": "grade", "label": "grade", "kind": "ordinal"},
    {"id": "attacks", "label": "attacks", "kind": "count"},
    {"id": "relapse", "label": "time to relapse", "kind": "time_to_event", "unit": "days"},
]


def rows_of(arms: list[str], **columns: Any) -> xr.Dataset:
    """A column of shape (patients,) or (patients, visits) for each name; ``__`` in a name stands for a point."""
    variables = {}
    for name, values in columns.items():
        array = np.asarray(values, float)
        dims = ("patient",) if array.ndim == 1 else ("patient", "visit")
        variables[name.replace("__", ".")] = (dims, array)
    coords = {
        "patient": np.arange(2, len(arms) + 2),
        "visit": list(VISITS),
        "arm": ("patient", np.array(arms, dtype=str)),
    }
    return xr.Dataset(variables, coords=coords)
