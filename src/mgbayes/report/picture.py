"""A figure before it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mgbayes.report.style import Draw

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A figure with its name, what it shows in words, its size in inches, and the plan it belongs to.

    ``data`` gives what is drawn as a data frame, which is written beside it as a CSV file of the same name.
    """

    name: str
    caption: str
    size: tuple[float, float]
    draw: Draw
    data: Callable[[], pd.DataFrame]
    plan: str | None = None

    @property
    def title(self) -> str:
        """The first sentence of the caption, for who cannot see the figure."""
        return self.caption.partition(". ")[0].rstrip(".") + "."
