"""Numbers as they are written: alike where processors differ in the last bits of a sum."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mgbayes.cache import PACKAGE
from mgbayes.executor import Executor
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


_TEXT = {"read_text": {"encoding"}, "write_text": {"encoding", "newline"}, "open": {"encoding"}}
"""What each way to open a text file must say, or the system chooses it."""


def _unsaid(source: str) -> Iterator[tuple[int, str]]:
    """Line and method of every text file that is opened by the system's own encoding or line ends."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        own_function = isinstance(call.func, ast.Name) and name != "open"
        given = [str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)]
        binary = name == "open" and any("b" in mode for mode in given)
        if name not in _TEXT or own_function or binary:
            continue
        said = {word.arg for word in call.keywords}
        said |= {"encoding" for text in given if text.startswith("utf-8")}
        if not _TEXT[name] <= said:
            yield call.lineno, name


def test_text_files_are_opened_with_their_encoding_and_line_ends() -> None:
    # calibrate/ writes in a clone only, where .gitattributes fixes line ends.
    paths = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "calibrate"]
    assert [(path.name, *each) for path in paths for each in _unsaid(path.read_text("utf-8"))] == []


def test_a_file_opened_without_them_is_found() -> None:
    lines = (
        "p.write_text(t, 'utf-8')",
        "open(p)",
        "p.open('rb')",
        "p.read_text()",
        "p.read_text('utf-8-sig')",
        "write_text(p, t)",
    )
    assert [line for line, _ in _unsaid("\n".join(lines))] == [1, 2, 4]


def test_tasks_run_in_this_process_only_where_nobody_else_is_asked() -> None:
    assert Executor(1).in_process(9)
    assert Executor(4).in_process(1)
    assert not Executor(4).in_process(2)
    assert not Executor(1, "tcp://127.0.0.1:8786").in_process(1)
