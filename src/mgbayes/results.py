"""Everything that a re-analysis found, as a value: tables and a page are made when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mgbayes.report.results import Reanalysis

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Results(Reanalysis):
    """The study, what became of its claims (``ledger``), the ``fits`` and the overall benefit."""

    def to_dataframe(self) -> pd.DataFrame:
        """One row an estimand of each fit that passed its diagnostics: what ``estimands.csv`` has."""
        from mgbayes.report.tables import estimands

        return estimands(self)

    def to_html(self, file: str | Path) -> Path:
        """Write the report as one file that fetches nothing. Raises InputError where it cannot be written."""
        from mgbayes.report.write import write_page

        return write_page(self, file)

    def write(self, folder: str | Path) -> list[Path]:
        """Write page, tables, figures, draws and results.json; returns their places."""
        from mgbayes.report.write import write

        return write(self, folder)

    def to_docx(self, file: str | Path) -> Path:
        """Write the supplement of a manuscript for Word. Raises InputError where it cannot be written."""
        from mgbayes.report.manuscript.write import write_word

        return write_word(self, file)

    def to_latex(self, folder: str | Path) -> list[Path]:
        """Write the supplement for LaTeX, with its references and figures; returns their places."""
        from mgbayes.report.manuscript.write import write_tex

        return write_tex(self, folder)

    def checklist(self, name: str) -> pd.DataFrame:
        """A reporting checklist (BARG, ROBUST, SAMPL), filled in: where each item stands in the supplement, and gaps.

        Raises InputError for another name.
        """
        from mgbayes.report.manuscript.supplement import filled_checklist

        return filled_checklist(self, name)

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} of them without an estimate" if self.failed else ""
        return f"Results({self.study.id}: {len(self.ledger.claims)} claims, {len(self.fits)} fits{failed})"

    def _repr_html_(self) -> str:
        """The answer in one paragraph and the main outcomes, as the report begins."""
        from mgbayes.report.conclusion import conclusion
        from mgbayes.report.findings_table import findings_table
        from mgbayes.report.render import table

        shown = table(findings_table(self, self.main_findings))
        return f"<p>{escape(repr(self))}</p><p>{escape(conclusion(self))}</p>{shown}"
