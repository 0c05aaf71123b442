"""Files of a report: figures drawn into a folder, and what is ready moved to its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mgbayes.files import write_frames
from mgbayes.report.picture import Picture
from mgbayes.report.results import FLOAT
from mgbayes.report.style import save


def draw_all(pictures: Iterable[Picture], folder: Path) -> dict[str, tuple[Picture, Path]]:
    """Save every figure and what it shows as CSV; by its name, with the place of its SVG."""
    return {picture.name: (picture, _drawn(picture, folder)) for picture in pictures}


def _drawn(picture: Picture, folder: Path) -> Path:
    write_frames({picture.name: picture.data()}, folder, FLOAT)
    return save(picture.draw, picture.size, folder / picture.name)[0]


_UNFINISHED = ".unfinished-"


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A folder inside ``folder`` to make files in, before they are moved to their places; later it is gone.

    So is what a run that was killed left there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=_UNFINISHED) as staging:
        yield Path(staging)


def move_all(names: Sequence[str], staging: Path, folder: Path) -> list[Path]:
    """Move files that are ready into a folder one by one, in this order; returns their places."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / name, target)
    return [folder / name for name in names]
