"""What a user says beside the name of a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mgbayes.errors import InputError, Problem
from mgbayes.patients.subset import Subset


def read_subsets(texts: Sequence[str]) -> tuple[Subset, ...]:
    """The rules for parts of the patients. Raises InputError with every text that is not one."""
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
    """Raise InputError for options that were given but mean nothing without a spreadsheet."""
    given = [name for name, value in options.items() if value]
    if given:
        problems = [Problem(name, "without --patients", "--patients FILE as well") for name in given]
        raise InputError("the options", problems)
