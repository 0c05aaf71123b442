"""Proposed plans as files in a folder: ``mgbayes plan``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mgbayes.errors import InputError, Problem
from mgbayes.files import writing
from mgbayes.models.plan import Plan
from mgbayes.planning.missing import Missing, nothing_to_model
from mgbayes.planning.toml_text import plan_text
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Written:
    """The files that were written, and the outcomes that have no plan."""

    paths: tuple[Path, ...]
    missing: tuple[Missing, ...]


def plan(study: Study, folder: str | Path, endpoints: Collection[str] | None = None) -> Written:
    """Write a commented plan, ``ID.toml``, for every outcome that the study reports enough about.

    Only for ``endpoints`` where they are named. Raises InputError, and writes nothing, when an endpoint is unknown,
    nothing can be modelled (with what is missing), a file is there already, or the folder cannot be written to.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> files = mb.init(folder / "mine")
        >>> written = mb.plan(mb.load_study(folder / "mine" / "study.toml"), folder / "plans")
        >>> sorted(path.name for path in (folder / "plans").iterdir())
        ['mobility.toml', 'time_to_fall.toml', 'yes_no.toml']
    """
    from mgbayes.planning.choose import proposed

    choice = proposed(study, endpoints)
    if not choice.plans:
        raise nothing_to_model(study, choice.missing)
    return Written(tuple(_write(choice.plans, Path(folder))), choice.missing)


def _write(plans: Sequence[Plan], folder: Path) -> list[Path]:
    paths = {folder / f"{plan.id}.toml": plan for plan in plans}
    existing = [Problem(path.name, "an existing file", "a new name") for path in paths if path.exists()]
    if existing:
        raise InputError(str(folder), existing, "Nothing was written. Name another folder with --out.")
    with writing(folder, "the folder"):
        folder.mkdir(parents=True, exist_ok=True)
        for path, plan in paths.items():
            path.write_text(plan_text(plan), "utf-8", newline="\n")
    return list(paths)
