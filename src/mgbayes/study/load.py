"""Read a study file, or one of the embedded studies, and say everything that is wrong with it."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mgbayes.errors import InputError, Problem, hidden
from mgbayes.files import read_bytes
from mgbayes.limits import PLAN_BYTES
from mgbayes.study.problems import place, problems_of
from mgbayes.study.references import reference_problems
from mgbayes.study.schema import Study

_EMBEDDED = files("mgbayes.study") / "embedded"
DEFAULT_STUDY = "litchman2020"


def embedded_studies() -> tuple[str, ...]:
    """The names of the studies that come with the package."""
    names = (entry.name for entry in _EMBEDDED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def embedded_text(name: str) -> str:
    """The text of an embedded study file."""
    return (_EMBEDDED / f"{name}.toml").read_text("utf-8")


def embedded_oracles() -> Traversable:
    """The file of what others computed from the published numbers of the default study."""
    return _EMBEDDED / "oracles" / f"{DEFAULT_STUDY}.toml"


def load_study(study: str | Path = DEFAULT_STUDY) -> Study:
    """Load an embedded study by its name, or a study file by its path.

    Raises InputError with every problem of the file in one pass: its form, its numbers and
    what its parts say of each other.

    Example:
        >>> import mgbayes as mb
        >>> study = mb.load_study("litchman2020")
        >>> int(study.reference.n), int(study.contrast.n)
        (17, 16)
    """
    name = str(study)
    if name in embedded_studies():
        return parse_study(embedded_text(name), f"{name} (embedded)")
    return parse_study(read_text_file(Path(study)), name)


def parse_study(text: str, file: str) -> Study:
    """Turn the text of a study file into a study. Raises InputError."""
    raw = parse_toml(text, file)
    problems: list[Problem] = []
    study: Study | None = None
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        problems = problems_of(error, raw)
    problems += reference_problems(raw)
    if problems or study is None:
        advice = "The format is described by `mgbayes schema`; an example is `mgbayes schema --example`."
        raise InputError(file, problems, advice)
    return study


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """Parse TOML. Raises InputError that names the line, or the place of a control character."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, [_broken_toml(str(error), text)]) from None
    except (RecursionError, ValueError):  # the latter: a whole number of thousands of digits
        problem = Problem("the content", "lists within lists, or a number, of thousands", "a study or a plan")
        raise InputError(file, [problem]) from None
    problems = list(_control_characters(raw, raw))
    if problems:
        raise InputError(file, problems)
    return raw


def _control_characters(node: Any, raw: dict[str, Any], at: tuple[int | str, ...] = ()) -> Iterator[Problem]:
    """Texts that would move a terminal's cursor, that no SVG or Word file can hold, or that read otherwise."""
    if isinstance(node, str):
        if given := hidden(node):
            yield Problem(place(at, raw), given, "text of letters, digits and signs")
        return
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from _control_characters(value, raw, (*at, key))


def _broken_toml(message: str, text: str) -> Problem:
    """The line that the parser stopped at, and what it says of it."""
    at = re.search(r"\(at line (\d+), column (\d+)\)", message)
    reason = re.sub(r" \(at .*\)$", "", message)
    if at is None:
        return Problem("the end of the file", "text that stops too early", f"TOML ({reason})")
    line = text.splitlines()[int(at[1]) - 1].strip() if text else ""
    return Problem(f"line {at[1]}, column {at[2]}", repr(line), f"TOML ({reason})")


def read_text_file(path: Path) -> str:
    """The text of a file. Raises InputError when there is none that can be read."""
    known = f"a file in TOML, or an embedded study ({', '.join(embedded_studies())})"
    content = read_bytes(path, "a file in TOML", most=PLAN_BYTES, missing=known)
    try:
        return io.TextIOWrapper(io.BytesIO(content), "utf-8").read()
    except UnicodeDecodeError:
        problem = Problem("the content", "bytes that are not UTF-8", "a text file in UTF-8")
        raise InputError(str(path), [problem]) from None
