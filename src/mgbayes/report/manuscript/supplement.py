"""The supplement: which sections, tables and figures, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgbayes.report import document_tables as tables
from mgbayes.report import words
from mgbayes.report.conclusion import conclusion, estimate
from mgbayes.report.confounding_words import confounding_cautions
from mgbayes.report.document import Block, Cite, Document, FigureBlock, Heading, Paragraph, Ref, Text, as_text
from mgbayes.report.figures import pictures
from mgbayes.report.findings_table import findings_table
from mgbayes.report.manuscript.checklists import CHECKLISTS, SECTIONS, checklist
from mgbayes.report.manuscript.methods import methods
from mgbayes.report.results import Reanalysis

if TYPE_CHECKING:
    import pandas as pd


def supplement(reanalysis: Reanalysis) -> Document:
    """The whole supplement; tables without a row are left out, and the checklists say so."""
    body = list(_body(reanalysis))
    parts = Document("", tuple(body)).numbers
    return Document(
        f"Supplement: Bayesian re-analysis of “{reanalysis.study.title}”",
        (
            *body,
            Heading("Reporting checklists"),
            *(checklist(name).filled(parts) for name in CHECKLISTS),
        ),
    )


def filled_checklist(reanalysis: Reanalysis, name: str) -> pd.DataFrame:
    """One checklist as a data frame, its references as they are numbered in the supplement."""
    import pandas as pd

    items = checklist(name)
    document = Document("", tuple(_body(reanalysis)))
    table = items.filled(document.numbers)

    def plain(cell: str | Text) -> str:
        parts = (part for part in as_text(cell) if not isinstance(part, Cite))
        return "".join(document.number(part.name) if isinstance(part, Ref) else part for part in parts)

    rows = [[plain(cell) for cell in row] for row in table.rows]
    return pd.DataFrame(rows, columns=[column.head for column in table.columns]).set_index("Item")


def _body(reanalysis: Reanalysis) -> Iterator[Block]:
    study = reanalysis.study
    shown = [
        table
        for table in (
            tables.models(reanalysis),
            tables.priors(reanalysis),
            tables.estimands(reanalysis),
            tables.robustness(reanalysis),
            tables.overall(reanalysis),
            tables.reported_p(reanalysis),
            tables.predictive(reanalysis),
            tables.diagnostics(reanalysis),
            tables.claims(reanalysis),
            tables.software(reanalysis),
        )
        if table.rows
    ]
    drawn = list(pictures(reanalysis))
    yield Heading(SECTIONS["question"])
    yield Paragraph((study.question,))
    yield Paragraph((" ".join(f"{row.id}: {row.what.rstrip('.')}." for row in study.sources),))
    if study.limitations:
        yield Paragraph(("Limitations: " + words.listed(study.limitations),))
    yield Heading(SECTIONS["methods"])
    yield from (Paragraph(text) for text in methods(reanalysis))
    yield Heading("Results")
    yield Paragraph((conclusion(reanalysis),))
    if reanalysis.summary_of_findings:
        each = words.first_upper("; ".join(map(estimate, reanalysis.summary_of_findings)))
        yield Paragraph((each, " (", Ref("findings"), ", ", Ref("robustness"), ")."))
    yield from (Paragraph((text,)) for text in confounding_cautions(reanalysis))
    yield findings_table(reanalysis)
    yield Heading("Tables")
    yield from shown
    if drawn:
        yield Heading("Figures")
        yield from map(FigureBlock, drawn)
