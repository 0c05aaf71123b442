"""A path may be a text wherever it may be a Path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import mgbayes
from mgbayes.errors import InputError
from mgbayes.reconstruction.read import read_curves
from mgbayes.study import Study

WRITERS = (
    "mgbayes.report.write:write",
    "mgbayes.files:check_folder",
    "mgbayes.report.write_grid:write_grid",
    "mgbayes.patient_comparison.write:write_tables",
    "mgbayes.patient_comparison:check_patients",
    "mgbayes.simulation.write:write_cohorts",
    "mgbayes.reconstruction.write:write_ensemble",
    "mgbayes.reconstruction.imputations:read_imputations",
)


def _functions() -> list[Callable[..., Any]]:
    public = [getattr(mgbayes, name) for name in mgbayes.__all__ if not name.startswith("_")]
    writers = [getattr(import_module(row.partition(":")[0]), row.partition(":")[2]) for row in WRITERS]
    return [*(one for one in public if inspect.isfunction(one)), *writers]


@pytest.mark.parametrize("function", _functions(), ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_every_place_that_takes_a_path_takes_a_text(function: Callable[..., Any]) -> None:
    for parameter in inspect.signature(function).parameters.values():
        annotation = str(parameter.annotation)
        if "Path" in annotation:
            assert "str" in annotation, f"{parameter.name}: {annotation}"


def test_reanalyze_takes_its_folder_as_a_text(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is fitted: what matters is where the report goes.
    written: list[Path] = []
    monkeypatch.setattr("mgbayes.inference.fit_all.fit_all", lambda *_, **__: ([], None))
    monkeypatch.setattr("mgbayes.report.write.write", lambda result, out, say: written.append(out))
    mgbayes.reanalyze(study, str(tmp_path / "out"))
    assert written == [tmp_path / "out"]


def test_a_folder_that_is_a_file_is_refused_as_a_text_too(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="a folder"):
        mgbayes.reanalyze(study, str(tmp_path / "file"))


def test_one_curve_may_be_given_by_its_name_alone(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text("time,survival\n0,1\n10,0.8\n20,0.5\n", "utf-8")
    expected = read_curves([file], n=10)
    for given in (file, str(file), [str(file)]):
        (curve,) = read_curves(given, n=10)
        assert (curve.arm, list(curve.points.values)) == (expected[0].arm, list(expected[0].points.values))
