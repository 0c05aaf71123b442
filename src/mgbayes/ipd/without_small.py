"""Patients without the endpoints that have a small cell, for models whose results would tell the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgbayes.ipd.cells import small_cells
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import xarray as xr


def without_small_cells(study: Study, patients: xr.Dataset, below: int) -> xr.Dataset:
    """The dataset without every endpoint of which some cell is below the threshold (mgbayes.ipd.cells).

    Covariates go too: an adjusted fit tells of cells within cells. So does the file's hash, which would confirm a
    guess at the file. What is left is the same whatever the hidden cells hold.
    """
    from mgbayes.patients.patient_rows import PatientRows

    hidden = small_cells(PatientRows(study, patients), below).whole
    dropped = [
        name
        for name in map(str, patients.data_vars)
        if name.partition(".")[0] in hidden or name.startswith("covariate.")
    ]
    about = {"masked_below": below, "hidden": sorted(hidden), "file_sha256": ""}
    return patients.drop_vars(dropped).assign_attrs(about)
