"""The public data sets and what R printed for them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mgbayes.frequentist.samples import FollowUp, Pairs, TwoGroups

HERE = Path(__file__).parent
CLOSE = 1e-6


@cache
def figures() -> dict[str, Any]:
    return json.loads((HERE / "r_figures.json").read_text())


@cache
def data(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / f"{name}.csv")


def two_groups(name: str, column: str, arm: str, reference: object, contrast: object) -> TwoGroups:
    rows = data(name).dropna(subset=[column])
    one, other = (rows.loc[rows[arm] == value, column].to_numpy(float) for value in (reference, contrast))
    return TwoGroups(one, other)


# file, column of time, of the event, its code, column of the two groups (1 is the reference, 2 the contrast)
FOLLOWED = {
    "ovarian": ("ovarian", "futime", "fustat", 1, "rx"),
    "veteran": ("veteran", "time", "status", 1, "trt"),
    "kidney": ("kidney", "time", "status", 1, "sex"),
    "pbc": ("pbc", "time", "status", 2, "trt"),
}


def followed(name: str) -> FollowUp:
    file, time, status, code, arm = FOLLOWED[name]
    rows = data(file)
    event, contrast = (rows[status] == code).to_numpy(), (rows[arm] == 2).to_numpy()
    return FollowUp(rows[time].to_numpy(float), event, contrast)


def infections(column: str) -> Pairs:
    """First and second infection of each patient."""
    values = data("kidney")[column].to_numpy(float)
    return Pairs(values[0::2], values[1::2])


# Cushny and Peebles 1905; Student 1908: extra hours of sleep with two drugs
SLEEP = Pairs(
    np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
    np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]),
)


def large_cell() -> TwoGroups:
    rows = data("veteran")
    rows = rows[rows["celltype"] == "large"]
    one, other = (rows.loc[rows["trt"] == arm, "karno"].to_numpy(float) for arm in (1, 2))
    return TwoGroups(one, other)


def bladder() -> TwoGroups:
    rows = data("bladder")
    one, other = (rows[rows["treatment"] == arm] for arm in ("placebo", "thiotepa"))
    return TwoGroups(
        one["recurrences"].to_numpy(float),
        other["recurrences"].to_numpy(float),
        one["months"].to_numpy(float),
        other["months"].to_numpy(float),
    )
