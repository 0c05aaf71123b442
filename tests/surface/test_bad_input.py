"""A user's mistake ends with exit code 2 and a message: the file, the place, what was given, what is accepted."""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import os
import random
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mgbayes.errors import InputError
from mgbayes.files import csv_text, frame_text
from mgbayes.models.plan_file import parse_plan
from mgbayes.planning.effects import effect_plan
from mgbayes.report.style import save
from mgbayes.study.describe import example
from mgbayes.study.load import load_study, parse_study
from mgbayes.study.problems import problems_of
from mgbayes.study.references import reference_problems
from mgbayes.study.schema import Study
from mgbayes.verification import Verdict, verify
from tests.conftest import ROOT, run_cli

GOOD = """
schema_version = 1
id = "small"
title = "A small study"
citation = "Nobody"
question = "Which arm does better?"
sources = [{ id = "paper", what = "the paper" }]
arms = [
  { id = "a", label = "A", n = "10", reference = true },
  { id = "b", label = "B", n = "12" },
]
visits = [{ id = "end", label = "the end" }]
endpoints = [
  { id = "cured", label = "cured", kind = "binary", benefit = "higher" },
  { id = "dose", label = "dose", kind = "continuous", unit = "mg", benefit = "lower" },
]

[[claims]]
id = "cure"
what = "cured"
source = ["paper"]
endpoint = "cured"
summaries = [{ group = "a", count = "4" }, { group = "b", count = "9" }]
p = "0.1"
comparison = { between = "arms" }

[[claims]]
id = "dose"
what = "dose"
source = ["paper"]
endpoint = "dose"
summaries = [{ group = "a", mean = "4.0", sd = "1.5" }, { group = "b", mean = "3.0", sd = "2.0" }]
"""

# The same with a time to an event, its follow-up, and a first visit.
TIMED = (
    GOOD.replace("visits = [", 'visits = [{ id = "start", label = "the start" }, ').replace(
        "endpoints = [",
        'endpoints = [{ id = "when", label = "time to cure", kind = "time_to_event", unit = "days", event = "cure", '
        'times = "when", followup = "followed", minimum_followup = "365" },',
    )
    + """
[[claims]]
id = "when"
what = "time to cure"
source = ["paper"]
endpoint = "when"
summaries = [{ group = "a", n = "4", mean = "120", sd = "60" }, { group = "b", n = "9", mean = "140", sd = "70" }]
p = "0.2"
comparison = { between = "arms", test = "log_rank" }

[[claims]]
id = "followed"
what = "follow-up"
source = ["paper"]
summaries = [{ group = "all", mean = "400", sd = "20" }]
"""
)

OTHER = """alternatives = [
  {{ name = "slip", claim = "{claim}", kind = "doubt", why = "a slip", changes = [{{ group = "a", {change} }}] }},
]
endpoints = ["""

# what is written instead, and what the message must say: the place, what was given, what is accepted
MISTAKES = {
    "a misspelled key": (
        'benefit = "higher"',
        'benifit = "higher"',
        ["endpoints[2]", "'benifit'", "'benefit'"],
    ),
    "a count above its n": ('count = "4"', 'count = "11"', ['"cure"', '"11"', "at most 10"]),
    "an n above its group": ('count = "4"', 'count = "4", n = "14"', ['"cure"', '"14"', "at most 10"]),
    "a mean without an SD": (', sd = "1.5"', "", ['"dose"', "mean = '4.0'", "a mean and its sd"]),
    "an SD without a mean": ('mean = "4.0", ', "", ['"dose"', "sd = '1.5'", "a mean and its sd"]),
    "quartiles out of order": (
        'mean = "4.0", sd = "1.5"',
        'median = "4.0", iqr = ["5.0", "6.0"]',
        ['"dose"', "→ iqr", 'first quartile "5.0", median "4.0"', "at most the median"],
    ),
    "a range that excludes the median": (
        'mean = "4.0", sd = "1.5"',
        'median = "4.0", range = ["4.5", "6.0"]',
        ['"dose"', "→ range", 'minimum "4.5", median "4.0"'],
    ),
    "quartiles of two patients": (
        'mean = "4.0", sd = "1.5"',
        'n = "2", median = "4.0", iqr = ["3.0", "6.0"]',
        ['"dose"', "of 2 patients", "at least 3 patients"],
    ),
    "a median that is no number": (
        'mean = "4.0", sd = "1.5"',
        'median = "four"',
        ['"dose"', "→ median", '"four"', "a number as published"],
    ),
    "an interval that excludes its mean": (
        'mean = "4.0", sd = "1.5"',
        'mean = "4.0", ci = ["4.2", "5.0"]',
        ['"dose"', "→ ci", '["4.2", "5.0"]', "holds the mean"],
    ),
    "an interval of nothing": (
        'mean = "4.0", sd = "1.5"',
        'ci = ["4.2", "5.0"]',
        ['"dose"', "with one of mean"],
    ),
    "a survival without its time": (
        'mean = "4.0", sd = "1.5"',
        'survival = "62"',
        ['"dose"', "with their time, at"],
    ),
    "a hazard ratio outside its interval": (
        'p = "0.1"',
        'p = "0.1"\neffects = [{ hr = "0.95", ci = ["0.31", "0.88"] }]',
        ['"cure" → effects → ci', 'hr = "0.95"', "holds the hr"],
    ),
    "limits the wrong way about": (
        'p = "0.1"',
        'p = "0.1"\neffects = [{ odds_ratio = "0.5", ci = ["0.88", "0.31"] }]',
        ['"cure" → effects → ci', "the lower limit first"],
    ),
    "two measures in one effect": (
        'p = "0.1"',
        'p = "0.1"\neffects = [{ hr = "0.5", odds_ratio = "0.4" }]',
        ['"cure" → effects', "one of hr, odds_ratio"],
    ),
    "a change from an unknown visit": (
        'mean = "4.0", sd = "1.5"',
        'change_from = "before", mean = "4.0", sd = "1.5"',
        ['"dose" → visit', "'before'"],
    ),
    "an effect of an unknown group": (
        'p = "0.1"',
        'p = "0.1"\neffects = [{ hr = "0.5", of = "c" }]',
        ['"cure" → group', "'c'", "one of a, b, all"],
    ),
    "an unknown arm": ('group = "a", count', 'group = "c", count', ['"cure"', "'c'", "one of a, b, all"]),
    "a subgroup within no arm": (
        "endpoints = [",
        'subgroups = [{ id = "s", label = "s", within = "c", rest_of = "t" }]\nendpoints = [',
        ['subgroups "s" → within', "one of a, b", 'subgroups "s" → rest_of', "'t'"],
    ),
    "a p value that is no number": ('p = "0.1"', 'p = "small"', ['"cure"', "'small'", '"<0.01"']),
    "a p value above one": ('p = "0.1"', 'p = "1.7"', ['"cure"', "'1.7'", '"<0.01"']),
    "a number without quotes": ('count = "4"', "count = 4", ['"cure"', "4 without quotes", "in quotes"]),
    "a duplicate id": (
        'id = "dose"\nwhat',
        'id = "cure"\nwhat',
        ["claims", "'cure' 2 times", "each id once"],
    ),
    "an unknown endpoint": (
        'endpoint = "cured"',
        'endpoint = "curde"',
        ['"cure"', "'curde'", "one of when, cured, dose"],
    ),
    "an unknown source": ('source = ["paper"]', 'source = ["web"]', ['"cure"', "'web'", "one of paper"]),
    "an unknown visit": (
        'group = "a", count',
        'group = "a", visit = "x", count',
        ["'x'", "one of start, end"],
    ),
    "a negative SD": ('sd = "1.5"', 'sd = "-1.5"', ['"dose"', '"-1.5"', "zero or more"]),
    "two reference arms": ('n = "12"', 'n = "12", reference = true', ["arms", "on a, b", "exactly one"]),
    "no reference arm": (", reference = true", "", ["arms", "no reference", "exactly one"]),
    "a percentage of no patients": (
        'count = "4"',
        'percent = "40", n = "0"',
        ['"cure" → summaries of "a"', 'percent = "40" of 0 patients', "where there are no patients"],
    ),
    "a mean of no patients": (
        'mean = "4.0"',
        'n = "0", mean = "4.0"',
        ['"dose" → summaries of "a"', "of 0 patients"],
    ),
    "an arm without patients": ('n = "12"', 'n = "0"', ['arms "b" → n', '"0"', "at least 1"]),
    "a negative percentage": ('count = "4"', 'percent = "-4"', ['"cure"', '"-4"', "0 to 100"]),
    "one endpoint twice": (
        "endpoints = [",
        'endpoints = [  { id = "cured", label = "cured again", kind = "binary" },',
        ["endpoints", "'cured' 2 times", "each id once"],
    ),
    "arms compared in three groups": (
        'between = "arms"',
        'between = "arms", groups = ["a", "b", "all"]',
        ['"cure" → comparison → groups', "'a', 'b', 'all'", "both arms"],
    ),
    "arms compared within an arm": (
        'between = "arms"',
        'between = "arms", groups = ["a"]',
        ['"cure" → comparison → groups', "'a'", "the one subgroup"],
    ),
    "a larger arm that is none": (
        'between = "arms"',
        'between = "arms", larger = "c"',
        ['"cure" → comparison → larger', "'c'", "one of the arms"],
    ),
    "a larger arm of visits": (
        'between = "arms"',
        'between = "visits", groups = ["a"], visits = ["end"], larger = "a"',
        ['"cure" → comparison → larger', "'a'", "one of the arms"],
    ),
    "a larger arm whose numbers are smaller": (
        'count = "4" }, { group = "b", count = "9" }]\np = "0.1"\ncomparison = { between = "arms" }',
        'percent = "40" }, { group = "b", percent = "75" }]\np = "0.1"\n'
        'comparison = { between = "arms", larger = "a" }',
        ['"cure" → comparison → larger', "'a', whose percent is smaller", "or nothing"],
    ),
    "three groups compared": (
        'between = "arms"',
        'between = "groups", groups = ["a", "b", "all"]',
        ['"cure" → comparison → groups', "'a', 'b', 'all'", "two different groups"],
    ),
    "a group compared with itself": (
        'between = "arms"',
        'between = "groups", groups = ["a", "a"]',
        ['"cure" → comparison → groups', "'a', 'a'", "two different groups"],
    ),
    "no groups compared": (
        'between = "arms"',
        'between = "groups"',
        ['"cure" → comparison → groups', "given nothing", "two different groups"],
    ),
    "visits without visits": (
        'between = "arms"',
        'between = "visits", groups = ["a"]',
        ['"cure" → comparison → visits', "given nothing", "the first visit and at least one other"],
    ),
    "visits with one visit": (
        'between = "arms"',
        'between = "visits", groups = ["a"], visits = ["end"]',
        ['"cure" → comparison → visits', "'end'", "the first visit and at least one other"],
    ),
    "visits of a visit with itself": (
        'between = "arms"',
        'between = "visits", groups = ["a"], visits = ["end", "end"]',
        ['"cure" → comparison → visits', "'end', 'end'", "each once"],
    ),
    "visits without a group": (
        'between = "arms"',
        'between = "visits", visits = ["start", "end"]',
        ['"cure" → comparison → groups', "given nothing", "the one group"],
    ),
    "visits of three groups": (
        'between = "arms"',
        'between = "visits", groups = ["a", "b", "all"], visits = ["start", "end"]',
        ['"cure" → comparison → groups', "'a', 'b', 'all'", "the one group"],
    ),
    "arms at two visits": (
        'between = "arms"',
        'between = "arms", visits = ["start", "end"]',
        ['"cure" → comparison → visits', "'start', 'end'", "at most one visit"],
    ),
    "an alternative with a count above its n": (
        "endpoints = [",
        OTHER.format(claim="cure", change='count = "11"'),
        ['alternatives "slip" → changes of "a" → count', '"11"', "at most 10"],
    ),
    "an alternative with an n below its count": (
        "endpoints = [",
        OTHER.format(claim="cure", change='n = "3"'),
        ['alternatives "slip" → changes of "a" → count', '"4"', "at most 3"],
    ),
    "an alternative with a negative SD": (
        "endpoints = [",
        OTHER.format(claim="dose", change='sd = "-1.5"'),
        ['alternatives "slip" → changes of "a" → sd', '"-1.5"', "zero or more"],
    ),
    "follow-up below its minimum": (
        'mean = "400"',
        'mean = "300"',
        ['"followed" → summaries of "all"', 'mean = "300"', "above 365", 'endpoint "when"'],
    ),
    "everyone followed for no time": (
        'minimum_followup = "365"',
        'fixed_followup = "0"',
        ['endpoints "when" → fixed_followup', '"0"', "above 0"],
    ),
    "follow-up that varies at its minimum": (
        'mean = "400"',
        'mean = "365"',
        ['"followed" → summaries of "all"', 'mean = "365", sd = "20"', "above 365"],
    ),
    "a number of 5 000 digits": (
        'mean = "4.0"',
        f'mean = "4.{"1" * 5000}"',
        ['"dose"', "→ mean", "5002 characters", "at most 20 characters"],
    ),
    "an n of 5 000 digits": ('n = "12"', f'n = "{"1" * 5000}"', ['arms[2] "b" → n', "at most 5 characters"]),
    "ten million patients": ('n = "12"', 'n = "10000000"', ['arms[2] "b" → n', "at most 5 characters"]),
    "an id of 300 letters": (
        'id = "small"',
        f'id = "{"a" * 300}"',
        ["id: given 300 characters", "at most 60"],
    ),
    "an id that is a path": ('id = "small"', 'id = "../small"', ["id: given '../small'"]),
    "an escape sequence in a label": (
        'label = "A"',
        'label = "A\\u001b[31m"',
        ['arms[1] "a" → label', "the control character U+001B"],
    ),
    "a direction of writing in a label": (
        'label = "A"',
        'label = "A\u202eB"',
        ['arms[1] "a" → label', "the control character U+202E"],
    ),
    "a space of no width in a label": (
        'label = "A"',
        'label = "A\u200b"',
        ['arms[1] "a" → label', "the control character U+200B"],
    ),
    "lists within lists": (
        'p = "0.1"',
        f"p = {'[' * 30000}{']' * 30000}",
        ["the content", "lists within lists"],
    ),
    "a missing title": ('title = "A small study"', "", ["title", "nothing", "needed"]),
    "an unknown kind": ('kind = "binary"', 'kind = "yesno"', ["'yesno'", "binary"]),
    "broken TOML": ('p = "0.1"', 'p = = "0.1"', ["line 24", "p = =", "TOML"]),
}


@pytest.fixture(params=MISTAKES, name="mistake")
def _mistake(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    before, after, said = MISTAKES[request.param]
    assert before in TIMED
    return TIMED.replace(before, after, 1), said


@pytest.mark.parametrize("limits", ['["1.5", "not reached"]', '["not reached", "9.5"]'])
def test_only_a_median_survival_has_limits_that_are_not_reached(limits: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(GOOD.replace('mean = "4.0", sd = "1.5"', f'mean = "4.0", ci = {limits}'), "small.toml")
    assert f"ci: given {limits}; accepted: two numbers" in str(caught.value)
    assert 'only a median survival has limits "not reached"' in str(caught.value)


def test_no_plan_is_proposed_from_an_interval_of_one_number() -> None:
    effect = 'effects = [{ mean_difference = "0.0", ci = ["0.0", "0.0"] }]\nendpoint = "dose"\nsummaries = []'
    study = parse_study(GOOD[: GOOD.index('endpoint = "dose"')] + effect, "small.toml")
    assert effect_plan(study, study.endpoint("dose")) is None


def test_the_study_without_mistakes_loads() -> None:
    assert parse_study(GOOD, "good.toml").n == 22


def test_each_mistake_is_named_with_its_place_and_what_is_accepted(mistake: tuple[str, list[str]]) -> None:
    text, said = mistake
    with pytest.raises(InputError) as error:
        parse_study(text, "mine.toml")
    message = str(error.value)
    assert message.startswith("mine.toml: ")
    for part in said:
        assert part in message
    assert error.value.exit_code == 2


@pytest.mark.parametrize("search", [True, False])
def test_follow_up_without_an_sd_is_the_same_for_all_and_works(search: bool) -> None:
    text = TIMED.replace('mean = "400", sd = "20"', 'mean = "365", sd = "0"')
    study = parse_study(text, "alike.toml")
    ledger = verify(study, search=search, use_cache=False)
    expected = {Verdict.possible, Verdict.not_checkable} if search else {Verdict.not_checkable}
    assert ledger.claim("when").verdict in expected
    assert any(test.searched for test in ledger.claim("when").tests) is search


def _nodes(node: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a study file."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inner for place in _nodes(value, (*at, key)))]


STRANGE: list[object] = [None, 1, 2.5, True, "", "x", "-3", "0", [], {}, [1], ["a"], [[]], {"a": 1}, [{}]]


def test_whatever_stands_anywhere_in_a_file_is_a_problem_and_no_traceback() -> None:
    # Two places of the embedded study, each emptied or given something strange: said, whatever it is.
    original = tomllib.loads(example())
    places, rng = _nodes(original)[1:], random.Random(5)
    told = 0
    for _ in range(600):
        raw = copy.deepcopy(original)
        for place in rng.sample(places, 2):
            with contextlib.suppress(KeyError, IndexError, TypeError):
                holder: Any = raw
                for key in place[:-1]:
                    holder = holder[key]
                holder[place[-1]] = rng.choice(STRANGE)
        problems = reference_problems(raw)
        try:
            Study.model_validate(raw)
        except ValidationError as error:
            problems += problems_of(error, raw)
        told += bool(problems)
    assert told > 500


TOGETHER = (
    "a misspelled key",
    "a count above its n",
    "a mean without an SD",
    "a p value that is no number",
    "an unknown source",
    "two reference arms",
    "a missing title",
    "an unknown kind",
)


def test_all_mistakes_are_told_in_one_pass() -> None:
    text = TIMED
    for name in TOGETHER:
        before, after, _ = MISTAKES[name]
        assert before in text
        text = text.replace(before, after, 1)
    with pytest.raises(InputError) as error:
        parse_study(text, "mine.toml")
    assert len(error.value.problems) == len(TOGETHER)
    for name in TOGETHER:
        for part in MISTAKES[name][2]:
            assert part in str(error.value)


@pytest.mark.parametrize("command", ["verify", "reanalyze"])
def test_the_command_ends_with_2_and_no_traceback_and_writes_nothing(tmp_path: Path, command: str) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(GOOD.replace('count = "4"', 'count = "11"').replace("benefit", "benifit", 1), "utf-8")
    out = ["--out", tmp_path / "out"] if command == "reanalyze" else []
    run = run_cli(command, bad, *out)
    assert run.code == 2
    assert run.out == ""
    assert run.err.startswith(f"{bad}: 2 problems\n")
    assert "Traceback" not in run.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml"]


def test_a_missing_file_a_directory_and_bytes_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, words in (
        (tmp_path / "none.toml", "no such file"),
        (tmp_path, "a directory"),
        (binary, "not UTF-8"),
    ):
        with pytest.raises(InputError, match=re.escape(str(path))) as error:
            load_study(path)
        assert words in str(error.value)


def test_a_pipe_and_a_file_of_gigabytes_are_not_read(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large.toml"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(3_000_000_000)
    for path, words in (
        (pipe, "a pipe or a device"),
        (Path("/dev/zero"), "a device"),
        (large, "at most 2 MB"),
    ):
        with pytest.raises(InputError, match=words):
            load_study(path)


def test_thousands_of_patients_are_verified_in_seconds_without_the_slow_exact_tests() -> None:
    text = GOOD.replace('n = "10"', 'n = "50000"').replace('n = "12"', 'n = "50000"')
    text = text.replace('unit = "mg",', 'unit = "mg", whole = true,').replace(
        'count = "4"', 'count = "20000"'
    )
    text = text.replace('mean = "3.0", sd = "2.0"', 'mean = "40000000.0", sd = "15000000.0"')
    begin = time.process_time()
    names = {test.name for test in verify(parse_study(text, "large.toml")).claim("cure").tests}
    assert time.process_time() - begin < 5
    assert "pearson_chi_square" in names
    assert not names & {"barnard", "boschloo", "fisher_exact"}


def test_cells_that_a_spreadsheet_would_run_are_made_text() -> None:
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "-1.5", "-1.1 to 9.9", "−3 points", "a=b"]
    expected = ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", *cells[4:]]
    frame = pd.DataFrame({"=label": cells, "value": np.linspace(-1, 1, len(cells))})
    (head, *rows) = csv.reader(io.StringIO(frame_text(frame, "%.3g")))
    assert head == ["'=label", "value"]
    assert [row[0] for row in rows] == expected
    assert [row[1] for row in rows][:2] == ["-1", "-0.714"]
    assert [row[0] for row in csv.reader(io.StringIO(csv_text([[cell] for cell in cells])))] == expected


def test_a_dollar_sign_in_a_label_is_drawn_as_one(tmp_path: Path) -> None:
    save(lambda figure: figure.suptitle(r"$\frac{1}{$"), (2, 1), tmp_path / "label")
    assert r"$\frac{1}{$" in (tmp_path / "label.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("values = [0.0, 1.5]", "values = [0.0, 1e308]", "numbers between -1e+06 and 1e+06"),
        ("values = [0.0, 1.5]", "values = [nan, 1.5]", "numbers between -1e+06 and 1e+06"),
        ("values = [0.0, 1.5]", "values = [0.0, inf]", "numbers between -1e+06 and 1e+06"),
        ('test = "log-rank"', 'test = "../../x"', "text of the form"),
    ],
)
def test_priors_without_bound_and_tests_that_are_paths_are_refused(
    before: str, after: str, said: str
) -> None:
    text = (ROOT / "models" / "remission.toml").read_text("utf-8")
    assert before in text
    with pytest.raises(InputError, match=re.escape(said)):
        parse_plan(text.replace(before, after, 1), "plan.toml")


def test_an_output_place_that_is_a_file_is_refused_before_any_work(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("mine", "utf-8")
    run = run_cli("reanalyze", "--out", place, "--no-search")
    assert run.code == 2
    assert str(place) in run.err
    assert "Traceback" not in run.err
    assert place.read_text("utf-8") == "mine"


def test_an_unknown_option_ends_with_2() -> None:
    assert run_cli("verify", "--frobnicate").code == 2


def test_the_example_study_is_a_study() -> None:
    assert parse_study(example(), "example").id == "litchman2020"
