"""What simulated studies say of methods for times and for measured outcomes: sentences and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mgbayes.comparison.simulated import Simulated
from mgbayes.comparison.tables import ALPHA
from mgbayes.comparison.truths import FOLLOWED, TimesTruth
from mgbayes.report import words

_ERRORS = 2.0
"""Monte Carlo errors beyond which a share is above another."""


@dataclass(frozen=True)
class Row:
    """One method over all scenarios, each figure with its Monte Carlo error; None where a method has none."""

    rule: str
    label: str
    by_mistake: float
    by_mistake_error: float
    power: float
    power_error: float
    coverage: float | None
    coverage_error: float | None
    no_answer: float
    by_nuts: float
    bayesian: bool
    symmetric: bool

    @property
    def keeps_level(self) -> bool:
        """Whether it concludes by mistake no more often than it says, within simulation error, in all scenarios."""
        return self.by_mistake <= ALPHA + _ERRORS * self.by_mistake_error


def rows(simulated: Simulated) -> list[Row]:
    """The methods, those that find most first."""
    data = simulated.dataset
    fixed = [j for j, truth in enumerate(simulated.truths) if not truth.random]
    ranked_methods = []
    for name, method in simulated.methods.items():
        label = method.label
        it = data.sel(rule=name)
        worst = _place(it["concludes_by_mistake"].to_numpy(), np.nanargmax)
        power = it["power"].to_numpy()[fixed]
        # Scenarios share their seeds: the error of the mean is at most the mean of the errors.
        error = _mean(it["power_mcse"].to_numpy()[fixed])
        coverage = it["coverage"].to_numpy() if "coverage" in it else np.array([np.nan])
        least = _place(coverage, np.nanargmin)
        ranked_methods.append(
            Row(
                rule=name,
                label=label,
                by_mistake=np.nan if worst is None else float(it["concludes_by_mistake"][worst]),
                by_mistake_error=np.nan if worst is None else float(it["concludes_by_mistake_mcse"][worst]),
                power=_mean(power),
                power_error=error,
                coverage=None if least is None else float(coverage[least]),
                coverage_error=None if least is None else float(it["coverage_mcse"][least]),
                no_answer=float(it["no_answer"].max()),
                by_nuts=float(it["by_nuts"].mean()),
                bayesian=method.bayesian,
                symmetric=method.symmetric,
            )
        )
    return sorted(ranked_methods, key=lambda row: -np.nan_to_num(row.power))


def _difference_errors(simulated: Simulated, best: str) -> dict[str, float]:
    """Monte Carlo errors of the differences in mean power from one method, on the same studies."""
    effects = [j for j, truth in enumerate(simulated.truths) if not truth.random and truth.effect != 0]
    errors = simulated.dataset["difference_mcse"].sel(rule=best).isel(scenario=effects).mean("scenario")
    return dict(zip(simulated.sums, errors.to_numpy().tolist(), strict=True))


def _place(values: NDArray[np.float64], which: Callable[..., Any]) -> int | None:
    return None if np.isnan(values).all() else int(which(values))


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def sentences(simulated: Simulated) -> list[str]:
    """Which methods keep their level, which of them finds most, and where another would find more."""
    ranked = rows(simulated)
    exact_level = [row for row in ranked if row.keeps_level and row.symmetric]
    over = [row for row in ranked if row.by_mistake > ALPHA and not row.keeps_level]
    what = "a time to an event" if simulated.kind is TimesTruth else "a measured outcome"
    texts = []
    if exact_level:
        best = exact_level[0]
        error = _difference_errors(simulated, best.rule)
        others = [row.label for row in exact_level[1:] if best.power - row.power < _ERRORS * error[row.rule]]
        alike = f" ({'; '.join(others)} within simulation error of it on the same studies)" if others else ""
        texts.append(
            f"For {what}, {best.label} finds most of the methods that keep their level in every scenario without an "
            f"effect: {words.percent(best.power)} on average over the effects looked at{alike}."
        )
    if over:
        listed = "; ".join(f"{row.label} {_share(row.by_mistake, row.by_mistake_error)}" for row in over)
        texts.append(f"More than {words.percent(ALPHA)} by mistake in some scenario: {listed}.")
    return texts


def part(simulated: Simulated) -> dict[str, Any]:
    """What the page shows of one kind of outcome."""
    data = simulated.dataset
    times = simulated.kind is TimesTruth
    effects = [j for j, truth in enumerate(simulated.truths) if truth.effect != 0]
    nulls = [j for j, truth in enumerate(simulated.truths) if truth.effect == 0]
    order = rows(simulated)
    share = data["power"].fillna(data["concludes_by_mistake"])
    first, last = FOLLOWED
    return {
        "id": "times" if times else "values",
        "title": "Times to an event" if times else "Measured outcomes",
        "studies": max(row.studies for sums in simulated.sums.values() for row in sums),
        "setting": (
            f"Times in medians of the reference arm; patients are followed for {first:g} to {last:g} of them."
            if times
            else "Effects in SDs of a normal score; baseline and outcome correlate by 0.5."
        ),
        "sentences": sentences(simulated),
        "parts": [
            {"title": title, "rows": [_cells(row) for row in order if (row.bayesian, row.symmetric) == which]}
            for title, which in _PARTS
        ],
        "by_nuts": f"{100 * max(row.by_nuts for row in order):.2f} %",
        "figures": f"{'times' if times else 'values'}",
        "names": [row.label for row in order],
        "truths": [truth.label for truth in simulated.truths],
        "scenarios": [
            {
                "label": simulated.truths[j].label,
                "cells": [f"{100 * float(share.sel(rule=row.rule)[j]):.0f}" for row in order],
            }
            for j in (*nulls, *effects)
        ],
    }


_PARTS = (
    ("Tests", (False, True)),
    ("Bayesian methods that favour neither arm", (True, True)),
    ("Bayesian methods whose prior favours an arm", (True, False)),
)


def _cells(row: Row) -> dict[str, str]:
    return {
        "label": row.label,
        "by_mistake": _share(row.by_mistake, row.by_mistake_error),
        "power": _share(row.power, row.power_error),
        "coverage": "none" if row.coverage is None else _share(row.coverage, row.coverage_error or 0.0),
        "no_answer": f"{100 * row.no_answer:.1f} %",
    }


def table(simulated: Simulated | None) -> pd.DataFrame:
    """One row a method and scenario: every figure with its Monte Carlo error."""
    return (
        pd.DataFrame()
        if simulated is None
        else simulated.dataset.drop_dims(["range", "other"]).to_dataframe().reset_index()
    )


def _share(value: float, error: float) -> str:
    return "none" if np.isnan(value) else f"{100 * value:.1f} % ± {100 * error:.1f}"
