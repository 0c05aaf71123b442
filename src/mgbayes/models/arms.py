"""The two arms as a labelled axis: the reference at index 0, the contrast at index 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from mgbayes.patients.patient_rows import PatientRows

ARM = xr.DataArray([0.0, 1.0], dims="arm", coords={"arm": ["reference", "contrast"]}, name="arm")
"""The arm indicator: multiplies an effect, and labels what it is added to."""

HALVES = ARM - 0.5
"""Half a difference to each side of the level between the arms."""


def contrast(by_arm: Any) -> Any:
    """The contrast arm minus the reference arm."""
    return by_arm.sel(arm="contrast", drop=True) - by_arm.sel(arm="reference", drop=True)


def arms_of(rows: PatientRows) -> list[np.ndarray]:
    """Which rows of a spreadsheet are of the reference arm, and which of the contrast arm."""
    return [rows.arms == arm.id for arm in (rows.study.reference, rows.study.contrast)]


def padded(values: Sequence[np.ndarray], padding: float) -> np.ndarray:
    """Values (patient, ...) of each arm as (arm, patient, ...), filled up to the larger one."""
    size = max(map(len, values))
    return np.stack(
        [np.concatenate([part, np.full((size - len(part), *part.shape[1:]), padding)]) for part in values]
    )


def places(rows: PatientRows, arms: Sequence[np.ndarray]) -> np.ndarray:
    """The row of the spreadsheet of each patient of the arms, (arm, patient); 0 in padding."""
    row = rows.data["patient"].to_numpy().astype(float)
    return padded([row[arm] for arm in arms], 0.0)
