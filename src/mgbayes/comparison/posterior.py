r"""The posterior of the log odds ratio ψ of every table, under any prior of it, on a grid.

Risks logit⁻¹(level ± ψ / 2), level ~ Normal as in the model of yes/no outcomes (family ``independent``). The
likelihood with the level integrated out,

    L(ψ) = Σ_l w_l Bin(x; m, logit⁻¹(l - ψ / 2)) Bin(y; n, logit⁻¹(l + ψ / 2)),

is computed once; each prior of ψ multiplies it. Beta priors of each arm's risk have independent arms instead: the
density of ψ is the correlation of the two posterior densities of the log odds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.comparison.tables import LEVEL, Floats, Tables
from mgbayes.frequentist.odds_ratio import Interval
from mgbayes.frequentist.two_by_two import binomial

PSI = np.linspace(-16.0, 16.0, 1601)
"""The grid of the log odds ratio."""
LEVEL_PRIOR = (0.0, 1.5)
"""Mean and SD of the level, on the log odds scale: risks of 5 % to 95 %."""
_LEVELS = np.linspace(-7.5, 7.5, 121)
_LOGITS = np.linspace(-40.0, 40.0, 4001)


@dataclass(frozen=True)
class Posterior:
    """P(ψ > 0) of each table, its central 95 % interval and median."""

    chance: Floats
    interval: Interval


@dataclass(frozen=True)
class Likelihood:
    """L(ψ), (table, ψ), scaled so that its sum over tables is one at each ψ."""

    values: Floats

    @classmethod
    def of(cls, tables: Tables) -> Likelihood:
        """With the level integrated out."""
        mean, sd = LEVEL_PRIOR
        weight = np.exp(-(((_LEVELS - mean) / sd) ** 2) / 2)
        weight = weight / weight.sum()
        values = np.empty((len(tables.x), len(PSI)))
        for part in np.array_split(np.arange(len(PSI)), 16):
            half = PSI[part, None] / 2
            one = binomial(tables.m, _expit(_LEVELS - half)) * weight[:, None]
            other = binomial(tables.n, _expit(_LEVELS + half))
            values[:, part] = np.einsum("plx,ply->xyp", one, other, optimize=True).reshape(-1, len(part))
        return cls(values)

    def under(self, density: Floats) -> Posterior:
        """With a prior density on PSI, up to a constant."""
        return _summarized(self.values * density, PSI)

    def chance_of_table(self, density: Floats) -> Floats:
        """The prior predictive chance of each table."""
        return self.values @ (density / density.sum())


def beta(tables: Tables, shape: float) -> Posterior:
    """Independent Beta(shape, shape) priors of the two risks."""
    one, other = (_log_odds_density(size, shape) for size in (tables.m, tables.n))
    # The density of the contrast's log odds less the reference's, by fast Fourier transforms.
    size = 2 * len(_LOGITS) - 1
    turned, plain = np.fft.rfft(one[:, ::-1], size), np.fft.rfft(other, size)
    psi = np.arange(-(len(_LOGITS) - 1), len(_LOGITS)) * (_LOGITS[1] - _LOGITS[0])
    density = np.fft.irfft(turned[:, None] * plain[None], size).reshape(len(tables.x), size)
    return _summarized(np.maximum(density, 0.0), psi)


def _log_odds_density(size: int, shape: float) -> Floats:
    """Posterior densities of the log odds of 0, ..., size events, (size + 1, grid)."""
    a = np.arange(size + 1)[:, None] + shape
    b = size + 2 * shape - a
    log_density = -a * np.logaddexp(0, -_LOGITS) - b * np.logaddexp(0, _LOGITS)
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return density / density.sum(axis=1, keepdims=True)


def _summarized(density: Floats, psi: Floats) -> Posterior:
    """Of densities (table, ψ) on an even grid that has ψ = 0: the mass at a point lies half to each side."""
    density = density / density.sum(axis=1, keepdims=True)
    below = np.cumsum(density, axis=1) - density / 2
    chance = 1 - below[:, np.searchsorted(psi, -1e-9)]
    middle, low, high = (
        np.array([np.interp(q, row, psi) for row in below]) for q in (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    return Posterior(chance, Interval(middle, low, high))


def _expit(value: Floats) -> Floats:
    from scipy.special import expit

    return expit(value)
