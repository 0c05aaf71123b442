"""`mgbayes reconstruct`: files in, marked members out, and every mistake named with its row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgbayes.errors import InputError
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.imputations import read_imputations
from mgbayes.reconstruction.read import numbers_by_arm, read_curves
from mgbayes.study import Study
from tests.conftest import run_cli

# Ten patients: an event at 100, one censored between, an event at 250 of 8. Eight: events at 50 and 300 of 6.
CURVES = """time,survival,arm
0,1,achr
100,1,achr
100,0.9,achr
250,0.9,achr
250,0.7875,achr
600,0.7875,achr
0,1,musk
50,1,musk
50,0.875,musk
300,0.875,musk
300,0.7292,musk
700,0.7292,musk
"""
TABLE = "time,at_risk,arm\n0,10,achr\n200,8,achr\n400,5,achr\n0,8,musk\n200,6,musk\n400,4,musk\n"


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> tuple[Path, Path]:
    curve, table = tmp_path / "curve.csv", tmp_path / "table.csv"
    curve.write_text(CURVES, "utf-8")
    table.write_text(TABLE, "utf-8")
    return curve, table


def test_members_are_written_marked_as_reconstructed(files: tuple[Path, Path], tmp_path: Path) -> None:
    curve, table = files
    out = tmp_path / "new" / "members.csv"
    totals = ("--events", "achr=2", "--events", "musk=2")
    run = run_cli(
        "reconstruct", curve, "--at-risk", table, *totals, "--members", "12", "--out", out, "--json"
    )
    assert (run.code, "Traceback" in run.err) == (0, False)
    said = json.loads(run.out)
    assert [arm["events"] for arm in said["arms"]] == [[2, 2], [2, 2]]
    assert said["largest_deviation"] <= 0.002
    written = out.with_name("members.reconstructed.csv")
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "members.reconstructed.csv",
        "members.reconstructed.json",
    ]
    frame = pd.read_csv(written)
    assert list(frame) == ["member", "patient", "arm", "time", "event", "origin"]
    assert set(frame["origin"]) == {"reconstructed"}
    assert len(frame) == 12 * 18
    for (_, arm), one in frame.groupby(["member", "arm"]):
        assert (one["event"].sum(), (one["time"] >= 400).sum()) == (2, {"achr": 5, "musk": 4}[str(arm)])
    about = json.loads(written.with_suffix(".json").read_text("utf-8"))
    assert about == said
    assert "not observed" in about["provenance"]["notice"]


def test_the_short_answer_names_each_arm(files: tuple[Path, Path], tmp_path: Path) -> None:
    run = run_cli(
        "reconstruct", files[0], "--n", "achr=10", "--n", "musk=8", "--out", tmp_path / "reconstructed.csv"
    )
    assert run.code == 0
    assert run.out.startswith("achr: 10 patients, ")
    assert "\nmusk: 8 patients, " in run.out
    assert (tmp_path / "reconstructed.csv").exists()


def test_percent_and_a_file_of_numbers_alone_give_the_same_members(tmp_path: Path) -> None:
    rows = [(0, 1), (100, 1), (100, 0.9), (250, 0.9), (250, 0.7875), (600, 0.7875)]
    plain, percent = tmp_path / "one" / "achr.csv", tmp_path / "two" / "achr.csv"
    for path, scale in ((plain, 1), (percent, 100)):
        path.parent.mkdir()
        path.write_text("".join(f"{t};{s * scale:g}\n" for t, s in rows), "utf-8")
    one, two = (
        reconstruct(read_curves([path], n=10, percent=declared)).data
        for path, declared in ((plain, False), (percent, True))
    )
    np.testing.assert_allclose(one["time"], two["time"])
    assert set(one["arm"].values) == {"achr"}


# what is written instead, and what the message must say
MISTAKES = {
    "a curve that rises": ("600,0.7875,achr", "600,0.85,achr", ["row 7", "0.85 after 0.7875", "falls"]),
    "time that runs backwards": ("250,0.9,achr", "60,0.9,achr", ["row 5", "60 after 100", "backwards"]),
    "a survival above 1": ("0,1,achr", "0,1.4,achr", ["row 2", "1.4", "0 to 1"]),
    "a survival below 0": ("600,0.7875,achr", "600,-0.2,achr", ["row 7", "-0.2", "0 to 1"]),
    "a word": ("50,1,musk", "50,one,musk", ["row 9, survival", "'one'", "a number"]),
    "a decimal comma": ("50,1,musk", '"50,5",1,musk', ["row 9, time", "'50,5'", "decimal point"]),
    "no arm": ("50,1,musk", "50,1,", ["row 9, arm", "nothing"]),
    "an infinite time": ("50,1,musk", "inf,1,musk", ["row 9, time", "'inf'"]),
    "a negative time": ("0,1,musk", "-9,1,musk", ["row 8, time", "-9"]),
    "not 1 at the start": (
        "0,1,musk\n50,1,musk",
        "0,0.9,musk\n50,0.9,musk",
        ["row 8", "0.9 at time 0", "1 at"],
    ),
    "no column survival": ("time,survival", "time,surv", ["row 1, columns", "time, surv", "survival"]),
}
TABLE_MISTAKES = {
    "numbers that grow": ("400,5,achr", "400,9,achr", ["table.csv, row 4", "9 after 8", "do not grow"]),
    "a fraction": ("400,5,achr", "400,4.5,achr", ["table.csv, row 4", "4.5", "whole number"]),
    "more than n": ("200,6,musk", "200,11,musk", ["table.csv, row 6", "11", "at most n = 8"]),
    "times that do not go up": ("400,4,musk", "200,4,musk", ["table.csv, row 7", "200 after 200"]),
    "another arm": ("400,4,musk", "400,4,mask", ["at risk, arm", "'mask'", "achr, musk"]),
}


@pytest.mark.parametrize("mistake", [*MISTAKES, *TABLE_MISTAKES])
def test_each_mistake_is_named_with_its_row(files: tuple[Path, Path], mistake: str) -> None:
    file, (before, after, said) = (
        (files[0], MISTAKES[mistake]) if mistake in MISTAKES else (files[1], TABLE_MISTAKES[mistake])
    )
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(InputError) as error:
        read_curves([files[0]], at_risk=files[1])
    for part in said:
        assert part in str(error.value)


def test_all_mistakes_of_all_files_are_told_in_one_pass(files: tuple[Path, Path], tmp_path: Path) -> None:
    for file, mistakes in ((files[0], MISTAKES), (files[1], TABLE_MISTAKES)):
        for name in ("a curve that rises", "a word", "numbers that grow", "more than n"):
            if name in mistakes:
                before, after, _ = mistakes[name]
                file.write_text(file.read_text("utf-8").replace(before, after, 1), "utf-8")
    out = tmp_path / "out.csv"
    args = ("--at-risk", files[1], "--events", "achr=11", "--survival-error", "-1", "--out", out)
    run = run_cli("reconstruct", files[0], *args)
    assert (run.code, run.out) == (2, "")
    assert "Traceback" not in run.err
    for part in ("0.85 after", "'one'", "9 after 8", "'achr', events: given 11", "survival error: given -1"):
        assert part in run.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.csv", "table.csv"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--n", "10"], "'achr', n: given nothing"),
        (["--n", "achr=x"], "'achr=x'"),
        (["--n", "achr=10", "--n", "musk=8", "--events", "achr=1"], "1 in total"),
        (["--n", "achr=10", "--n", "musk=8", "--members", "0"], "members: given 0"),
        (["--n", "achr=7", "--n", "musk=8"], "no whole numbers of patients give"),
        (["--n", "achr=10", "--n", "musk=8", "--at-risk", "no.csv"], "no such file"),
        (["--n", "achr=10", "--n", "musk=8", "--time-error", "nan"], "time error"),
        (["--n", "achr=10", "--n", "musk=8", "--unit", "moths"], "the unit of time: given 'moths'"),
        (["--n", "achr=10", "--n", "musk=300"], "survival error: given 0.002 with n = 300"),
    ],
)
def test_what_cannot_be_ends_with_2_and_no_traceback(
    files: tuple[Path, Path], tmp_path: Path, args: list[str], said: str
) -> None:
    run = run_cli("reconstruct", files[0], *args, "--out", tmp_path / "out.csv")
    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\n\n", b"time,survival\n"])
def test_a_file_without_points_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "curve.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"curve\.csv"):
        read_curves([path], n=10)


def test_a_percent_scale_must_be_declared(files: tuple[Path, Path]) -> None:
    text = files[0].read_text("utf-8").replace("0,1,achr", "0,100,achr")
    files[0].write_text(text, "utf-8")
    with pytest.raises(InputError, match="percent scale must be declared"):
        read_curves([files[0]], at_risk=files[1])


@pytest.mark.parametrize("mark", ["\u202e", "\u200b", "\u2028", "\x1b"])
def test_the_name_of_an_arm_shows_all_its_characters(files: tuple[Path, Path], mark: str) -> None:
    files[0].write_text(files[0].read_text("utf-8").replace("achr", f"ac{mark}hr"), "utf-8")
    with pytest.raises(InputError, match=rf"row 2, arm: given the control character U\+{ord(mark):04X}"):
        read_curves([files[0]], n={"musk": 8})


@pytest.mark.parametrize(
    ("curves", "endpoint", "factor"),
    [("years", "months", 12), ("weeks", "days", 7), ("months", "months", 1), ("years", "", 365.25)],
)
def test_times_come_back_in_the_unit_of_the_endpoint(
    study: Study, tmp_path: Path, curves: str, endpoint: str, factor: float
) -> None:
    file = tmp_path / "one.reconstructed.csv"
    file.write_text("member,patient,arm,time,event\n1,1,achr,4,1\n1,2,musk,5,0\n", "utf-8")
    file.with_suffix(".json").write_text(json.dumps({"provenance": {"time_unit": curves}}), "utf-8")
    endpoints = tuple(
        row.model_copy(update={"unit": endpoint}) if row.id == "time_to_relapse" else row
        for row in study.endpoints
    )
    (read,) = read_imputations(file, study.model_copy(update={"endpoints": endpoints}), "time_to_relapse")
    assert read["time_to_relapse.time"].to_numpy() == pytest.approx([4 * factor, 5 * factor])


def test_numbers_by_arm() -> None:
    assert numbers_by_arm("--n", ["achr=17", "musk = 16"]) == {"achr": 17, "musk": 16}
    assert numbers_by_arm("--n", ["33"]) == 33
    assert numbers_by_arm("--n", None) is None
