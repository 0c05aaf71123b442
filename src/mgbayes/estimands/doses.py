r"""Doses by visit: contrasts and curves from posterior draws alone.

Draws carry ``mean`` and ``sd`` (chain, draw, arm, visit), in mg/day, and ``correlation`` (chain,
draw, arm, pair) of normal scores. With μ_av the mean of arm a at visit v (1 = baseline), contrast
minus reference throughout:

- reduction difference at v: (μ_C1 - μ_Cv) - (μ_R1 - μ_Rv);
- adjusted difference at v: E[dose_Cv | dose_C1 = b] - E[dose_Rv | dose_R1 = b], where b is the
  pooled baseline, the mean of both arms' printed (or observed) baseline means weighted by their
  patients: one fixed dose for every draw. For the normal family E[dose_av | dose_a1 = b] = μ_av +
  ω_a1v (σ_av / σ_a1) (b - μ_a1), with each arm's own slope; for others it is the mean over the
  Gaussian copula, by Gauss-Hermite quadrature. The hurdle family has its own formula
  (mgbayes.models.hurdle_doses) and draws of ``zero_share``, ``log_mean``, ``between`` and
  ``within`` in place of ``sd`` and ``correlation``.
"""

import numpy as np
import xarray as xr
from scipy import special

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.marginals import MARGINALS, Marginal

VISITS = ("baseline", "12m", "last")
LATER = VISITS[1:]

ESTIMANDS = {
    estimand.id: estimand
    for estimand in (
        Estimand(
            "reduction_difference_12m",
            "Difference in prednisone reduction from baseline to 12 months",
            "mg/day",
            0.0,
            "higher",
        ),
        Estimand(
            "reduction_difference_last",
            "Difference in prednisone reduction from baseline to last visit",
            "mg/day",
            0.0,
            "higher",
        ),
        Estimand(
            "adjusted_difference_12m",
            "Difference in prednisone dose at 12 months, at equal baseline dose",
            "mg/day",
            0.0,
            "lower",
        ),
        Estimand(
            "adjusted_difference_last",
            "Difference in prednisone dose at last visit, at equal baseline dose",
            "mg/day",
            0.0,
            "lower",
        ),
    )
}

# Exact for polynomials of the score up to degree 39; the gamma's quantile needs fewer.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def pooled_baseline(data: dict[str, np.ndarray]) -> float:
    """Return b in mg/day, from printed means or from the patients' own baseline doses."""
    if "seen" in data:
        return float(np.average(data["dose"][..., 0], weights=data["seen"][..., 0]))
    if "dose" in data:
        doses = [dose[:n, 0] for dose, n in zip(data["dose"], data["n"], strict=True)]
        return float(np.concatenate(doses).mean())
    return float(np.average(data["printed_mean"][:, 0], weights=data["n"]))


def estimands(draws: xr.Dataset, data: dict[str, np.ndarray], family: str = "normal") -> xr.Dataset:
    """Return every estimand of `ESTIMANDS` as (chain, draw)."""
    means = draws["mean"]
    baseline = pooled_baseline(data)
    at_equal_baseline = (
        expected_given_baseline(draws, MARGINALS[family], baseline)
        if family in MARGINALS
        else hurdle_given_baseline(draws, baseline)
    )
    result = {}
    for visit in LATER:
        reduction = means.sel(visit="baseline", drop=True) - means.sel(visit=visit, drop=True)
        adjusted = at_equal_baseline.sel(visit=visit, drop=True)
        result[f"reduction_difference_{visit}"] = _contrast(reduction)
        result[f"adjusted_difference_{visit}"] = _contrast(adjusted)
    return xr.Dataset({name: result[name] for name in ESTIMANDS})


def expected_given_baseline(draws: xr.Dataset, marginal: Marginal, baseline: float) -> xr.DataArray:
    """E[dose at a later visit | baseline dose], (chain, draw, arm, visit), mg/day."""
    dims = ("chain", "draw", "arm", "visit")
    mean, sd = (draws[name].transpose(*dims).to_numpy() for name in ("mean", "sd"))
    correlation = draws["correlation"].transpose("chain", "draw", "arm", "pair").to_numpy()
    # The first two pairs are baseline with each later visit, in the order of the visits.
    rho = correlation[..., :2, None]
    at_baseline = marginal.score(np.asarray(baseline), mean[..., :1], sd[..., :1])[..., None]
    score = rho * at_baseline + np.sqrt(1 - rho**2) * _NODES
    dose = marginal.dose(score, mean[..., 1:, None], sd[..., 1:, None])
    coords = {"arm": draws["arm"], "visit": list(LATER)}
    return xr.DataArray(dose @ _WEIGHTS, dims=dims, coords=coords)


def hurdle_given_baseline(draws: xr.Dataset, baseline: float) -> xr.DataArray:
    """The same of the hurdle family, for a baseline dose above zero."""
    location, variance = _log_location(draws)
    alike = draws["between"] ** 2 / variance
    first, later = location.sel(visit="baseline", drop=True), location.sel(visit=list(LATER))
    log_mean = later + alike * (np.log(baseline) - first) + (1 - alike**2) * variance / 2
    return (1 - draws["zero_share"].sel(visit=list(LATER))) * np.exp(log_mean)


def _log_location(draws: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean (by visit) and variance of the log of a dose above zero."""
    variance = draws["between"] ** 2 + draws["within"] ** 2
    return draws["log_mean"] - variance / 2, variance


def curves(draws: xr.Dataset, data: dict[str, np.ndarray], family: str, grid: np.ndarray) -> xr.Dataset:
    """Return, by arm and visit, the mean dose and the share of patients at or below each dose.

    grid: doses in mg/day. ``mean_dose`` is (chain, draw, arm, visit); ``share_at_or_below`` has
    ``dose`` besides. The normal family puts some patients below zero: their share at 0 is its
    misfit.
    """
    if family not in MARGINALS:
        return xr.Dataset(
            {"mean_dose": draws["mean"], "share_at_or_below": _hurdle_share(draws, grid)},
            coords={"dose": grid},
        )
    mean, sd = (draws[name].to_numpy()[..., None] for name in ("mean", "sd"))
    share = special.ndtr(MARGINALS[family].score(grid, mean, sd))
    dims = (*draws["mean"].dims, "dose")
    return xr.Dataset({"mean_dose": draws["mean"], "share_at_or_below": (dims, share)}, coords={"dose": grid})


def _hurdle_share(draws: xr.Dataset, grid: np.ndarray) -> xr.DataArray:
    """The share of patients at or below each dose, (..., arm, visit, dose)."""
    location, variance = _log_location(draws)
    with np.errstate(divide="ignore"):  # nobody above zero is below it
        log_dose = xr.DataArray(np.log(grid), dims="dose", coords={"dose": grid})
    below = xr.apply_ufunc(special.ndtr, (log_dose - location) / np.sqrt(variance))
    zero = draws["zero_share"]
    return (zero + (1 - zero) * below).transpose(*draws["mean"].dims, "dose")


def _contrast(by_arm: xr.DataArray) -> xr.DataArray:
    """Contrast minus reference."""
    return by_arm.isel(arm=1, drop=True) - by_arm.isel(arm=0, drop=True)
