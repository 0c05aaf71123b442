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
        """The answer of each main outcome, as the report's first table has it."""
        from mgbayes.report.answer import headlines

        columns = ("outcome", "contrast", f"chance that {self.study.contrast.label} does better", "in words")
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{escape(cell)}</td>" for cell in (row.outcome, row.contrast, row.chance, row.sure)
            )
            + "</tr>"
            for row in headlines(self)
        )
        return (
            f"<p>{escape(repr(self))}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
