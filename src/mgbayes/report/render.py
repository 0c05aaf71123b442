"""A self-contained page from a template: everything is escaped, figures are held as data, nothing is fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgbayes.report.document import Column, Table, Text, as_text
from mgbayes.report.picture import Picture

if TYPE_CHECKING:
    from markupsafe import Markup


def render(template: str, drawn: Mapping[str, tuple[Picture, Path]], context: Mapping[str, Any]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("mgbayes.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def figure(name: str) -> Markup:
        if name not in drawn:
            return Markup("")
        picture, svg = drawn[name]
        data = b64encode(svg.read_bytes()).decode()
        return Markup(
            '<figure id="figure-{0}"><div class="wide" tabindex="0" role="group" aria-label="{1}">'
            '<img alt="{1}" src="data:image/svg+xml;base64,{2}"></div><figcaption>{3}</figcaption></figure>'
        ).format(name, picture.title, data, picture.caption)

    return environment.get_template(template).render(figure=figure, table=table, **context) + "\n"


def table(shown: Table, extra: str = "") -> Markup:
    """A table of a document: a caption, heads with their scope, and in a narrow window each row as a card."""
    from markupsafe import Markup

    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_numeric(column), column.head) for column in shown.columns
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>\n").format(
            Markup("").join(
                _cell(column, cell, at)
                for at, (column, cell) in enumerate(zip(shown.columns, row, strict=True))
            )
        )
        for row in shown.rows
    )
    note = Markup('<p class="small soft">{}</p>').format(shown.note) if shown.note else Markup("")
    return Markup(
        '<table class="shown {}"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>{}'
    ).format(extra, shown.caption, head, rows, note)


def _cell(column: Column, cell: str | Text, at: int) -> Markup:
    from markupsafe import Markup

    text = "".join(part for part in as_text(cell) if isinstance(part, str))
    if at == 0:
        return Markup('<th scope="row">{}</th>').format(text)
    return Markup('<td{} data-head="{}">{}</td>').format(_numeric(column), column.head, text)


def _numeric(column: Column) -> Markup:
    from markupsafe import Markup

    return Markup(' class="num"') if column.numeric else Markup("")
