"""Other published cohorts that come with the package: those that may be pooled, and those that may not."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from pydantic import Field, ValidationError

from mgbayes.errors import InputError
from mgbayes.study.load import parse_study, parse_toml
from mgbayes.study.problems import problems_of
from mgbayes.study.schema import Id, Record, Study

_EMBEDDED = files("mgbayes.study") / "embedded"


class ContextCohort(Record):
    """A published cohort that is shown beside the others and never pooled with them."""

    id: Id
    who: str
    why: Literal["overlap", "one_arm"] = Field(
        description="overlap: its patients are in another study too. one_arm: there is no contrast."
    )
    overlaps: tuple[Id, ...] = Field((), description="The studies that share patients with it.")
    numbers: tuple[str, ...] = Field(min_length=1, description="As published, in words.")


class Context(Record):
    """What stands beside a study without being evidence for its contrast."""

    schema_version: Literal[1]
    study: Id
    cohorts: tuple[ContextCohort, ...] = Field(min_length=1)


def embedded_cohorts() -> tuple[Study, ...]:
    """The independent cohorts with both arms, oldest first.

    The first claim of a cohort that counts a yes/no outcome in both arms is the one that is pooled; the
    reason for the choice stands at the head of its file.
    """
    entries = [entry for entry in (_EMBEDDED / "cohorts").iterdir() if entry.name.endswith(".toml")]
    studies = [parse_study(entry.read_text("utf-8"), f"{entry.name} (embedded)") for entry in entries]
    return tuple(sorted(studies, key=lambda study: (study.id[-4:], study.id)))


def context_cohorts(study: str = "litchman2020") -> tuple[ContextCohort, ...]:
    """The cohorts that stand beside an embedded study; none when no file lists any."""
    entry = _EMBEDDED / "context" / f"{study}.toml"
    return parse_context(entry.read_text("utf-8"), entry.name).cohorts if entry.is_file() else ()


def parse_context(text: str, file: str) -> Context:
    """Turn the text of a context file into its rows. Raises InputError with every problem."""
    raw = parse_toml(text, file)
    try:
        return Context.model_validate(raw)
    except ValidationError as error:
        raise InputError(file, problems_of(error, raw, Context)) from None
