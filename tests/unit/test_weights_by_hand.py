"""Weights of patients who are alike, and half a patient in an empty cell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.models.adjusted import averaged, covariate_data
from mgbayes.models.effect_likelihoods import OfCounts


def test_patients_who_are_alike_count_as_many() -> None:
    """Three of five patients have the first covariate: a chance of 0.9 in them and 0.4 in the others."""
    present = np.array([[1, 1, 1], [1, 1, 0]])
    values = np.array([[[1.0], [1.0], [0.0]], [[1.0], [0.0], [7.0]]])
    data = covariate_data(values, present, ["x"], ["x"])
    chance = xr.DataArray(np.where(data["covariate_points"][:, 0] == 1, 0.9, 0.4), dims="point")
    assert float(averaged(chance, data)) == pytest.approx((3 * 0.9 + 2 * 0.4) / 5)


def test_where_a_cell_is_empty_half_a_patient_is_added_to_each() -> None:
    """0 of 10 against 6 of 12: (6.5 / 6.5) / (0.5 / 10.5); 5 of 10 against 6 of 12: 1."""
    drawn = iter([np.array([[0, 5]]), np.array([[6, 6]])])
    rng: Any = SimpleNamespace(binomial=lambda *_: next(drawn))
    half = xr.DataArray([[0.0, 0.0]], dims=("chain", "draw"))
    draws = xr.Dataset({"log_odds": half, "log_odds_ratio": half})
    found = OfCounts().again(rng, draws, {"n": np.array([10, 12]), "measure": np.array(["odds_ratio"])})
    assert found.tolist() == [pytest.approx([21.0, 1.0])]
