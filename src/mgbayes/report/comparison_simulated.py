"""What simulated studies say of methods for times and for measured outcomes: sentences and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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

    @property
    def keeps_level(self) -> bool:
        """Whether it concludes by mistake no more often than it says, within simulation error, in all scenarios."""
        return self.by_mistake <= ALPHA + _ERRORS * self.by_mistake_error


def rows(simulated: Simulated) -> list[Row]:
    """The methods, those that find most first."""
    data = simulated.dataset
    ranked_methods = []
    for name, label in simulated.labels.items():
        it = data.sel(rule=name)
        worst = int(np.nanargmax(it["concludes_by_mistake"]))
        power = it["power"].to_numpy()
        # Scenarios share their seeds: the error of the mean is at most the mean of the errors.
        error = float(np.nanmean(it["power_mcse"]))
        coverage = it["coverage"].to_numpy() if "coverage" in it else np.array([np.nan])
        least = None if np.isnan(coverage).all() else int(np.nanargmin(coverage))
        ranked_methods.append(
            Row(
                rule=name,
                label=label,
                by_mistake=float(it["concludes_by_mistake"][worst]),
                by_mistake_error=float(it["concludes_by_mistake_mcse"][worst]),
                power=float(np.nanmean(power)),
                power_error=error,
                coverage=None if least is None else float(coverage[least]),
                coverage_error=None if least is None else float(it["coverage_mcse"][least]),
                no_answer=float(it["no_answer"].max()),
            )
        )
    return sorted(ranked_methods, key=lambda row: -row.power)


def sentences(simulated: Simulated) -> list[str]:
    """Which methods keep their level, which of them finds most, and where another would find more."""
    ranked = rows(simulated)
    exact_level = [row for row in ranked if row.keeps_level]
    over = [row for row in ranked if not row.keeps_level]
    what = "a time to an event" if simulated.kind is TimesTruth else "a measured outcome"
    texts = []
    if exact_level:
        best = exact_level[0]
        others = [row.label for row in exact_level[1:] if best.power - row.power < _ERRORS * best.power_error]
        alike = f" ({'; '.join(others)} within simulation error of it)" if others else ""
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
        "rows": [
            {
                "label": row.label,
                "by_mistake": _share(row.by_mistake, row.by_mistake_error),
                "power": _share(row.power, row.power_error),
                "coverage": "none"
                if row.coverage is None
                else _share(row.coverage, row.coverage_error or 0.0),
                "no_answer": f"{100 * row.no_answer:.1f} %",
            }
            for row in order
        ],
        "names": [row.label for row in order],
        "scenarios": [
            {
                "label": simulated.truths[j].label,
                "cells": [f"{100 * float(share.sel(rule=row.rule)[j]):.0f}" for row in order],
            }
            for j in (*nulls, *effects)
        ],
    }


def table(simulated: Simulated | None) -> pd.DataFrame:
    """One row a method and scenario: every figure with its Monte Carlo error."""
    if simulated is None:
        return pd.DataFrame()
    return simulated.dataset.to_dataframe().reset_index()


def _share(value: float, error: float) -> str:
    return f"{100 * value:.1f} % ± {100 * error:.1f}"
