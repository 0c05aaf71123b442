r"""The posterior under another prior of an effect, from one set of draws by Pareto smoothed importance sampling.

Draws under the plan's own prior π0 are weighted for any other prior π of the same effect by

    w ∝ π(effect) / π0(effect),

smoothed by a Pareto tail. The posterior under π is then exact but for Monte Carlo error, as long as the shape k of
that tail is at most 0.7 and enough effective draws are left; else π is too far from π0 and needs a fit of its own. Of
draws selected by a reported p value, those that agree are weighted. Source: Vehtari et al. (2024), JMLR 25:72.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from mgbayes.inference.fit import Fit
from mgbayes.models.priors import Prior

PARETO_K = 0.7
_NO_TAIL = 2.0
"""Weights of which none exceeds this many times their mean have no tail: a Pareto fit would be to their noise."""
_NEARLY_ALL = 0.99
"""Weights worth this share of the draws are nearly equal. k is then the shape of differences that do not matter: the
largest M of S weights hold at most sqrt(M / S (1 / share - 1)) more of the whole than their number, less than 0.02,
however they are smoothed, and fits to such differences gave k of 1 to 5."""

_RESAMPLED = 20_000  # the resampling then adds hardly any error to that of the weights


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


def reweighted(base: Fit, effect: str, prior: Prior, own: Prior | None = None) -> tuple[Fit, float]:
    """The fit under another prior of ``effect``, and Pareto k of the weights; ``own`` is its prior in ``base``.

    The fit has draws in proportion to their weights, and effective sample sizes reduced by the share of draws that
    equal weights would be worth.
    """
    drawn = base.posterior[effect].transpose("chain", "draw").to_numpy()
    log_ratio = log_density(prior, drawn) - log_density(own or base.priors[effect], drawn)
    weight, k = smoothed(log_ratio.ravel())
    worth = float(weight.sum() ** 2 / np.square(weight).sum() / weight.size)
    at = _resampled(weight, _RESAMPLED)
    known = base.diagnostics
    fit = replace(
        base,
        posterior=_selected(base.posterior[[effect]], at),
        contrasts=_selected(base.contrasts, at),
        diagnostics=replace(
            known, ess_bulk_min=worth * known.ess_bulk_min, ess_tail_min=worth * known.ess_tail_min
        ),
        priors={**base.priors, effect: prior},
    )
    return fit, k


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
    """Draws in proportion to their weights, evenly through them (systematic resampling, not random)."""
    reached = np.cumsum(weight) / weight.sum()
    return np.minimum(np.searchsorted(reached, (np.arange(size) + 0.5) / size), weight.size - 1)


def _selected(draws: xr.Dataset, at: np.ndarray) -> xr.Dataset:
    flat = {str(name): values.transpose("chain", "draw", ...).to_numpy() for name, values in draws.items()}
    return xr.Dataset(
        {
            name: (("chain", "draw"), values.ravel()[at][None])
            for name, values in flat.items()
            if values.ndim == 2
        }
    )
