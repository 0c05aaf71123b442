"""How well each fit on patients foresees a patient from the others, in words. Patients go by their rows only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.inference.fit import Fit
from mgbayes.inference.leave_one_out import LeaveOneOut
from mgbayes.report import words

_LISTED = 20  # rows that are named; a registry can have many more


def foreseen(fits: Sequence[Fit]) -> Iterator[str]:
    """Expected log predictive densities of those that can be compared, and the patients of a high Pareto k."""
    scored = [(fit, fit.leave_one_out) for fit in fits if fit.estimands and fit.leave_one_out]
    groups: dict[int, list[str]] = {}
    for fit, row in scored:
        figure = f"{_name(fit)} {row.elpd:.1f} (SE {row.se:.1f}, Pareto k up to {row.pareto_k_max:.2f})"
        groups.setdefault(row.patients, []).append(figure)
    if groups:
        listed = "; ".join(_listed(count, figures, len(groups)) for count, figures in groups.items())
        yield (
            "How well each model predicts a patient from the others (expected log predictive density, leave-one-out; "
            "more is better, among fits to the same patients; a difference of less than about 4 settles nothing): "
            f"{listed}."
        )
    for fit, row in scored:
        if row.influential:
            yield _swayed(fit, row)


def _listed(count: int, figures: list[str], groups: int) -> str:
    return (f"of {count} patients, " if groups > 1 else "") + "; ".join(figures)


def _swayed(fit: Fit, row: LeaveOneOut) -> str:
    name, count = _name(fit), len(row.influential)
    rows = ", ".join(map(str, row.influential[:_LISTED]))
    more = f" (and {count - _LISTED} more)" if count > _LISTED else ""
    whose = "patient in row" if count == 1 else "patients in rows"
    sway = "sways" if count == 1 else "sway"
    return (
        f"{name[:1].upper() + name[1:]}: the {whose} {rows}{more} of the spreadsheet {sway} the fit (Pareto k up to "
        f"{row.pareto_k_max:.2f}, where 0.7 is the most that is trusted): look at them first, and do not rely on the "
        "leave-one-out figure."
    )


def _name(fit: Fit) -> str:
    return words.family(fit.family) + (f" with {' and '.join(fit.adjusted)}" if fit.adjusted else "")
