"""A document for LaTeX: one source file, its references and figures, in a folder that compiles as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mgbayes.report.document import (
    Block,
    Cite,
    Document,
    FigureBlock,
    Heading,
    Paragraph,
    Ref,
    Table,
    Text,
    as_text,
)
from mgbayes.report.manuscript.bibliography import Reference
from mgbayes.report.manuscript.latex_text import escaped

NAME = "supplement"
_PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{textcomp}
\usepackage[margin=20mm]{geometry}
\usepackage{graphicx}
\usepackage{array,booktabs,longtable}
\usepackage{url}
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
\newcolumntype{R}[1]{>{\raggedleft\arraybackslash}p{#1}}
\setlength{\tabcolsep}{3pt}
\setlength{\emergencystretch}{3em}
\setlength{\LTcapwidth}{\linewidth}
\renewcommand{\thetable}{PREFIX\arabic{table}}
\renewcommand{\thefigure}{PREFIX\arabic{figure}}
"""


def write_latex(
    document: Document, references: list[Reference], figures: Mapping[str, str], folder: Path
) -> list[Path]:
    """Write ``supplement.tex`` and ``references.bib``; ``figures`` has the file of each from there."""
    source, bib = folder / f"{NAME}.tex", folder / "references.bib"
    source.write_text("\n".join(_lines(document, figures)) + "\n", "utf-8", newline="\n")
    bib.write_text("\n\n".join(row.bibtex() for row in references) + "\n", "utf-8", newline="\n")
    return [source, bib]


def _lines(document: Document, figures: Mapping[str, str]) -> Iterator[str]:
    yield _PREAMBLE.replace("PREFIX", document.prefix)
    yield rf"\title{{{escaped(document.title)}}}"
    yield "\\author{}\n\\date{}\n\\begin{document}\n\\maketitle"
    for block in document.blocks:
        yield from _block(document, block, figures)
    yield "\\bibliographystyle{unsrt}\n\\bibliography{references}\n\\end{document}"


def _block(document: Document, block: Block, figures: Mapping[str, str]) -> Iterator[str]:
    if isinstance(block, Heading):
        yield rf"\{'sub' * (block.level - 1)}section*{{{escaped(block.text)}}}"
    elif isinstance(block, Paragraph):
        yield _text(document, block.text) + "\n"
    elif isinstance(block, FigureBlock):
        yield "\\begin{figure}[htbp]\n\\centering"
        yield rf"\includegraphics[width=\linewidth,height=0.85\textheight,keepaspectratio]{{{figures[block.name]}}}"
        yield rf"\caption{{{escaped(block.picture.caption)}}}\label{{{block.name}}}"
        yield "\\end{figure}"
    else:
        yield from _table(document, block)


def _table(document: Document, table: Table) -> Iterator[str]:
    total = sum(column.width for column in table.columns)
    room = 1 - 0.0127 * len(table.columns)  # what the columns leave between them
    spec = "".join(
        f"{'R' if column.numeric else 'L'}{{{room * column.width / total:.3f}\\linewidth}}"
        for column in table.columns
    )
    head = " & ".join(rf"\textbf{{{escaped(column.head)}}}" for column in table.columns)
    yield rf"{{\footnotesize\begin{{longtable}}{{{spec}}}"
    yield rf"\caption{{{escaped(table.caption)}}}\label{{{table.name}}}\\"
    yield rf"\toprule {head} \\ \midrule \endfirsthead"
    yield rf"\toprule {head} \\ \midrule \endhead"
    yield r"\bottomrule \endfoot"
    for row in table.rows:
        yield " & ".join(_text(document, as_text(cell)) for cell in row) + r" \\"
    yield r"\end{longtable}}"
    if table.note:
        yield rf"{{\footnotesize {escaped(table.note)}\par}}"


def _text(document: Document, text: Text) -> str:
    return "".join(_part(document, part) for part in text)


def _part(document: Document, part: str | Cite | Ref) -> str:
    if isinstance(part, Cite):
        return rf"~\cite{{{','.join(part.keys)}}}"
    if isinstance(part, Ref):
        kind, _, _ = document.number(part.name).partition(" ")
        return rf"{kind}~\ref{{{part.name}}}"
    return escaped(part)
