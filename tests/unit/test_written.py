"""Numbers as they are written: alike where processors differ in the last bits of a sum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mgbayes.report.results import FLOAT, dump


def test_sums_that_differ_in_their_last_bits_are_written_alike() -> None:
    one, other = 0.1 + 0.2, 0.3
    assert one != other
    assert dump({"p": [one], "x": {"y": one}}) == dump({"p": (other,), "x": {"y": other}})


def test_ten_digits_stay_and_what_is_no_number_is_null() -> None:
    written = json.loads(dump({"p": 1 / 3, "big": 1234567.891, "none": float("nan"), "count": 12345678901}))
    assert written == {"p": 0.3333333333, "big": 1234567.891, "none": None, "count": 12345678901}


def test_tables_are_written_in_the_same_digits(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"p": [1 / 3, np.nan], "n": [3, 4]}).to_csv(tmp_path / "a.csv", float_format=FLOAT)
    assert (tmp_path / "a.csv").read_text("utf-8").splitlines()[1] == "0,0.3333333333,3"
