"""The times at which a piecewise constant hazard changes, as plans and truths state them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _two_in_order(cuts: tuple[float, ...]) -> tuple[float, ...]:
    if cuts and (len(cuts) != 2 or cuts[0] >= cuts[1]):
        raise ValueError("two times, the earlier first")
    return cuts


Cuts = Annotated[tuple[Annotated[float, Field(gt=0)], ...], AfterValidator(_two_in_order)]
"""Two times, the earlier first; empty where no hazard changes."""
