"""Holm's adjustment over a family of comparisons (Holm 1979), each of which enters once."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the same order (statsmodels); a missing p stays missing and counts for nothing."""
    from statsmodels.stats.multitest import multipletests

    known = [k for k, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if known:
        corrected = multipletests([p_values[k] for k in known], method="holm")[1]
        for k, p in zip(known, corrected, strict=True):
            adjusted[k] = float(p)
    return adjusted
