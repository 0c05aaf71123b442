"""How a file of patients says that they are not observed: a column, read whatever the map says."""

from __future__ import annotations

from mgbayes.patients.sheet import Sheet, text

COLUMN, SYNTHETIC = "origin", "synthetic"
_NOT_OBSERVED = (SYNTHETIC, "reconstructed")


def not_observed(sheet: Sheet) -> bool:
    """Whether any row says that it is synthetic or reconstructed."""
    return any(text(cell).casefold() in _NOT_OBSERVED for cell in sheet.columns.get(COLUMN, ()))
