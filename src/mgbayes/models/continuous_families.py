r"""Families of continuous outcomes: patients drawn from parameters, and what is expected of them.

Each family holds a patient's outcomes y_v at visits v. All but the hurdle family are made of u, multivariate normal
with means μ_av, SDs σ_av and correlations Ω_a of arm a:

- ``normal`` and ``normal_ratio``: y = u. Given y_1 = b at baseline, E y_v = μ_v + ω_1v (σ_v / σ_1) (b - μ_1).
- ``softplus_normal``: y = σ h(u / σ), h(t) = ½ log(1 + exp(2 t)) the softplus function (mgbayes.latent.softplus): a
  normal outcome well above zero, and near zero where the normal one would be below, as a normal outcome censored at
  zero but without a step. E y = σ E h(μ / σ + Z). Given y_1, u_1 is known and u_v is normal with the mean above and
  SD σ_v √(1 - ω_1v²).
- ``hurdle_lognormal``: P(y_v = 0) = zero_share_v; above it log y_v = log m_v - (between² + within²) / 2 + b_i + e_iv,
  b_i ~ Normal(0, between), e_iv ~ Normal(0, within). With ρ = between² / (between² + within²) and λ the location of
  the logs, E[y_v | y_1 = b] = (1 - zero_share_v) exp(λ_v + ρ (log b - λ_1) + (1 - ρ²) (between² + within²) / 2).

Draws have dimensions (chain, draw, arm, ...); arrays of parameters have arms (and visits or pairs) last.

Sources: Tobin (1958), Econometrica 26:24; Duan, Manning, Morris and Newhouse (1983), J Business and Economic
Statistics 1:115.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.random import Generator

from mgbayes.latent.softplus import expected_softplus, inverse_softplus, softplus
from mgbayes.models import visits as of_visits
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.priors import Prior

Arrays = Mapping[str, np.ndarray]
Truth = dict[str, Any]
Dims = Mapping[str, tuple[str, ...]]
HALF = np.array([-0.5, 0.5])
"""Where the arms lie about their common level, in differences of the arms."""


def draw_means(rng: Generator, priors: Mapping[str, Prior], visits: int, *, ratio: bool) -> Truth:
    """Levels and differences (or their logs) drawn from the prior, and ``mean`` or ``log_mean`` (arm, visit)."""
    names = ("log_level", "log_ratio", "log_ratio_sd") if ratio else ("level", "difference", "difference_sd")
    level = draw_parameter(rng, names[0], priors, size=visits)
    effect = draw_parameter(rng, names[1], priors, size=1)[0]
    truth = {names[0]: level, names[1]: effect}
    by_visit = np.full(1, effect)
    if visits > 1:
        truth[names[2]] = draw_parameter(rng, names[2], priors)
        by_visit = truth[f"{names[1]}_by_visit"] = rng.normal(effect, truth[names[2]], size=visits)
    mean = level + HALF[:, None] * by_visit
    return truth | ({"log_mean": mean} if ratio else {"mean": mean})


def _draw_correlation(rng: Generator, priors: Mapping[str, Prior], visits: int) -> np.ndarray:
    if visits == 1:
        return np.zeros((2, 0))
    shape = priors["correlation"].values[0] + of_visits.lkj_shape(visits)
    vine = 2 * rng.beta(shape, shape, size=(2, len(shape))) - 1
    return _stacked(of_visits.correlations(vine, visits), (2,))


def _stacked(parts: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.stack(parts, axis=-1) if parts else np.zeros((*shape, 0))


def normal_patients(rng: Generator, draws: Arrays, n: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each arm's outcomes (..., patient, visit), of ``mean``, ``sd`` (..., arm, visit) and ``correlation``."""
    mean, sd = draws["mean"], draws["sd"]
    vine = of_visits.from_correlations(draws["correlation"], mean.shape[-1])
    return tuple(
        mean[..., a, None, :]
        + sd[..., a, None, :]
        * of_visits.correlated(
            vine[..., a, None, :], rng.standard_normal((*mean.shape[:-2], int(size), mean.shape[-1]))
        )
        for a, size in enumerate(n)
    )


@dataclass(frozen=True)
class Normal:
    """Multivariate normal outcomes, whose arms differ by differences or by ratios of means."""

    ratio: bool

    dims: ClassVar[Dims] = {"mean": ("arm", "visit"), "sd": ("arm", "visit"), "correlation": ("arm", "pair")}
    """What the functions below need of a draw."""

    def draw(self, rng: Generator, priors: Mapping[str, Prior], visits: int) -> Truth:
        """Parameters from the prior."""
        truth = draw_means(rng, priors, visits, ratio=self.ratio)
        if self.ratio:
            truth["mean"] = np.exp(truth["log_mean"])
            truth["cv"] = draw_parameter(rng, "cv", priors, size=(2, visits))
            truth["sd"] = truth["cv"] * truth["mean"]
        else:
            truth["sd"] = draw_parameter(rng, "sd", priors, size=(2, visits))
        return truth | {"correlation": _draw_correlation(rng, priors, visits)}

    def patients(self, rng: Generator, draws: Arrays, n: np.ndarray) -> tuple[np.ndarray, ...]:
        """Each arm's outcomes (..., patient, visit)."""
        return normal_patients(rng, draws, n)

    def given_baseline(self, draws: xr.Dataset, baseline: float) -> xr.DataArray:
        """E[outcome at a later visit | baseline], the baseline the first visit."""
        mean, _ = _conditional(draws["mean"], draws["sd"], draws["correlation"], baseline)
        return mean

    def share_at_or_below(self, draws: xr.Dataset, value: xr.DataArray) -> xr.DataArray:
        """The share of patients at or below each value."""
        return _cdf((value - draws["mean"]) / draws["sd"])


@dataclass(frozen=True)
class SoftplusNormal:
    """Outcomes near zero where a normal one would be below."""

    dims: ClassVar[Dims] = {
        "mean": ("arm", "visit"),
        "latent_mean": ("arm", "visit"),
        "latent_sd": ("arm", "visit"),
        "correlation": ("arm", "pair"),
    }

    def draw(self, rng: Generator, priors: Mapping[str, Prior], visits: int) -> Truth:
        """Parameters from the prior."""
        truth = draw_means(rng, priors, visits, ratio=True)
        mean = np.exp(truth["log_mean"])
        eta = draw_parameter(rng, "standardized_mean", priors, size=(2, visits))
        sd = mean / expected_softplus(eta)
        return truth | {
            "mean": mean,
            "standardized_mean": eta,
            "latent_mean": eta * sd,
            "latent_sd": sd,
            "correlation": _draw_correlation(rng, priors, visits),
        }

    def patients(self, rng: Generator, draws: Arrays, n: np.ndarray) -> tuple[np.ndarray, ...]:
        """Each arm's outcomes (..., patient, visit)."""
        sd = draws["latent_sd"]
        latent = {"mean": draws["latent_mean"], "sd": sd, "correlation": draws["correlation"]}
        arms = normal_patients(rng, latent, n)
        return tuple(
            sd[..., a, None, :] * softplus(of_arm / sd[..., a, None, :]) for a, of_arm in enumerate(arms)
        )

    def given_baseline(self, draws: xr.Dataset, baseline: float) -> xr.DataArray:
        """E[outcome at a later visit | baseline > 0], the baseline the first visit."""
        sd = draws["latent_sd"]
        at = xr.apply_ufunc(inverse_softplus, baseline / sd.isel(visit=0, drop=True))
        at = at * sd.isel(visit=0, drop=True)
        mean, own = _conditional(draws["latent_mean"], sd, draws["correlation"], at)
        later = sd.isel(visit=slice(1, None))
        return later * xr.apply_ufunc(expected_softplus, mean / later, own / later)

    def share_at_or_below(self, draws: xr.Dataset, value: xr.DataArray) -> xr.DataArray:
        """The share of patients at or below each value."""
        sd = draws["latent_sd"]
        latent = xr.apply_ufunc(inverse_softplus, (value / sd).clip(min=0.0))
        return _cdf(latent - draws["latent_mean"] / sd)


@dataclass(frozen=True)
class Hurdle:
    """A share of patients at zero; log-normal outcomes above it, with patient intercepts."""

    dims: ClassVar[Dims] = {
        "zero_share": ("arm", "visit"),
        "log_mean": ("arm", "visit"),
        "mean": ("arm", "visit"),
        "between": ("arm",),
        "within": ("arm",),
    }

    def draw(self, rng: Generator, priors: Mapping[str, Prior], visits: int) -> Truth:
        """Parameters from the prior."""
        truth = draw_means(rng, priors, visits, ratio=True) | {
            "zero_share": draw_parameter(rng, "zero_share", priors, size=(2, visits)),
            "between": draw_parameter(rng, "between", priors, size=2),
            "within": draw_parameter(rng, "within", priors, size=2),
        }
        return truth | {"mean": (1 - truth["zero_share"]) * np.exp(truth["log_mean"])}

    def patients(self, rng: Generator, draws: Arrays, n: np.ndarray) -> tuple[np.ndarray, ...]:
        """Each arm's outcomes (..., patient, visit)."""
        return tuple(self._arm(rng, draws, arm, int(size)) for arm, size in enumerate(n))

    def _arm(self, rng: Generator, draws: Arrays, arm: int, size: int) -> np.ndarray:
        between, within = (draws[name][..., arm, None, None] for name in ("between", "within"))
        log_mean, zero_share = (draws[name][..., arm, None, :] for name in ("log_mean", "zero_share"))
        shape = (*log_mean.shape[:-2], size)
        log_y = log_mean - (between**2 + within**2) / 2 + between * rng.standard_normal((*shape, 1))
        log_y = log_y + within * rng.standard_normal((*shape, log_mean.shape[-1]))
        return np.where(rng.uniform(size=log_y.shape) < zero_share, 0.0, np.exp(log_y))

    def given_baseline(self, draws: xr.Dataset, baseline: float) -> xr.DataArray:
        """E[outcome at a later visit | baseline > 0], the baseline the first visit."""
        location, variance = _log_location(draws)
        alike = draws["between"] ** 2 / variance
        first, later = location.isel(visit=0, drop=True), location.isel(visit=slice(1, None))
        log_mean = later + alike * (np.log(baseline) - first) + (1 - alike**2) * variance / 2
        return (1 - draws["zero_share"].isel(visit=slice(1, None))) * np.exp(log_mean)

    def share_at_or_below(self, draws: xr.Dataset, value: xr.DataArray) -> xr.DataArray:
        """The share of patients at or below each value."""
        location, variance = _log_location(draws)
        with np.errstate(divide="ignore"):  # nobody above zero is below it
            log_value = xr.apply_ufunc(np.log, value)
        below = _cdf((log_value - location) / np.sqrt(variance))
        zero = draws["zero_share"]
        return zero + (1 - zero) * below


Family = Normal | SoftplusNormal | Hurdle

FAMILIES: Mapping[str, Family] = {
    "normal": Normal(ratio=False),
    "normal_ratio": Normal(ratio=True),
    "softplus_normal": SoftplusNormal(),
    "hurdle_lognormal": Hurdle(),
}


def _conditional(
    mean: xr.DataArray, sd: xr.DataArray, correlation: xr.DataArray, baseline: xr.DataArray | float
) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean and SD of normal outcomes at the later visits, given that at the first."""
    later = slice(1, None)
    visits = mean["visit"].to_numpy()[later]
    # The first pairs are those of the first visit, in the order of the visits.
    rho = correlation.isel(pair=slice(0, len(visits))).drop_vars("pair").rename(pair="visit")
    rho = rho.assign_coords(visit=visits)
    score = (baseline - mean.isel(visit=0, drop=True)) / sd.isel(visit=0, drop=True)
    at = mean.isel(visit=later) + rho * sd.isel(visit=later) * score
    return at, sd.isel(visit=later) * np.sqrt(1 - rho**2)


def _log_location(draws: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean (by visit) and variance of the log of an outcome above zero."""
    variance = draws["between"] ** 2 + draws["within"] ** 2
    return draws["log_mean"] - variance / 2, variance


def _cdf(score: xr.DataArray) -> xr.DataArray:
    from scipy.special import ndtr

    return xr.apply_ufunc(ndtr, score)
