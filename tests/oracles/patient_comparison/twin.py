"""Made-up patients of the embedded study, whose counts, means and SDs are the printed ones.

Counts are put in exactly; doses are one skewed set of values, shuffled, and then moved and stretched so that their
mean and SD are the printed ones to 11 decimals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mgbayes.study.describe import example

SIZES = {"AChR+": 17, "MuSK+": 16}
YES = {
    "remission": (12, 9),
    "relapse": (10, 6),
    "prednisone_stopped": (9, 10),
    "prednisone_10mg_or_less": (11, 10),
    "pis_mm_12m": (10, 11),
    "pis_improved": (11, 12),
    "sparing_baseline": (9, 9),
    "sparing_12m": (4, 4),
    "sparing_last": (3, 2),
    "maintenance_before": (4, 11),
    "maintenance_after": (3, 7),
    "rescue_before": (12, 11),
    "rescue_after": (5, 3),
    "thymectomy": (15, 5),
    "thymoma": (7, 0),
}
DOSES = {
    "prednisone_mg_baseline": ((46.8, 20.8), (30.9, 24.9)),
    "prednisone_mg_12m": ((11.8, 15.3), (9.5, 8.7)),
    "prednisone_mg_last": ((17.9, 15.6), (2.8, 3.8)),
}
FEMALE = (13, 11)
CLASSES = {
    "mgfa_baseline": ["II", "IIa", "IIIb", "III", "IV"],
    "mgfa_12m": ["0", "I", "II", "0", "IIa"],
    "mgfa_last": ["0", "0", "I", "0", "II"],
}
PRIVATE = ("patient", "remission_days", "relapse_days", "followup_days", *DOSES)
"""Columns whose cells must not come out."""


def twin(seed: int = 1, **yes: tuple[int, int]) -> pd.DataFrame:
    """33 patients in random order; other counts of a yes/no column can be given by its name."""
    rng = np.random.default_rng(seed)
    counts = YES | yes
    arms = [_arm(rng, at, name, counts) for at, name in enumerate(SIZES)]
    table = pd.concat(arms, ignore_index=True)
    n = len(table)
    table["patient"] = [f"ID{number}x" for number in rng.choice(10**9, n, replace=False)]
    table["followup_days"] = 3001 + rng.choice(2000, n, replace=False)
    table["remission_days"] = _when(table["remission"], 1201 + rng.choice(700, n, replace=False))
    table["relapse_days"] = _when(table["relapse"], 2101 + rng.choice(700, n, replace=False))
    table["remission_after_days"] = table["remission_by_days"] = pd.array([pd.NA] * n, dtype="Int64")
    return table.iloc[rng.permutation(n)].reset_index(drop=True)


def _arm(rng: np.random.Generator, at: int, name: str, counts: dict[str, Any]) -> pd.DataFrame:
    n = SIZES[name]
    columns: dict[str, Any] = {"antibody": [name] * n}
    for column, yes in counts.items():
        columns[column] = np.where(np.arange(n) < yes[at], "yes", "no")
        rng.shuffle(columns[column])
    columns |= {column: _doses(rng, n, *moments[at]) for column, moments in DOSES.items()}
    columns |= {column: rng.choice(words, n) for column, words in CLASSES.items()}
    columns["sex"] = ["female"] * FEMALE[at] + ["male"] * (n - FEMALE[at])
    columns["age"] = rng.integers(18, 80, n)
    columns["cycles"] = rng.integers(1, 6, n)
    columns["hospitalizations"] = rng.poisson(2, n)
    columns["rescue_events"] = rng.poisson(1, n)
    return pd.DataFrame(columns)


def _doses(rng: np.random.Generator, n: int, mean: float, sd: float) -> np.ndarray:
    """Skewed enough that none falls below zero; with 12 decimals, which Excel's files can hold."""
    shape = (np.arange(n) / (n - 1)) ** 6
    rng.shuffle(shape)
    return np.round(mean + sd * (shape - shape.mean()) / shape.std(ddof=1), 12)


def _when(happened: pd.Series, days: np.ndarray) -> pd.Series:
    return pd.Series(days, dtype="Int64").where(happened == "yes")


def write(table: pd.DataFrame, path: Path) -> Path:
    """Write the patients by the ending of the name."""
    if path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return path


def made_up_study(folder: Path) -> Path:
    """The embedded study, whose map says that the patients are made up."""
    path = folder / "study.toml"
    path.write_text(example().replace("\n[patients]\n", "\n[patients]\nsynthetic = true\n"), "utf-8")
    return path
