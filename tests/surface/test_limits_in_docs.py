"""The page on limits states the numbers that the code holds inputs to."""

from __future__ import annotations

import re

from mgbayes import limits
from mgbayes.frequentist import two_by_two
from mgbayes.models import priors
from mgbayes.study import record
from tests.conftest import ROOT
from tests.fuzz import run


def test_the_page_states_each_limit() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", page, re.MULTILINE))
    rows.pop("input")
    stated = {
        "study file, plan, scenarios, truth": f"{limits.PLAN_BYTES / 1e6:g} MB",
        "number in a study file": f"{record.LONGEST_NUMBER} characters",
        "patients in a group": f"{record.LONGEST_COUNT} digits",
        "id": f"{record.LONGEST_ID} characters: letters, digits, `.`, `_`, `-`",
        "text in a study file or plan, name of an arm": "no unseen characters: control, zero width, direction",
        "numbers of a prior": f"{_spaced(-priors.LARGEST)} to {_spaced(priors.LARGEST)}",
        "spreadsheet, curve, reconstructed patients": f"{limits.TABLE_BYTES / 1e6:g} MB",
        "workbook or Parquet file, unpacked": f"{limits.UNPACKED_BYTES / 1e6:g} MB",
        "rows of a spreadsheet or curve": _spaced(limits.ROWS),
        "columns of a spreadsheet": _spaced(limits.COLUMNS),
        "number in a spreadsheet or curve": f"{limits.LARGEST_VALUE:g} in size",
        "time in a spreadsheet": f"0, or at least {limits.SHORTEST_TIME:f}",
        "patients in an arm of a curve": _spaced(limits.CURVE_PATIENTS),
        "data sets made of a curve": _spaced(limits.IMPUTATIONS),
        "Fisher's exact test": f"{_spaced(two_by_two._GIVEN_MARGINS)} patients",
        "Barnard's and Boschloo's tests": f"{_spaced(two_by_two._UNCONDITIONAL)} patients",
    }
    assert rows == stated
    assert f"shows the first {limits.PROBLEMS_SHOWN} problems" in page
    assert f"take {run.SECONDS:g} seconds" in page


def _spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")
