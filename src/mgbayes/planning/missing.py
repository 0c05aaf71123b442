"""What keeps an outcome from being modelled: which number of the paper, or word of the study file, is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mgbayes.errors import InputError, Problem
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Missing:
    """An endpoint for which no plan is proposed, and what it needs."""

    endpoint: str
    needed: str

    def __str__(self) -> str:
        """One sentence for a reader."""
        return f"{self.endpoint}: no plan, since this is missing: {self.needed}"

    @property
    def problem(self) -> Problem:
        """The same as a problem of the study file."""
        return Problem(f'endpoint "{self.endpoint}"', "not published, or not in the study file", self.needed)


def nothing_to_model(study: Study, missing: Iterable[Missing]) -> InputError:
    """The error of a study of which no outcome can be modelled."""
    problems = [row.problem for row in missing]
    if not problems:
        given = "no endpoint" if not study.endpoints else 'no endpoint with role = "outcome"'
        problems = [Problem("endpoints", given, "at least one outcome with its numbers in both arms")]
    advice = (
        "No outcome of this study can be modelled yet. Add what is missing to the study file where the paper reports "
        "it; `mgbayes verify` works without."
    )
    return InputError(study.id, problems, advice)
