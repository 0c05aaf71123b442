"""Options of the comparison with patient data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mgbayes.errors import InputError, Problem
from mgbayes.patients.subset import Subset


def read_subsets(texts: Sequence[str]) -> tuple[Subset, ...]:
    """Subsets of patients from their rules. Raises InputError with every text that is not a rule."""
    subsets: list[Subset] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            subsets.append(Subset.parse(text))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("--subset", problems)
    return tuple(subsets)


def options_without_patients(options: Mapping[str, object]) -> None:
    """Raise InputError for options that need a spreadsheet."""
    problems = [
        Problem(name, "without --patients", "--patients FILE as well")
        for name, value in options.items()
        if value
    ]
    if problems:
        raise InputError("the options", problems)
