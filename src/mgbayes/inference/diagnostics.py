"""Diagnostics as declarations: what is measured, what is asked of it, what to do when it fails.

The command line, the report and the exit code all read this one list. R-hat and effective sample
sizes: Vehtari et al. (2021), Bayesian Analysis 16:667; E-BFMI: Betancourt (2016), arXiv:1604.00695; tree depth:
Hoffman and Gelman (2014), JMLR 15:1593.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import xarray as xr


class Status(StrEnum):
    """Whether a fit can be used."""

    ok = "ok"
    warn = "warn"
    failed = "failed"


@dataclass(frozen=True)
class Diagnostics:
    """The worst figure over every parameter and every estimand.

    The last three are None of chains of tables, which have no trajectories.
    """

    rhat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int | None = None
    ebfmi_min: float | None = None
    max_treedepth_share: float | None = None

    def failures(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that do not hold."""
        figures = ((row, getattr(self, row.id)) for row in DIAGNOSTICS)
        return tuple(row for row, figure in figures if figure is not None and not row.holds(figure))

    def shown(self, diagnostic: Diagnostic) -> str:
        """A figure as it is written."""
        figure = getattr(self, diagnostic.id)
        return "–" if figure is None else f"{figure:.4g}"

    @property
    def status(self) -> Status:
        """ok when every diagnostic holds, else failed."""
        return Status.failed if self.failures() else Status.ok


@dataclass(frozen=True)
class Diagnostic:
    """One diagnostic: what is asked of it, in code and in words."""

    id: str
    label: str
    asked: str
    meaning: str
    next_step: str
    holds: Callable[[float], bool]


DIAGNOSTICS = (
    Diagnostic(
        "rhat_max",
        "largest R-hat",
        "at most 1.01",
        "whether chains that started apart came to the same answer",
        "draw longer chains, or look for two modes",
        lambda value: value <= 1.01,
    ),
    Diagnostic(
        "ess_bulk_min",
        "smallest bulk effective sample size",
        "at least 1000",
        "how many independent draws the middle of a posterior is worth",
        "draw more",
        lambda value: value >= 1000,
    ),
    Diagnostic(
        "ess_tail_min",
        "smallest tail effective sample size",
        "at least 1000",
        "how many independent draws the ends of an interval are worth",
        "draw more",
        lambda value: value >= 1000,
    ),
    Diagnostic(
        "divergences",
        "divergent transitions",
        "none",
        "whether the sampler could not follow the posterior somewhere",
        "take smaller steps (target_accept nearer to 1), or write the model in other coordinates",
        lambda value: value == 0,
    ),
    Diagnostic(
        "ebfmi_min",
        "smallest E-BFMI",
        "above 0.3",
        "whether the sampler could move between likely and unlikely regions",
        "write the model in other coordinates",
        lambda value: value > 0.3,
    ),
    Diagnostic(
        "max_treedepth_share",
        "share of draws at the largest tree depth",
        "at most 0.01",
        "whether the sampler went as far in each draw as it should: a wrong gradient shows here, too",
        "write the model in other coordinates, or allow deeper trees (max_depth)",
        lambda value: value <= 0.01,
    ),
)


def diagnose(
    posterior: xr.Dataset, estimands: xr.Dataset, sample_stats: xr.Dataset, *, shallow: bool = False
) -> Diagnostics:
    """Measure a fit. All arguments have dimensions chain and draw.

    ``shallow``: the plan keeps trees shallow, many short moves in place of few long ones, so that their depth says
    nothing.
    """
    import arviz_stats as az

    everything = varying(posterior).assign(estimands.drop_vars(["chain", "draw"], errors="ignore"))
    return Diagnostics(
        rhat_max=worst(az.rhat(everything), max),
        ess_bulk_min=worst(az.ess(everything, method="bulk"), min),
        ess_tail_min=worst(az.ess(everything, method="tail", prob=(0.05, 0.95)), min),
        divergences=int(sample_stats["diverging"].sum()),
        ebfmi_min=_ebfmi_min(sample_stats["energy"].to_numpy()),
        max_treedepth_share=0.0 if shallow else float(sample_stats["maxdepth_reached"].mean()),
    )


def nothing_to_diagnose(sample_stats: xr.Dataset, *, shallow: bool = False) -> Diagnostics:
    """The diagnostics of a fit with hardly a draw left: failed, whatever the sampler did."""
    return Diagnostics(
        rhat_max=float("nan"),
        ess_bulk_min=0.0,
        ess_tail_min=0.0,
        divergences=int(sample_stats["diverging"].sum()),
        ebfmi_min=_ebfmi_min(sample_stats["energy"].to_numpy()),
        max_treedepth_share=0.0 if shallow else float(sample_stats["maxdepth_reached"].mean()),
    )


def varying(posterior: xr.Dataset) -> xr.Dataset:
    """What is constant by construction (padding, fixed values) has no diagnostics.

    A chain that is stuck is not constant over all chains, so it stays in.
    """
    kept = {}
    for name, values in posterior.data_vars.items():
        values = values.transpose("chain", "draw", ...)
        entries = values.to_numpy().reshape(*values.shape[:2], -1)
        moves = np.ptp(entries, axis=(0, 1)) != 0
        if moves.any():
            kept[f"posterior {name}"] = (("chain", "draw", f"entry of {name}"), entries[..., moves])
    return xr.Dataset(kept)


def worst(values: xr.Dataset, pick: Callable[..., float]) -> float:
    """The worst figure; one that could not be computed is the worst of all."""
    figures = np.concatenate([np.ravel(array) for array in values.data_vars.values()])
    if np.isnan(figures).any():
        return float("nan")
    return float(pick(figures))


def _ebfmi_min(energy: np.ndarray) -> float:
    """Smallest energy Bayesian fraction of missing information over the chains, (chain, draw)."""
    return float(min(np.square(np.diff(row)).mean() / row.var() for row in energy))
