"""The supplement of a manuscript, from a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.reanalysis import reanalyze
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    from mgbayes.models.plan import Plan
    from mgbayes.results import Results

USUAL_PROFILE = "190mm-300dpi"


@on_a_bar
def manuscript(
    study: Study | str | Results,
    out: str | Path,
    *,
    profile: str = USUAL_PROFILE,
    plans: Sequence[Plan] | None = None,
    search: bool = True,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = quiet,
) -> list[Path]:
    """Write ``supplement.docx``, ``supplement.tex`` with ``references.bib``, and ``figures/``; returns their places.

    ``study`` is one, or what ``load_study`` takes, and is then re-analysed; or the results of that. ``profile`` names
    the size of the figures (90 or 190 mm wide, 300 or 1000 dpi); each is written as PDF, TIFF and SVG, its numbers as
    CSV. Methods and results are made from the run, and the checklists BARG, ROBUST and SAMPL say what is missing.

    Raises InputError, before anything is computed, for a profile that there is not or a folder not to be written in.

    Example:
        >>> import mgbayes as mb, tempfile
        >>> results = mb.reanalyze("litchman2020", plans=[mb.load_plan("binary")], search=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted({path.suffix for path in mb.manuscript(results, folder)})
        ['.bib', '.csv', '.docx', '.pdf', '.svg', '.tex', '.tiff']
    """
    from mgbayes.files import check_folder
    from mgbayes.report.manuscript import journal
    from mgbayes.report.manuscript.write import write_manuscript
    from mgbayes.report.results import Reanalysis

    wanted = journal.profile(profile)
    check_folder(out)
    results = (
        study
        if isinstance(study, Reanalysis)
        else reanalyze(study, plans=plans, search=search, cores=cores, use_cache=use_cache, say=say)
    )
    return write_manuscript(results, out, wanted, lambda detail: say("writing", detail))
