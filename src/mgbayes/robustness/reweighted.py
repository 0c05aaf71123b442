r"""Other priors from one set of draws.

The plan's own prior π0 is fitted with all the draws of a report, and any other prior π of the same effect takes them
with weights

    w ∝ π(effect) / π0(effect),

smoothed by a Pareto tail. The posterior under π is then exact but for Monte Carlo error, as long as the shape k of
that tail is at most 0.7 and enough effective draws are left; else the prior is too far from the plan's own and gets a
fit of its own. The evidence is untouched: of draws held against a printed p, those that agree are weighted.
Source: Vehtari et al. (2024), JMLR 25:72 (Pareto smoothed importance sampling).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Fit
from mgbayes.models.priors import Prior

PARETO_K = 0.7
_NO_TAIL = 2.0
"""Weights of which none exceeds this many times their mean have no tail: a Pareto fit would be to their noise."""
_NEARLY_ALL = 0.99
"""Weights worth this share of the draws are nearly equal. k is then the shape of differences that do not matter: the
largest M of S weights hold at most sqrt(M / S (1 / share - 1)) more of the whole than their number, less than 0.02,
however they are smoothed, and fits to such differences gave k of 1 to 5."""

_RESAMPLED = 5000  # of each chain: the resampling then adds hardly any error to that of the weights


@dataclass(frozen=True)
class Reweighted:
    """Draws under another prior, and how far they can be trusted.

    ``fit`` has draws in proportion to their weights, and effective sample sizes reduced by the share of draws that
    equal weights would be worth.
    """

    fit: Fit
    pareto_k: float

    @property
    def trusted(self) -> bool:
        """Whether the prior is near enough."""
        return self.pareto_k <= PARETO_K


def log_density(prior: Prior, x: np.ndarray) -> np.ndarray:
    """Log density at x of a normal, or of a mixture of two Student t."""
    from scipy import special, stats

    values = prior.as_mixture().values
    rows = [row for row in (values[:4], values[4:]) if row[0] > 0]
    parts = [
        np.log(weight) + (stats.norm(centre, scale) if np.isinf(df) else stats.t(df, centre, scale)).logpdf(x)
        for weight, centre, scale, df in rows
    ]
    return np.asarray(special.logsumexp(parts, axis=0))


def reweighted(base: Fit, effect: str, prior: Prior, own: Prior | None = None) -> Reweighted:
    """The draws of ``base`` under another prior of ``effect``; ``own`` is its prior there, if not of that name."""
    drawn = base.posterior[effect].transpose("chain", "draw").to_numpy()
    own = own or base.priors[effect]
    log_ratio = log_density(prior, drawn) - log_density(own, drawn)
    weight, k = smoothed(log_ratio.ravel())
    worth = float(weight.sum() ** 2 / np.square(weight).sum() / weight.size)
    places = _resampled(weight, _RESAMPLED * len(drawn))
    fit = replace(
        base,
        posterior=_picked(base.posterior[[effect]], places),
        contrasts=_picked(base.contrasts, places),
        diagnostics=_worth(base.diagnostics, worth),
        priors={**base.priors, effect: prior},
    )
    return Reweighted(fit, k)


def smoothed(log_ratio: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights exp(log_ratio), the largest 1, with a Pareto tail, and its shape k; 0 where there is no tail."""
    from arviz_stats.base import array_stats

    plain = np.exp(log_ratio - log_ratio.max())
    worth = plain.mean() ** 2 / np.square(plain).mean()
    if plain.mean() * _NO_TAIL >= 1 or worth >= _NEARLY_ALL:
        return plain, 0.0
    # The function is written for leaving out observations: it smooths the ratios exp(-x) of its argument x.
    log_weight, k = array_stats.psislw(-log_ratio)
    return np.exp(log_weight - log_weight.max()), float(k)


def _resampled(weight: np.ndarray, size: int) -> np.ndarray:
    """Places in proportion to their weights, evenly through them (systematic resampling, without chance)."""
    reached = np.cumsum(weight) / weight.sum()
    return np.minimum(np.searchsorted(reached, (np.arange(size) + 0.5) / size), weight.size - 1)


def _picked(draws: xr.Dataset, places: np.ndarray) -> xr.Dataset:
    flat = {name: values.transpose("chain", "draw", ...).to_numpy() for name, values in draws.items()}
    return xr.Dataset(
        {
            str(name): (("chain", "draw"), values.reshape(-1)[places][None])
            for name, values in flat.items()
            if values.ndim == 2
        }
    )


def _worth(diagnostics: Diagnostics, worth: float) -> Diagnostics:
    """Effective draws that weights leave."""
    return replace(
        diagnostics,
        ess_bulk_min=worth * diagnostics.ess_bulk_min,
        ess_tail_min=worth * diagnostics.ess_tail_min,
    )
