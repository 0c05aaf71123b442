"""The table ``[confounding]`` of a plan: what is assumed of an unmeasured confounder.

Either the bias itself, or a binary confounder from which it follows:

    bias = { mean, sd }                         estimate less truth, log of a ratio or units of a difference
    confounder = { prevalence_reference, prevalence_contrast, log_ratio or difference }

The mathematics is in ``mgbayes.robustness.bias``.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from mgbayes.study.record import Id, Record

Positive = Annotated[float, Field(gt=0)]
BetaNumbers = tuple[Positive, Positive]


class NormalNumbers(Record):
    """The mean and SD of a normal prior; an SD of 0 is a number that is taken as known."""

    mean: float
    sd: Annotated[float, Field(ge=0)]


class Confounder(Record):
    """A binary confounder: Beta priors of its prevalence in each arm, and a normal prior of what it does.

    ``log_ratio`` is the log of the ratio by which it multiplies the outcome (for an estimand that is a ratio),
    ``difference`` what it adds to the outcome, in the unit of the estimand (for a difference).
    """

    prevalence_reference: BetaNumbers
    prevalence_contrast: BetaNumbers
    log_ratio: NormalNumbers | None = None
    difference: NormalNumbers | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.log_ratio is None) == (self.difference is None):
            raise ValueError("either log_ratio (an estimand that is a ratio) or difference (one that is not)")
        return self

    @property
    def effect(self) -> NormalNumbers:
        """The prior of what the confounder does, on the log scale of a ratio or in units."""
        effect = self.log_ratio or self.difference
        assert effect is not None
        return effect


class Confounding(Record):
    """A prior of the bias of one estimand, and what its E-value takes for granted.

    ``rare_outcome`` says that fewer than 15 % have the outcome by the end of follow-up, so that an odds or hazard
    ratio is close to a risk ratio. ``outcome_sd`` is the SD of a continuous outcome, where the paper does not print
    it.
    """

    estimand: Id
    bias: NormalNumbers | None = None
    confounder: Confounder | None = None
    rare_outcome: bool = False
    outcome_sd: Positive | None = None
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_prior(self) -> Self:
        if self.bias is not None and self.confounder is not None:
            raise ValueError("either bias or confounder, not both")
        if not (self.bias or self.confounder or self.rare_outcome or self.outcome_sd):
            raise ValueError("bias = { mean, sd } or confounder = { prevalence_reference, ... }")
        return self
