"""An answer under each of the definitions of a quantile that the paper's software may have, where it is not named.

The model averages over the definitions, and says at each draw what share of an arm's density each one has. Draws with
the product of both arms' shares as weights are draws of the posterior under one definition in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import better
from mgbayes.inference.fit import Fit
from mgbayes.models.quantile_evidence import SHARE
from mgbayes.study.statistics import QuantileDefinition

_LEAST = 1e-3
"""A definition of less probability than that gave no quantiles like these."""


@dataclass(frozen=True)
class OfDefinition:
    """The posterior probability of a definition, and that of a benefit given it; None where it is excluded."""

    definition: QuantileDefinition
    probability: float
    p_benefit: float | None


def by_definition(fit: Fit, estimand: Estimand) -> tuple[OfDefinition, ...]:
    """The answer of a fit under each definition; none where the software is named or no quantile is evidence."""
    if SHARE not in fit.posterior or estimand.benefit is None:
        return ()
    share: Any = fit.posterior[SHARE]
    arms = [dim for dim in share.dims if dim not in ("chain", "draw", "definition")]
    weight = share.prod(arms).transpose("chain", "draw", "definition").to_numpy()
    benefit = better(fit.contrasts[estimand.id].to_numpy(), estimand, estimand.null)[..., None]
    total = weight.sum()
    found = []
    for name, own, good in zip(
        share["definition"].values,
        weight.sum(axis=(0, 1)),
        (weight * benefit).sum(axis=(0, 1)),
        strict=True,
    ):
        chance = float(good / own) if own > _LEAST * total else None
        found.append(OfDefinition(QuantileDefinition(str(name)), float(own / total), chance))
    return tuple(found)
