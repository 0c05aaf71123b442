"""Figures in the sizes of journals: profiles are data (``profiles.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from textwrap import fill

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.report.picture import Picture
from mgbayes.report.style import settings

_MM = 25.4
_CHARACTERS_PER_MM = 0.3
_SHORT = 8  # a number's label
DEFAULT_PROFILE = "190mm-300dpi"


@dataclass(frozen=True)
class Profile:
    """Width, resolution, letters and files of a figure."""

    name: str
    width_mm: float
    dpi: int
    fonts: tuple[str, ...]
    font_pt: float
    formats: tuple[str, ...]


@cache
def profiles() -> dict[str, Profile]:
    """Every profile by its name."""
    rows = tomllib.loads(files("mgbayes.report.manuscript").joinpath("profiles.toml").read_text("utf-8"))
    usual = rows.pop("defaults")
    return {
        name: Profile(
            name,
            row["width_mm"],
            row["dpi"],
            tuple(row.get("fonts", usual["fonts"])),
            row.get("font_pt", usual["font_pt"]),
            tuple(row.get("formats", usual["formats"])),
        )
        for name, row in rows.items()
    }


def profile(name: str) -> Profile:
    """A profile by its name. Raises InputError with those that there are."""
    known = profiles()
    if name not in known:
        problem = Problem("profile", repr(name), one_of(list(known), name, none="nothing"))
        raise InputError("figures of a manuscript", [problem])
    return known[name]


def save_as(picture: Picture, wanted: Profile, stem: Path, formats: tuple[str, ...] = ()) -> list[Path]:
    """Draw a figure as a profile wants it, and save it in its formats (or others); returns their places.

    The figure keeps its proportions at full width. A narrow one keeps its height; the names of its rows are broken
    into lines.
    """
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    width = wanted.width_mm / _MM
    natural, height = picture.size
    with settings(
        {"font.family": [_installed(wanted.fonts)], "font.size": wanted.font_pt, "pdf.fonttype": 42}
    ):
        figure = Figure(figsize=(width, height * max(width / natural, 1)))
        picture.draw(figure)
        for text in figure.findobj(Text):
            text.set_fontsize(wanted.font_pt)
        for axes in figure.axes:
            rows = [label.get_text() for label in axes.get_yticklabels()]
            if any(len(row) > _SHORT for row in rows):
                at = round(wanted.width_mm * _CHARACTERS_PER_MM)
                axes.set_yticks(
                    axes.get_yticks(), ["\n".join(fill(line, at) for line in row.split("\n")) for row in rows]
                )
        saved = []
        for kind in formats or wanted.formats:
            path = stem.with_suffix(f".{kind}")
            figure.savefig(path, dpi=wanted.dpi, **_OPTIONS[kind])
            saved.append(path)
    return saved


_OPTIONS: dict[str, dict] = {
    "pdf": {"metadata": {"CreationDate": None, "Producer": None, "Creator": None}},
    "svg": {"metadata": {"Date": None}},
    "tiff": {"pil_kwargs": {"compression": "tiff_lzw"}},
    "png": {"metadata": {"Software": None}},
}


@cache
def _installed(fonts: tuple[str, ...]) -> str:
    """The first font that this machine has; the last is always there."""
    from matplotlib.font_manager import fontManager

    known = set(fontManager.get_font_names())
    return next((name for name in fonts if name in known), fonts[-1])
