"""The answer on the first screen of the README is that of the committed report, and so is its picture."""

from __future__ import annotations

import json

from mgbayes.report import words
from mgbayes.study import Study
from tests.conftest import ROOT


def test_the_first_screen_has_question_command_answer_and_picture(study: Study) -> None:
    first = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:20])
    overall = json.loads((ROOT / "reports" / study.id / "results.json").read_text("utf-8"))["overall"]
    p = [overall["answer"]["p_mean"], *(row["p_mean"] for row in overall["variations"])]
    assert study.question in first
    assert "uv run mgbayes reanalyze" in first
    assert f"{words.percent(p[0])}** over" in first
    assert f"and {words.percent(min(p))} to {words.percent(max(p))} with one assumption changed" in first
    picture = first.split("](")[1].split(")")[0]
    assert (ROOT / picture).is_file()
