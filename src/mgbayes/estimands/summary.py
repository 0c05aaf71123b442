"""Draws of a contrast in numbers: centre, interval, probability of benefit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.estimands.estimand import Estimand

PROB = 0.95
KIND = "equal-tailed"
TAILS = (0.05, 0.95)
QUANTILES = {"low": 0.025, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "high": 0.975}


@dataclass(frozen=True)
class EstimandSummary:
    """What is reported of one estimand.

    ``p_benefit`` is the posterior probability that the contrast arm does better, ``p_important`` that it
    does so by at least the plan's threshold; both are None where nothing is a benefit.
    """

    estimand: Estimand
    mean: float
    median: float
    sd: float
    low: float
    high: float
    p_benefit: float | None
    mcse_p_benefit: float | None
    p_above_null: float
    threshold: float | None
    p_important: float | None
    ess_bulk: float
    ess_tail: float

    def to_json(self) -> dict[str, Any]:
        """The form that results.json holds."""
        return {
            "id": self.estimand.id,
            "label": self.estimand.label,
            "unit": self.estimand.unit,
            "null": self.estimand.null,
            "benefit": self.estimand.benefit,
            "mean": self.mean,
            "median": self.median,
            "sd": self.sd,
            "interval": {"kind": KIND, "prob": PROB, "low": self.low, "high": self.high},
            "p_benefit": self.p_benefit,
            "mcse_p_benefit": self.mcse_p_benefit,
            "p_above_null": self.p_above_null,
            "important_threshold": self.threshold,
            "p_important": self.p_important,
            "ess_bulk": self.ess_bulk,
            "ess_tail": self.ess_tail,
        }


def summarize(draws: np.ndarray, estimand: Estimand, threshold: float | None = None) -> EstimandSummary:
    """Summarize draws (chain, draw) of an estimand; the interval is the central 95 %."""
    import arviz_stats as az

    low, high = np.quantile(draws, [(1 - PROB) / 2, (1 + PROB) / 2])
    directed = estimand.benefit is not None
    benefit = better(draws, estimand, estimand.null) if directed else None
    important = better(draws, estimand, threshold) if directed and threshold is not None else None
    return EstimandSummary(
        estimand=estimand,
        mean=float(draws.mean()),
        median=float(np.median(draws)),
        sd=float(draws.std(ddof=1)),
        low=float(low),
        high=float(high),
        p_benefit=None if benefit is None else float(benefit.mean()),
        mcse_p_benefit=None if benefit is None else _mcse_of_share(benefit),
        p_above_null=float((draws > estimand.null).mean()),
        threshold=threshold,
        p_important=None if important is None else float(important.mean()),
        ess_bulk=float(az.ess(draws, method="bulk")),
        ess_tail=float(az.ess(draws, method="tail", prob=TAILS)),
    )


def better(draws: np.ndarray, estimand: Estimand, value: float) -> np.ndarray:
    """Which draws lie beyond a value on the side of benefit, of an estimand that has one."""
    return draws > value if estimand.benefit == "higher" else draws < value


def _mcse_of_share(indicator: np.ndarray) -> float:
    """Monte Carlo standard error of a share; when all draws agree, that of one draw in disagreement."""
    import arviz_stats as az

    if indicator.all() or not indicator.any():
        return 1.0 / indicator.size
    return float(az.mcse(indicator.astype(float), method="mean"))


def chance_quantiles(posterior: xr.Dataset) -> np.ndarray:
    """Quantiles of the variable ``chance`` over its draws, in percent, (endpoint, arm, quantile)."""
    chance = posterior["chance"].quantile(list(QUANTILES.values()), ["chain", "draw"])
    return 100 * chance.transpose("endpoint", "arm", "quantile").to_numpy()
