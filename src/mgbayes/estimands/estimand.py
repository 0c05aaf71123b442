"""An estimand: one named contrast with a unit, a null value and a direction of benefit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Estimand:
    """One contrast of the contrast arm with the reference arm.

    Attributes:
        id: the name it has in plans, results and draws.
        label: what it is, in words for a reader of the report.
        unit: its unit, empty for a ratio or a probability.
        null: the value that means no difference.
        benefit: "higher" if values above the null favour the contrast arm, "lower" if those below
            do, None for a baseline fact that is no benefit to anyone.
        of_arms: whether arms are compared; if not, patients of one arm, by a covariate or by what is not known.
    """

    id: str
    label: str
    unit: str
    null: float
    benefit: Literal["higher", "lower"] | None
    of_arms: bool = True
