"""A document for Word: native tables, captions with fields that Word numbers itself, references at the end.

No text goes through a template: python-docx writes it as text, so that nothing of it is read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgbayes.report.document import (
    Block,
    Cite,
    Column,
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

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_MARGIN_MM = 20
_PAGE_MM = (210, 297)
_ROOM_MM = _PAGE_MM[0] - 2 * _MARGIN_MM
_FIGURE_MM = 170, 200
_LONG = 300  # characters of a cell from which its row may break over pages
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_docx(
    document: Document, references: list[Reference], figures: Mapping[str, Path], file: Path
) -> Path:
    """Write the document; ``figures`` has the picture of each. The date in it is fixed: equal input, equal text."""
    import docx

    word = docx.Document()
    _set_up(word, document.title)
    word.add_paragraph(document.title, style="Title")
    numbers = {row.key: at for at, row in enumerate(references, 1)}
    for block in document.blocks:
        _add(word, document, block, figures, numbers)
    if references:
        word.add_paragraph("References", style="Heading 1")
    for row in references:
        word.add_paragraph(_clean(f"{numbers[row.key]}. {row.written()}"))
    word.save(str(file))
    return file


def _set_up(word: WordDocument, title: str) -> None:
    """Page, fonts and properties."""
    from datetime import datetime

    from docx.shared import Mm, Pt, RGBColor

    section = word.sections[0]
    section.page_width, section.page_height = Mm(_PAGE_MM[0]), Mm(_PAGE_MM[1])
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    for name, size in {"Normal": 10, "Title": 16, "Heading 1": 13, "Heading 2": 11, "Caption": 9}.items():
        style: Any = word.styles[name]
        style.font.name, style.font.size = "Arial", Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in [name for name in fonts.attrib if name.endswith("Theme")]:
            del fonts.attrib[theme]  # a theme's font would come before the named one
    core = word.core_properties
    core.title, core.author, core.comments = _clean(title), "", ""
    core.created = core.modified = datetime(2000, 1, 1)


def _add(
    word: WordDocument,
    document: Document,
    block: Block,
    figures: Mapping[str, Path],
    numbers: Mapping[str, int],
) -> None:
    if isinstance(block, Heading):
        word.add_paragraph(_clean(block.text), style=f"Heading {block.level}")
    elif isinstance(block, Paragraph):
        word.add_paragraph(_plain(document, block.text, numbers))
    elif isinstance(block, FigureBlock):
        _add_figure(word, document, block, figures[block.name])
    else:
        _add_table(word, document, block, numbers)


def _add_figure(word: WordDocument, document: Document, block: FigureBlock, file: Path) -> None:
    """The picture, as wide as its page but no higher, with its caption as its alternative text."""
    from docx.shared import Mm

    width, height = block.picture.size
    scale = min(_FIGURE_MM[0] / width, _FIGURE_MM[1] / height)
    paragraph = word.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(str(file), width=Mm(width * scale))
    shape._inline.docPr.set("descr", _clean(block.picture.caption))
    _add_caption(word, document.number(block.name), block.picture.caption)


def _add_table(word: WordDocument, document: Document, table: Table, numbers: Mapping[str, int]) -> None:
    """The caption above a native table, whose first row is repeated on every page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    _add_caption(word, document.number(table.name), table.caption).paragraph_format.keep_with_next = True
    grid = word.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    grid.style, grid.autofit = "Table Grid", False
    widths = _widths(table.columns)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Mm(width)
    texts = [
        [column.head for column in table.columns],
        *([_plain(document, as_text(cell), numbers) for cell in row] for row in table.rows),
    ]
    for at, (row, values) in enumerate(zip(grid.rows, texts, strict=True)):
        for name in (
            *(("w:cantSplit",) if max(map(len, values)) < _LONG else ()),
            *(("w:tblHeader",) if at == 0 else ()),
        ):
            row._tr.get_or_add_trPr().append(_element(name))
        for cell, text, column, width in zip(row.cells, values, table.columns, widths, strict=True):
            cell.width = Mm(width)
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(_clean(text))
            run.font.size, run.bold = Pt(7.5), at == 0
            paragraph.paragraph_format.space_after = Pt(0)
            if column.numeric:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    word.add_paragraph().add_run(_clean(table.note)).font.size = Pt(8)


def _widths(columns: tuple[Column, ...]) -> list[float]:
    total = sum(column.width for column in columns)
    return [_ROOM_MM * column.width / total for column in columns]


def _add_caption(word: WordDocument, number: str, text: str) -> Any:
    """``Table S3. Text``, the number a field of Word's so that captions can be counted on."""
    kind, _, counted = number.partition(" ")
    prefix, digits = counted.rstrip("0123456789"), counted[len(counted.rstrip("0123456789")) :]
    paragraph: Any = word.add_paragraph(style="Caption")
    paragraph.add_run(f"{kind} {prefix}")
    field = _element("w:fldSimple", {"w:instr": f" SEQ {kind} \\* ARABIC "})
    run = _element("w:r")
    value = _element("w:t")
    value.text = digits
    run.append(value)
    field.append(run)
    paragraph._p.append(field)
    paragraph.add_run(_clean(f". {text}")).bold = False
    return paragraph


def _plain(document: Document, text: Text, numbers: Mapping[str, int]) -> str:
    return _clean("".join(_part(document, part, numbers) for part in text))


def _part(document: Document, part: str | Cite | Ref, numbers: Mapping[str, int]) -> str:
    if isinstance(part, Cite):
        return f" [{', '.join(str(numbers[key]) for key in part.keys)}]"
    return document.number(part.name) if isinstance(part, Ref) else part


def _clean(text: str) -> str:
    """Text that XML can hold."""
    return _NOT_IN_XML.sub("", text)


def _element(name: str, attributes: Mapping[str, str] | None = None) -> Any:
    from docx.oxml import OxmlElement

    return OxmlElement(name, {_qn(key): value for key, value in (attributes or {}).items()})


def _qn(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))
