"""Patients without the endpoints that have a small cell, for models whose results would disclose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgbayes.patient_comparison.cells import small_cells
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import xarray as xr


def without_small_cells(study: Study, patients: xr.Dataset, below: int) -> xr.Dataset:
    """The dataset without every endpoint that has a cell below the threshold (see ``cells``).

    Covariates are removed too, since an adjusted fit depends on cells within cells, and so is the file's hash, which
    would confirm a guess at the file. What remains is the same whatever the hidden cells hold.
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
