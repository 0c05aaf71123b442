"""The public surface is this list, and every name on it has a docstring."""

from __future__ import annotations

import doctest

import pytest

import mgbayes

PUBLIC = [
    "Study",
    "__version__",
    "calibrate",
    "cohort",
    "compare",
    "fit",
    "init",
    "load_plan",
    "load_study",
    "manuscript",
    "plan",
    "propose_plans",
    "qualify",
    "read_curves",
    "read_patients",
    "reanalyze",
    "reconstruct",
    "schema",
    "sensitivity",
    "simulate",
    "verify",
]


def test_the_public_names_are_these() -> None:
    assert mgbayes.__all__ == PUBLIC


def test_they_are_seen_by_whoever_looks() -> None:
    assert dir(mgbayes) == sorted(PUBLIC)


def test_every_public_name_exists_and_is_documented() -> None:
    for name in PUBLIC:
        thing = getattr(mgbayes, name)
        assert isinstance(thing, str) or thing.__doc__


def test_every_command_is_a_public_function() -> None:
    from mgbayes.cli import app

    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert commands <= set(PUBLIC)


def test_a_function_stays_one_after_the_module_of_its_name_is_imported() -> None:
    from mgbayes.calibrate import run

    assert callable(mgbayes.calibrate)
    assert mgbayes.calibrate is run.calibrate


SAMPLING = (
    "calibrate",
    "cohort",
    "fit",
    "manuscript",
    "reanalyze",
    "read_patients",
    "sensitivity",
    "simulate",
)
"""Public functions whose examples compile models, or draw tables of patients."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if name in SAMPLING else ())
        for name in mgbayes.__all__
        if name != "__version__"
    ],
)
def test_the_example_of_a_docstring_holds(name: str) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(mgbayes, name), name, globs={})
    result = doctest.DocTestRunner().run(test)
    assert result.attempted >= 2
    assert result.failed == 0


def test_the_schema_of_a_study_has_no_example_of_python() -> None:
    described = mgbayes.schema()["description"]
    assert described == "What a paper reported, as printed."
