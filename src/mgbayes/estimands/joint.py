r"""Benefit over the main outcomes from joint draws: contrasts, how outcomes go together, and benefit over all.

The outcomes' contrasts are brought to one scale, standard deviations of the outcome with benefit positive, each
turned by the direction in which its outcome is better: log odds ratio · √3/π (a logistic variable's SD; Chinn 2000,
Stat Med 19:3127), log hazard ratio · √6/π (Weibull times), difference at the last visit at equal baseline / pooled SD
of the patients' last values. Of the three in one draw

    mean_benefit       their mean
    middle_benefit     the middle one: above 0 if at least two favour the contrast arm
    least_benefit      the least: above 0 if all three do

so that the probabilities of benefit of these three are P(mean > 0), P(at least two) and P(all three). Each draw is of
all outcomes together: what the data say of their dependence is in it, and nothing is assumed of it. Where an outcome
has no direction of benefit the three are left out.
"""

from collections.abc import Mapping
from math import pi, sqrt
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.outcome import Outcome

_TOGETHER = "Latent correlation of"
_LOADINGS = ("cure", "hazard", "continuous")


def declared(cure: Outcome, hazard: Outcome, continuous: Outcome) -> tuple[Estimand, ...]:
    """The contrasts of an event that some have, of one that all have, and of a continuous outcome."""
    last, lower = continuous.visits[-1], f"a low {continuous.label} at {continuous.visits[-1].label}"
    ever, free = f"{cure.event} at any time", f"late {hazard.event}"
    rows = [
        Estimand("odds_ratio_ever", f"Odds ratio, {ever}", "", 1.0, cure.opposite),
        Estimand("hazard_ratio", f"Hazard ratio, {hazard.event}", "", 1.0, hazard.opposite),
        Estimand(
            f"adjusted_difference_{last.id}",
            f"Difference in {continuous.label} at {last.label}, at equal baseline",
            continuous.unit,
            0.0,
            continuous.benefit,
        ),
    ]
    if _signs(cure, hazard, continuous) is not None:
        every = f"{cure.event}, {hazard.event} and {continuous.label}"
        rows += [
            Estimand("mean_benefit", f"Mean benefit over {every}", "SD", 0.0, "higher"),
            Estimand(
                "middle_benefit",
                "Middle benefit of the three (above 0: at least two gain)",
                "SD",
                0.0,
                "higher",
            ),
            Estimand(
                "least_benefit", "Least benefit of the three (above 0: all three gain)", "SD", 0.0, "higher"
            ),
        ]
    return (
        *rows,
        Estimand("correlation_cure_hazard", f"{_TOGETHER} {ever} and {free}", "", 0.0, None),
        Estimand("correlation_cure_continuous", f"{_TOGETHER} {ever} and {lower}", "", 0.0, None),
        Estimand("correlation_hazard_continuous", f"{_TOGETHER} {free} and {lower}", "", 0.0, None),
    )


def _signs(cure: Outcome, hazard: Outcome, continuous: Outcome) -> tuple[float, float, float] | None:
    """Of log odds ratio, log hazard ratio and difference: whether more is better (1) or worse (-1)."""
    directions = (cure.opposite, hazard.opposite, continuous.benefit)
    if None in directions:
        return None
    one, two, three = (1.0 if direction == "higher" else -1.0 for direction in directions)
    return one, two, three


def estimands(
    draws: xr.Dataset, data: Mapping[str, Any], cure: Outcome, hazard: Outcome, continuous: Outcome
) -> xr.Dataset:
    """The contrasts that are declared, one value for each draw."""
    difference = adjusted_last(draws, data)
    contrasts = {
        "odds_ratio_ever": np.exp(draws["log_odds_ratio"]),
        "hazard_ratio": np.exp(draws["log_hazard_ratio"]),
        f"adjusted_difference_{continuous.visits[-1].id}": difference,
    }
    signs = _signs(cure, hazard, continuous)
    if signs is not None:
        scaled = (
            draws["log_odds_ratio"] * sqrt(3) / pi,
            draws["log_hazard_ratio"] * sqrt(6) / pi,
            difference / _pooled_sd(data),
        )
        benefits = xr.concat([sign * part for sign, part in zip(signs, scaled, strict=True)], "outcome")
        ranked = np.sort(benefits.transpose("outcome", "chain", "draw").to_numpy(), axis=0)
        contrasts |= {
            "mean_benefit": benefits.mean("outcome"),
            "middle_benefit": xr.DataArray(ranked[1], dims=("chain", "draw")),
            "least_benefit": xr.DataArray(ranked[0], dims=("chain", "draw")),
        }
    loading = {name: np.tanh(draws[f"{name}_loading"]) for name in _LOADINGS}
    contrasts |= {
        f"correlation_{one}_{other}": loading[one] * loading[other]
        for one, other in (("cure", "hazard"), ("cure", "continuous"), ("hazard", "continuous"))
    }
    return xr.Dataset(contrasts)


def adjusted_last(draws: xr.Dataset, data: Mapping[str, Any]) -> xr.DataArray:
    """E[last value | baseline b] of the contrast less the reference arm, b the patients' mean at baseline."""
    baseline = float(np.average(np.asarray(data["value"])[..., 0], weights=np.asarray(data["value_known"])))
    mean, sd = (draws[name].transpose("chain", "draw", "arm", "visit") for name in ("mean", "sd"))
    at_first, at_last = ((mean.isel(visit=v, drop=True), sd.isel(visit=v, drop=True)) for v in (0, 2))
    slope = draws["correlation"].isel(pair=1, drop=True) * at_last[1] / at_first[1]
    expected = at_last[0] + slope * (baseline - at_first[0])
    return expected.isel(arm=1, drop=True) - expected.isel(arm=0, drop=True)


def _pooled_sd(data: Mapping[str, Any]) -> float:
    """Pooled SD of the patients' last values."""
    last, known = np.asarray(data["value"])[..., 2], np.asarray(data["value_known"]) == 1
    squares = sum(((last[a][known[a]] - last[a][known[a]].mean()) ** 2).sum() for a in (0, 1))
    return float(np.sqrt(squares / (known.sum() - 2)))
