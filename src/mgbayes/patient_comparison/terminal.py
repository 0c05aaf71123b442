"""The two tables for a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from mgbayes.patient_comparison.result import PatientComparison, Row

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_ROLES = {"better": "the better one", "check": "a check"}


_WIDE = 160


def wide_console() -> Console:
    """Standard output as wide as the terminal is, or as COLUMNS says; wide tables in a file."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=_WIDE)


def show_comparison(comparison: PatientComparison, console: Console) -> None:
    """Show the claims, then the tests."""
    from rich.text import Text

    for part in (_claims(comparison), *_sentences(comparison), _tests(comparison)):
        console.print(Text(part) if isinstance(part, str) else part)


def _title(comparison: PatientComparison, what: str) -> str:
    return f"{comparison.study}: {what}" + (" (SYNTHETIC PATIENTS)" if comparison.synthetic else "")


def _claims(comparison: PatientComparison) -> Table:
    heads = ("claim", "number", "published", "from the patients", "", "note")
    rows = (
        [
            (row["claim"] + (f" ({row['alternative']})" if row["alternative"] else "")),
            row["quantity"],
            row["printed"],
            _number(row["from_patients"]),
            row["match"].replace("_", " "),
            row["note"],
        ]
        for row in comparison.claims
    )
    return _table(_title(comparison, "published numbers and what the patients give"), heads, [rows])


def _tests(comparison: PatientComparison) -> Table:
    heads = (
        "comparison",
        "test",
        "p",
        "Holm p",
        "estimate (95 % interval)",
        "n",
        "missing",
        "named by the paper or better",
        "note",
    )
    groups = groupby(comparison.tests, key=lambda row: (row["endpoint"], row["comparison"]))
    return _table(_title(comparison, "tests"), heads, (_compared(rows) for _, rows in groups))


def _compared(rows: Iterator[Row]) -> Iterator[list[str]]:
    for at, row in enumerate(rows):
        yield [
            f"{row['endpoint']}: {row['comparison']}" if at == 0 else "",
            row["label"],
            _p(row["p"]),
            _p(row["holm_p"]),
            _estimate(row),
            str(row["n_used"]),
            str(row["n_missing"]),
            ", ".join(_standing(row)),
            row["note"],
        ]


def _standing(row: Row) -> Iterator[str]:
    if row["named_by_paper"]:
        yield "the paper"
    if row["role"] in _ROLES:
        yield _ROLES[row["role"]]


def _sentences(comparison: PatientComparison) -> Iterator[str]:
    counts = ", ".join(f"{n} {match.replace('_', ' ')}" for match, n in comparison.tally().items())
    yield f"{len(comparison.claims)} published numbers: {counts}\n"
    if comparison.masking is not None:
        hidden = ", ".join(comparison.masking.whole) or "none"
        also = (
            ", ".join(one for one in comparison.masking.parts if one not in comparison.masking.whole)
            or "none"
        )
        yield (
            f"Counts of patients below {comparison.masking.below} are masked, with all that would reveal them. "
            f"Endpoints hidden: {hidden}. Hidden in subsets only: {also}.\n"
        )


def _table(title: str, heads: tuple[str, ...], sections: object) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads, title=title)
    for section in sections:  # type: ignore[attr-defined]
        for cells in section:
            table.add_row(*(Text(cell) for cell in cells))
        table.add_section()
    return table


def _number(value: float | str | None) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:.5g}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if value >= 0.0001 else "<0.0001"


def _estimate(row: Row) -> str:
    if row["estimate"] is None:
        return ""
    limits = f" ({_limit(row['low'])} to {_limit(row['high'])})" if row["interval"] else ""
    return f"{row['estimate_name']} {_limit(row['estimate'])}{limits}"


def _limit(value: float | str | None) -> str:
    return {"inf": "∞", "-inf": "-∞"}.get(str(value)) or _number(value) or "?"
