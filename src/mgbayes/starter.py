"""A folder to start a new study from."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

from mgbayes.errors import InputError, Problem
from mgbayes.files import writing
from mgbayes.models.plan import Plan
from mgbayes.patients.dictionary import entries, markdown
from mgbayes.patients.template import csv_template, excel_template
from mgbayes.planning.propose import propose_plans
from mgbayes.planning.toml_text import plan_text
from mgbayes.study.load import parse_study
from mgbayes.study.schema import Kind


def init(folder: str | Path) -> list[Path]:
    """Write a study to start from, and return the paths of its files.

    ``study.toml`` is a valid study with comments that guide; ``plan.toml`` a plan of its yes/no outcome, which
    ``reanalyze`` and ``sensitivity`` can run as it is; ``patients.xlsx`` and ``patients.csv`` have the
    columns that its map names; ``dictionary.md`` says what each may hold. Raises InputError, and writes
    nothing, when one of the files is there already or the folder cannot be written to.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "mine"
        >>> sorted(path.name for path in mb.init(folder))
        ['dictionary.md', 'patients.csv', 'patients.xlsx', 'plan.toml', 'study.toml']
    """
    folder = Path(folder)
    text = _text()
    study, today = parse_study(text, "study.toml"), date.today()
    columns = entries(study, today)
    contents = {
        "study.toml": text.encode(),
        "plan.toml": plan_text(starter_plan()).encode(),
        "patients.xlsx": excel_template(columns),
        "patients.csv": csv_template(columns),
        "dictionary.md": markdown(study, today).encode(),
    }
    problems = [
        Problem(name, "an existing file", "a new name") for name in contents if (folder / name).exists()
    ]
    if problems:
        raise InputError(str(folder), problems, "Nothing was written. Name another folder.")
    return _write(folder, contents)


def starter_plan() -> Plan:
    """The plan that ``init`` writes: that of the yes/no outcomes."""
    study = parse_study(_text(), "study.toml")
    (plan,) = propose_plans(study, [row.id for row in study.endpoints if row.kind is Kind.binary])
    return plan


def _text() -> str:
    return (files("mgbayes.study") / "starter.toml").read_text("utf-8")


def _write(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    with writing(folder, "the folder"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            with (folder / name).open("xb") as file:
                file.write(content)
    return [folder / name for name in contents]
