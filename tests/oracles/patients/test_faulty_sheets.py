"""10 000 sheets with known faults: each fault is named with its row and column, and no other patient is blamed.

The oracle is the generator: it makes a valid sheet, puts one to three faults into it and knows where.
About 90 s on one core, most of it in pandera.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mgbayes.errors import InputError
from mgbayes.patients import read_patients
from tests.oracles.patients.cohort import Grid, cohort, grid
from tests.oracles.patients.faults import FAULTS, Case, faults_of
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.written import write

SHEETS = 10_000
PARTS = 10  # of SHEETS / PARTS sheets each, so that a failure names its part
SUFFIXES, SHARES = (".csv", ".parquet", ".xlsx"), (0.84, 0.12, 0.04)


def _faulty(rng: np.random.Generator) -> tuple[Grid, dict[tuple[int, str], str]]:
    """A sheet and its faults by the row of the grid and the heading."""
    name = NAMES[int(rng.integers(len(NAMES)))]
    patients = cohort(rng, 8)
    sheet = grid(rng, name, patients)
    chosen = rng.choice(faults_of(name), size=int(rng.integers(1, 4)), replace=False)
    whom = rng.permutation(8)
    found = {}
    for at, fault in zip(whom, chosen, strict=False):
        case = Case(rng, sheet, int(at), patients[at], patients[whom[-1]])
        found[FAULTS[str(fault)].put(case)] = str(fault)
    return sheet, found


def _places(error: InputError) -> set[tuple[int, str]]:
    places = [re.fullmatch(r'row (\d+), column "(.*)"', problem.place) for problem in error.problems]
    return {(int(place[1]), place[2]) for place in places if place is not None}


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(0, marks=pytest.mark.long),  # some on every change, all before a release
        *(pytest.param(part, marks=pytest.mark.evidence) for part in range(1, PARTS)),
    ],
)
def test_every_fault_is_named_with_its_row_and_column(part: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(20200411 + part)
    seen: Counter[str] = Counter()
    for _ in range(SHEETS // PARTS):
        sheet, faults = _faulty(rng)
        path = tmp_path / f"sheet{rng.choice(SUFFIXES, p=SHARES)}"
        numbers = write(rng, sheet, path)
        with pytest.raises(InputError) as caught:
            read_patients(path, form(sheet.form))
        named = _places(caught.value)
        expected = {(numbers[row], heading): fault for (row, heading), fault in faults.items()}
        missed = {fault for spot, fault in expected.items() if spot not in named}
        assert not missed, f"{missed} not named in {sheet.form}: {caught.value}"
        owner = dict(zip(numbers, sheet.patients, strict=True))
        blamed = {owner[row] for row, _ in named}
        assert blamed == {owner[row] for row, _ in expected}, (
            f"{set(expected.values())} in {sheet.form}: {caught.value}"
        )
        assert len(caught.value.problems) == len({str(problem) for problem in caught.value.problems})
        seen.update(faults.values())
    assert set(seen) == set(FAULTS)


def test_the_text_says_what_was_given_and_what_is_accepted(tmp_path: Path) -> None:
    """Every problem line has its three parts, and the error ends with code 2."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        sheet, _ = _faulty(rng)
        write(rng, sheet, tmp_path / "sheet.csv")
        with pytest.raises(InputError) as caught:
            read_patients(tmp_path / "sheet.csv", form(sheet.form))
        assert caught.value.exit_code == 2
        for problem in caught.value.problems:
            assert problem.given
            assert problem.accepted
            assert "nan" not in f"{problem.given} {problem.accepted}".lower().replace("nan,", "")
