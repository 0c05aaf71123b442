"""How a posterior is drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mgbayes.study.record import Id, Record

Draws = Annotated[int, Field(ge=100, le=100_000)]
Tune = Annotated[int, Field(ge=100, le=100_000)]
Accept = Annotated[float, Field(gt=0.5, lt=1)]


class Steps(Record):
    """The draws and steps of one family; what is left out is as for the plan's other families."""

    draws: Draws | None = None
    tune: Tune | None = None
    target_accept: Accept | None = None


class Sampling(Record):
    """How the posterior of a plan's families is drawn."""

    chains: Annotated[int, Field(ge=2, le=16)] = 4
    draws: Draws = 2500
    tune: Tune = 1000
    conditioning_draws: Annotated[int, Field(ge=100, le=1_000_000)] = 25_000
    max_depth: Annotated[int, Field(ge=2, le=12)] = 10
    # Of the draws held against a printed p few are kept, so that short trajectories do.
    conditioning_max_depth: Annotated[int, Field(ge=2, le=12)] = 10
    target_accept: Accept = 0.9
    # Low rank: coordinates along the directions in which parameters correlate.
    mass_matrix: Literal["diagonal", "low_rank"] = "diagonal"
    seed: Annotated[int, Field(ge=0)] = 20200216
    families: dict[Id, Steps] = Field(
        default_factory=dict, description="Families that need draws or steps of their own."
    )

    def of(self, family: str) -> Sampling:
        """How the posterior of one family is drawn."""
        own = self.families.get(family, Steps())
        return self.model_copy(update={**own.model_dump(exclude_none=True), "families": {}})
