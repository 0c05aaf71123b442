r"""Benefit over the main outcomes from joint draws: contrasts, how outcomes go together, and benefit over all.

The outcomes' contrasts are brought to one scale, standard deviations of the outcome with benefit positive:
log odds ratio · √3/π (a logistic variable's SD; Chinn 2000, Stat Med 19:3127), - log hazard ratio · √6/π (Weibull
times), - difference in the last dose at equal baseline / pooled SD of the patients' last doses. Of the three in
one draw

    mean_benefit       their mean
    middle_benefit     the middle one: above 0 if at least two favour the contrast arm
    least_benefit      the least: above 0 if all three do

so that the probabilities of benefit of these three are P(mean > 0), P(at least two) and P(all three). Each draw is of
all outcomes together: what the data say of their dependence is in it, and nothing is assumed of it.
"""

from collections.abc import Mapping
from math import pi, sqrt
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.estimands.estimand import Estimand

_TOGETHER = "latent correlation of"

ESTIMANDS: dict[str, Estimand] = {
    e.id: e
    for e in (
        Estimand("odds_ratio_remission", "odds ratio of ever remitting", "", 1.0, "higher"),
        Estimand("hazard_ratio", "hazard ratio of relapse", "", 1.0, "lower"),
        Estimand(
            "adjusted_difference_last",
            "difference in prednisone dose at last visit, at equal baseline dose",
            "mg/day",
            0.0,
            "lower",
        ),
        Estimand("mean_benefit", "mean benefit over remission, relapse and dose", "SD", 0.0, "higher"),
        Estimand(
            "middle_benefit", "middle benefit of the three (above 0: at least two gain)", "SD", 0.0, "higher"
        ),
        Estimand(
            "least_benefit", "least benefit of the three (above 0: all three gain)", "SD", 0.0, "higher"
        ),
        Estimand(
            "correlation_remission_relapse",
            f"{_TOGETHER} remitting and staying free of relapse",
            "",
            0.0,
            None,
        ),
        Estimand("correlation_remission_dose", f"{_TOGETHER} remitting and a low last dose", "", 0.0, None),
        Estimand(
            "correlation_relapse_dose",
            f"{_TOGETHER} staying free of relapse and a low last dose",
            "",
            0.0,
            None,
        ),
    )
}


def estimands(draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """The contrasts of ``ESTIMANDS``, one value for each draw."""
    difference = _adjusted_last(draws, data)
    benefits = xr.concat(
        [
            draws["log_odds_ratio"] * sqrt(3) / pi,
            -draws["log_hazard_ratio"] * sqrt(6) / pi,
            -difference / _pooled_sd(data),
        ],
        "outcome",
    )
    ranked = np.sort(benefits.transpose("outcome", "chain", "draw").to_numpy(), axis=0)
    loading = {name: np.tanh(draws[f"{name}_loading"]) for name in ("remission", "relapse", "dose")}
    return xr.Dataset(
        {
            "odds_ratio_remission": np.exp(draws["log_odds_ratio"]),
            "hazard_ratio": np.exp(draws["log_hazard_ratio"]),
            "adjusted_difference_last": difference,
            "mean_benefit": benefits.mean("outcome"),
            "middle_benefit": (("chain", "draw"), ranked[1]),
            "least_benefit": (("chain", "draw"), ranked[0]),
            "correlation_remission_relapse": loading["remission"] * loading["relapse"],
            "correlation_remission_dose": loading["remission"] * loading["dose"],
            "correlation_relapse_dose": loading["relapse"] * loading["dose"],
        }
    )


def _adjusted_last(draws: xr.Dataset, data: Mapping[str, Any]) -> xr.DataArray:
    """E[last dose | baseline dose b] of the contrast less the reference arm, b the patients' mean baseline dose."""
    baseline = float(np.average(np.asarray(data["dose"])[..., 0], weights=np.asarray(data["dose_known"])))
    mean, sd = (draws[name].transpose("chain", "draw", "arm", "visit") for name in ("mean", "sd"))
    at_first, at_last = ((mean.isel(visit=v, drop=True), sd.isel(visit=v, drop=True)) for v in (0, 2))
    slope = draws["correlation"].isel(pair=1, drop=True) * at_last[1] / at_first[1]
    expected = at_last[0] + slope * (baseline - at_first[0])
    return expected.isel(arm=1, drop=True) - expected.isel(arm=0, drop=True)


def _pooled_sd(data: Mapping[str, Any]) -> float:
    """Pooled SD of the patients' last doses, mg/day."""
    last, known = np.asarray(data["dose"])[..., 2], np.asarray(data["dose_known"]) == 1
    squares = sum(((last[a][known[a]] - last[a][known[a]].mean()) ** 2).sum() for a in (0, 1))
    return float(np.sqrt(squares / (known.sum() - 2)))
