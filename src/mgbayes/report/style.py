"""How figures look: readable in print, in grey, and by people who do not see red and green apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1b1b"
SOFT = "#8a8a8a"
FAINT = "#d9d9d9"
REFERENCE = "#7a7a7a"
CONTRAST = "#1f4e79"
MARKERS = ("o", "s", "D", "^", "v")
SHADES = ("#1f4e79", "#6b8fb3", "#9a9a9a", "#404040", "#b5c7d9")

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,  # a dollar sign in a label is one
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "svg.hashsalt": "mgbayes",
    "figure.constrained_layout.use": True,
}

Draw = Callable[["Figure"], None]


@contextmanager
def settings(others: Mapping[Any, Any] | None = None) -> Iterator[None]:
    """The settings of every figure, some of them replaced by others."""
    import matplotlib

    with matplotlib.rc_context({**_SETTINGS, **(others or {})}):
        yield


def save(draw: Draw, size: tuple[float, float], stem: Path) -> tuple[Path, Path]:
    """Draw a figure of this size (inches) and save it as SVG and PNG; returns both paths.

    No time of day is written, so that equal figures are equal files.
    """
    from matplotlib.figure import Figure

    with settings():
        figure = Figure(figsize=size)
        draw(figure)
        svg, png = stem.with_suffix(".svg"), stem.with_suffix(".png")
        figure.savefig(svg, metadata={"Date": None})
        figure.savefig(png, dpi=150, metadata={"Software": None})
    return svg, png


def bare_left(axes: Axes) -> None:
    """Rows with names on the left need no axis line there."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
