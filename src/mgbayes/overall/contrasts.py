r"""Contrasts of different outcomes on one scale: standard deviations of the outcome, benefit positive.

    a ratio        x = log(ratio / null)
    a difference   x = difference - null
    standardized   y = ± x · factor / spread,   + where higher is better, - where lower is

| standardization | factor | spread | why |
|---|---|---|---|
| odds_ratio | sqrt(3) / pi | 1 | a logistic variable has the SD pi / sqrt(3) (Chinn 2000, Stat Med 19:3127) |
| hazard_ratio | sqrt(6) / pi | 1 | with Weibull times a shift of log time, whose SD is pi / (sqrt(6) shape) |
| time_ratio | 1 | SD of the log times | a ratio of times is a shift of log time |
| difference | 1 | pooled SD | Cohen's d |
| posterior_sd | 1 | SD of the contrast | in units of what is not known of it, as a z value |

The last puts precise outcomes ahead of imprecise ones and is no size of an effect: it is there to see what the
choice of scale does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi, sqrt
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Standardization:
    """How a contrast is brought to the common scale."""

    id: str
    factor: float
    needs_spread: bool
    label: str


STANDARDIZATIONS = {
    row.id: row
    for row in (
        Standardization("odds_ratio", sqrt(3) / pi, False, "log odds ratio · √3/π"),
        Standardization("hazard_ratio", sqrt(6) / pi, False, "log hazard ratio · √6/π"),
        Standardization("time_ratio", 1.0, True, "log time ratio / SD of the log times"),
        Standardization("difference", 1.0, True, "difference / pooled SD"),
        Standardization("posterior_sd", 1.0, False, "in units of its own posterior SD"),
    )
}


@dataclass(frozen=True)
class Contrast:
    """One outcome's contrast on the common scale.

    Attributes:
        outcome, label: the outcome's id, and its name for a reader.
        mean, sd: of the standardized contrast, benefit positive.
        p_benefit: the probability that the contrast arm does better, from the draws themselves.
        unit: the unit of the common scale.
        standardization: how it was brought there.
    """

    outcome: str
    label: str
    mean: float
    sd: float
    p_benefit: float
    unit: str
    standardization: str


def contrast_of(
    draws: np.ndarray,
    *,
    outcome: str,
    label: str,
    benefit: Literal["higher", "lower"],
    standardization: str,
    ratio: bool,
    null: float | None = None,
    spread: np.ndarray | float | None = None,
) -> Contrast:
    """Standardize posterior draws of a contrast, of any shape.

    ``null`` is 1 for a ratio and 0 for a difference unless it is given. ``spread`` is the outcome's SD on
    the scale of the contrast (of the log times for a time ratio), a number or draws of the same shape.
    Raises ValueError for a standardization that is not known, a spread that is missing, not asked for or not
    positive, and a ratio that is not positive.
    """
    row = _known(standardization)
    x = _against_null(np.asarray(draws, dtype=float), ratio, null)
    y = (1.0 if benefit == "higher" else -1.0) * row.factor * x / _spread(row, spread, x)
    return Contrast(
        outcome=outcome,
        label=label,
        mean=float(y.mean()),
        sd=float(y.std(ddof=1)),
        p_benefit=float((y > 0).mean()),
        unit="posterior SD" if row.id == "posterior_sd" else "SD",
        standardization=row.id,
    )


def in_posterior_sds(contrast: Contrast) -> Contrast:
    """A contrast in units of its own posterior standard deviation."""
    return replace(
        contrast,
        mean=contrast.mean / contrast.sd,
        sd=1.0,
        unit="posterior SD",
        standardization="posterior_sd",
    )


def _known(standardization: str) -> Standardization:
    if standardization not in STANDARDIZATIONS:
        raise ValueError(f"{standardization!r} is none of {', '.join(STANDARDIZATIONS)}")
    return STANDARDIZATIONS[standardization]


def _against_null(draws: np.ndarray, ratio: bool, null: float | None) -> np.ndarray:
    if not ratio:
        return draws - (0.0 if null is None else null)
    if draws.min() <= 0:
        raise ValueError("a ratio has draws that are not positive")
    return np.log(draws / (1.0 if null is None else null))


def _spread(row: Standardization, spread: np.ndarray | float | None, x: np.ndarray) -> np.ndarray | float:
    if row.needs_spread != (spread is not None):
        raise ValueError(
            f"{row.id} {'needs the SD of the outcome' if row.needs_spread else 'takes no spread'}"
        )
    if spread is not None:
        values = np.asarray(spread, dtype=float)
        if values.min() <= 0:
            raise ValueError("the SD of an outcome is above 0")
        return values
    return float(x.std(ddof=1)) if row.id == "posterior_sd" else 1.0
