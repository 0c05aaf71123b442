"""The list of deliberate faults is of today's source and tests, and the command notices what it should."""

from __future__ import annotations

import ast
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.mutant import ROOT, SOURCE, Mutant, mutants
from tests.mutants.run import BROKEN, KILLED, LEAST, SURVIVED, key, share, table, try_all

MUTANTS = mutants()
_FEW = 4


@cache
def _tests_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_fault_is_an_edit_of_todays_source_that_python_can_read() -> None:
    for mutant in MUTANTS:
        compile(mutant.edited(), mutant.file, "exec")
        assert mutant.edited() != mutant.place().read_text("utf-8")


def test_every_fault_names_tests_that_exist_or_says_why_it_survives() -> None:
    for mutant in MUTANTS:
        assert mutant.tests, mutant.fault
        for test in mutant.tests:
            file, _, name = test.partition("::")
            assert (ROOT / file).is_file(), test
            assert not name or name.partition("[")[0] in _tests_in(file), test


def test_there_are_enough_of_them_and_no_package_is_left_out() -> None:
    assert len(MUTANTS) >= 120
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
    folders = {path.parent.name for path in (ROOT / SOURCE).glob("*/__init__.py")}
    assert folders <= {mutant.package for mutant in MUTANTS}


def test_the_score_is_the_share_that_was_noticed() -> None:
    outcomes = (KILLED, KILLED, "killed by time", SURVIVED)
    chosen = MUTANTS[: len(outcomes)]
    found = {key(mutant): (outcome, "") for mutant, outcome in zip(chosen, outcomes, strict=True)}
    assert share(found) == 0.75
    lines = table(chosen, found).splitlines()
    assert lines[-1] == "3 of 4 mutants noticed (75.0%)"
    assert lines[-2] == f"survived: {chosen[3].file}: {chosen[3].fault}"


@pytest.mark.long
def test_what_changes_nothing_survives_and_a_test_that_fails_anyway_is_told(tmp_path: Path) -> None:
    sound = replace(MUTANTS[0], new=f"{MUTANTS[0].old}  # as it was")
    failing = replace(sound, tests=(*sound.tests, "tests/unit/test_rounding.py::no_such_test"))
    found = try_all([sound, failing, MUTANTS[0]], tmp_path / "mutants.json")
    assert [found[key(one)][0] for one in (sound, failing, MUTANTS[0])] == [SURVIVED, BROKEN, KILLED]


@pytest.mark.long
def test_a_sample_of_the_faults_is_noticed(tmp_path: Path) -> None:
    noticed: list[Mutant] = [mutant for mutant in MUTANTS if not mutant.survives]
    found = try_all(random.Random(20200216).sample(noticed, _FEW), tmp_path / "mutants.json")
    assert share(found) >= LEAST
