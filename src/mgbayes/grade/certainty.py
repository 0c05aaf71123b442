"""Certainty of the evidence for one outcome, by stated rules in the manner of GRADE.

GRADE begins at high for randomized arms and at low for others, and goes down a level for each serious concern
(Guyatt et al. 2008, BMJ 336:924). A panel judges the concerns; here each is decided by a rule, so that the level is a
starting point for that judgement and does not replace it. No rule raises the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LEVELS = ("very low", "low", "moderate", "high")


class Concern(StrEnum):
    """A reason for less certainty; its text stands in the table."""

    not_randomized = "not randomized"
    imbalance = "arms differed before treatment"
    assumed_followup = "follow-up assumed"
    misprint = "a number may be misprinted"
    imprecise = "imprecise"
    depends = "depends on the analysis"


@dataclass(frozen=True)
class Certainty:
    """A level of GRADE and the concerns that led to it."""

    level: str
    concerns: tuple[Concern, ...]

    def besides(self, common: Sequence[Concern]) -> tuple[Concern, ...]:
        """The concerns that are not common to all rows of a table."""
        return tuple(concern for concern in self.concerns if concern not in common)


def certainty(
    *,
    randomized: bool,
    imbalance: bool,
    assumed_followup: bool,
    misprint: bool,
    imprecise: bool,
    depends: bool,
) -> Certainty:
    """The level that the rules give: three steps down from randomized are very low, as is anything below low.

    Example:
        >>> certainty(randomized=True, imbalance=False, assumed_followup=False, misprint=False, imprecise=True,
        ...           depends=False).level
        'moderate'
    """
    lowered = tuple(
        concern
        for concern, holds in (
            (Concern.imbalance, imbalance),
            (Concern.assumed_followup, assumed_followup),
            (Concern.misprint, misprint),
            (Concern.imprecise, imprecise),
            (Concern.depends, depends),
        )
        if holds
    )
    start = LEVELS.index("high" if randomized else "low")
    concerns = lowered if randomized else (Concern.not_randomized, *lowered)
    return Certainty(LEVELS[max(start - len(lowered), 0)], concerns)
