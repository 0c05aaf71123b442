r"""Whether many short chains came to the same answer.

Chains form groups that started from the same state. Nested R-hat compares the means of groups with what varies within
them: with B the variance between the means of groups and W the mean over groups of the variance between their chains'
means and within their chains, √(1 + B / W). Effective draws are those of all chains.

Source: Margossian, Hoffman, Sountsov, Riou-Durand, Vehtari and Gelman (2024), Bayesian Analysis,
doi:10.1214/24-BA1453.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.latent_cohort.table import Floats

GROUPS = 8
HIGHEST_RHAT = 1.01
FEWEST_DRAWS = 400.0


@dataclass(frozen=True)
class Convergence:
    """Nested R-hat and effective draws of one quantity."""

    rhat: float
    effective: float

    @property
    def ok(self) -> bool:
        """Whether it can be used."""
        return self.rhat <= HIGHEST_RHAT and self.effective >= FEWEST_DRAWS


def convergence(values: Floats) -> Convergence:
    """Of values (chain, draw), chains k and k + GROUPS of the same group."""
    import arviz_stats as azs

    return Convergence(nested_rhat(values), float(azs.ess(values)))


def nested_rhat(values: Floats) -> float:
    """Nested R-hat of values (chain, draw)."""
    chains = len(values) // GROUPS * GROUPS
    grouped = values[:chains].reshape(-1, GROUPS, values.shape[1])  # (chain of the group, group, draw)
    means = grouped.mean(axis=2)
    within = grouped.var(axis=2, ddof=1).mean(axis=0) + means.var(axis=0, ddof=1)
    between = means.mean(axis=0).var(ddof=1)
    return float(np.sqrt(1 + between / within.mean())) if within.mean() > 0 else 1.0
