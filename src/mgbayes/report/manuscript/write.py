"""Write a manuscript's supplement: Word, LaTeX, figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from mgbayes.files import check_folder, write_frames
from mgbayes.report.document import Document, FigureBlock
from mgbayes.report.manuscript.bibliography import references
from mgbayes.report.manuscript.docx import write_docx
from mgbayes.report.manuscript.journal import DEFAULT_PROFILE, Profile, profile, save_as
from mgbayes.report.manuscript.latex import write_latex
from mgbayes.report.manuscript.supplement import supplement
from mgbayes.report.results import FLOAT, Reanalysis


def write_word(reanalysis: Reanalysis, file: str | Path) -> Path:
    """The supplement for Word."""
    file = Path(file)
    check_folder(file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    document = supplement(reanalysis)
    bitmap = profile(DEFAULT_PROFILE)
    with tempfile.TemporaryDirectory(dir=file.parent) as staging:
        drawn = {
            block.name: save_as(block.picture, bitmap, Path(staging) / block.name, ("png",))[0]
            for block in _figures(document)
        }
        staged = write_docx(
            document, references(reanalysis.study, document.cited()), drawn, Path(staging) / file.name
        )
        staged.replace(file)
    return file


def write_tex(reanalysis: Reanalysis, folder: str | Path, wanted: Profile | None = None) -> list[Path]:
    """The supplement for LaTeX: ``supplement.tex``, ``references.bib`` and ``figures/`` in the sizes of a profile."""
    folder = Path(folder)
    check_folder(folder)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    document, chosen = supplement(reanalysis), wanted or profile(DEFAULT_PROFILE)
    saved = [
        path
        for block in _figures(document)
        for path in save_as(
            block.picture, chosen, folder / "figures" / block.name, ("pdf",) if wanted is None else ()
        )
    ]
    frames = {block.name: block.picture.data() for block in _figures(document)}
    write_frames(frames, folder / "figures", FLOAT)
    saved += [folder / "figures" / f"{name}.csv" for name in frames]
    places = {block.name: f"figures/{block.name}.pdf" for block in _figures(document)}
    written = write_latex(document, references(reanalysis.study, document.cited()), places, folder)
    return [*written, *saved]


def write_manuscript(
    reanalysis: Reanalysis,
    folder: str | Path,
    wanted: Profile,
    say: Callable[[str], None] = lambda stage: None,
) -> list[Path]:
    """Word, LaTeX and figures in one folder; returns their places."""
    folder = Path(folder)
    check_folder(folder)
    say("figures and LaTeX")
    written = write_tex(reanalysis, folder, wanted)
    say("Word")
    return [*written, write_word(reanalysis, folder / "supplement.docx")]


def _figures(document: Document) -> list[FigureBlock]:
    return [block for block in document.blocks if isinstance(block, FigureBlock)]
