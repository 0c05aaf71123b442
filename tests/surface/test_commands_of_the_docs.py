"""What README and docs show, run as it is written: commands on a study of another field, and the Python of each page.

What a reader supplies is supplied here: a study where the embedded one is the default, a plan of that study, its
spreadsheet, a digitized curve. Commands that sample, or simulate many cohorts, and the Python of the pages are run by
``pytest -m long``.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

import mgbayes
from mgbayes.study.load import load_study
from tests.conftest import ROOT, run_cli

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_A_STUDY = ("verify", "plan", "reanalyze", "manuscript", "sensitivity", "simulate", "compare", "cohort")
SAMPLING = ("reanalyze", "manuscript", "sensitivity", "calibrate", "simulate", "compare", "cohort", "qualify")
PUT_IN = {
    "time_to_relapse=relapse.reconstructed.csv": "time_to_fall=relapse.reconstructed.csv",
    "relapse": "my.toml",
    "NAME": "my.toml",
    "achr=17": "usual=17",
    "achr=10": "usual=10",
    "musk=16": "exercise=16",
    "musk=6": "exercise=6",
    "three_cycles = cycles >= 3": "older = age >= 80",
}

TRUTH = """
schema_version = 1
followup = { minimum = 80, mean = 84, sd = 1 }

[times.time_to_fall]
model = "proportional_hazards"
family = "weibull"
parameters = { log_hazard_ratio = -0.5, log_scale = 4.5, shape = 1.0 }

[yes_no]
walks_alone = [0.3, 0.6]
"""


def _commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [line.split(" #")[0].strip() for line in lines if "mgbayes " in line]
    return list(dict.fromkeys(line.removeprefix("pip install uv && ") for line in found))


COMMANDS = _commands()


def _arguments(command: str) -> list[str]:
    """The command's words with what a reader would put in."""
    words = shlex.split(command.split(" > ")[0])
    assert words[:3] == ["uv", "run", "mgbayes"], command
    name, rest = words[3], [PUT_IN.get(word, word) for word in words[4:]]
    if name in OF_A_STUDY and not (rest and rest[0].endswith(".toml")):
        rest = ["mine.toml", *rest]
    if name == "calibrate":
        rest += ["--study", "mine.toml", "--replicates", "10", "--out", "evidence"]
    return [name, *rest]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """What a reader has at hand: a study, a plan, a filled spreadsheet, curves."""
    mgbayes.init(tmp_path / "start")
    (tmp_path / "start" / "study.toml").rename(tmp_path / "mine.toml")
    (tmp_path / "start" / "plan.toml").rename(tmp_path / "my.toml")
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    (tmp_path / "truth.toml").write_text(TRUTH, "utf-8")
    (tmp_path / "truths.toml").write_text("[[scenarios]]\nreference = 0.3\nodds_ratio = 2.5\n", "utf-8")
    _fill(tmp_path / "start" / "patients.csv", tmp_path / "clinic.xlsx")
    _curves(tmp_path)
    return tmp_path


def _fill(template: Path, path: Path) -> None:
    from openpyxl import Workbook

    with template.open(encoding="utf-8-sig", newline="") as file:
        heads = next(csv.reader(file))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(heads)
    for i in range(38):
        fell = i % 3 == 0
        row = {
            "patient": f"p{i}",
            "arm": "usual" if i < 20 else "exercise",
            "walks_alone": "yes" if i % 2 else "no",
            "fall": "yes" if fell else "no",
            "fall_days": 10 + i if fell else None,
            "followup_days": 84,
            "mobility_baseline": 40 + i % 9,
            "mobility_12w": 50 + i % 11,
            "aid_baseline": "frame",
            "aid_12w": "stick" if i % 2 else "none",
            "consultations": i % 4,
            "age": 60 + i,
            "sex": "f" if i % 2 else "m",
        }
        sheet.append([row.get(head) for head in heads])
    book.save(path)


def _curves(folder: Path) -> None:
    """Curves without censoring of 17 and 16 patients, their table, and members that they allow."""
    rows = {
        name: [(0.0, 1.0), *((7.0 * k, 1 - k / n) for k in range(1, events + 1)), (84.0, 1 - events / n)]
        for name, n, events in (("curve", 17, 10), ("achr", 17, 10), ("musk", 16, 6))
    }
    arms = {"achr": "usual", "musk": "exercise"}
    for name, points in rows.items():
        head, tail = ("time,survival,arm", f",{arms[name]}") if name in arms else ("time,survival", "")
        lines = [f"{time},{survival:.6f}{tail}" for time, survival in points]
        (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")
    table = ["time,at_risk,arm", "0,17,usual", "0,16,exercise"]
    (folder / "table.csv").write_text("\n".join(table) + "\n", "utf-8")
    marks = ["time,arm", *("84,usual" for _ in range(7)), *("84,exercise" for _ in range(10))]
    (folder / "marks.csv").write_text("\n".join(marks) + "\n", "utf-8")


def _run(folder: Path, command: str) -> None:
    arguments = _arguments(command)
    if "my-study/study.toml" in arguments:
        mgbayes.init(folder / "my-study")
    if arguments[0] != "plan":
        mgbayes.plan(load_study(folder / "mine.toml"), folder / "my-plans")
    if "--curves" in arguments:
        assert run_cli(*_arguments(_reconstruction()), cwd=folder).code == 0
    run = run_cli(*arguments, cwd=folder)
    assert "Traceback" not in run.err, run.err
    assert run.code == 0, run.err
    assert run.out.strip(), command
    for results in folder.rglob("results.json"):
        fits = json.loads(results.read_text("utf-8"))["fits"]
        assert [fit for fit in fits if fit["estimands"]], command


def _reconstruction() -> str:
    return next(line for line in COMMANDS if "--out relapse.csv" in line)


def test_the_pages_show_every_command_that_a_user_starts_with() -> None:
    shown = {shlex.split(line)[3] for line in COMMANDS}
    assert {"verify", "plan", "reanalyze", "sensitivity", "schema", "init", "simulate", "calibrate"} <= shown


@pytest.mark.parametrize("command", [line for line in COMMANDS if shlex.split(line)[3] not in SAMPLING])
def test_it_runs_on_a_study_of_another_field(folder: Path, command: str) -> None:
    _run(folder, command)


@pytest.mark.long
@pytest.mark.parametrize("command", [line for line in COMMANDS if shlex.split(line)[3] in SAMPLING])
def test_it_samples_on_a_study_of_another_field(folder: Path, command: str) -> None:
    _run(folder, command)


def _python(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.long
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if _python(page) and page.name not in ("notebook.md", "new-model.md")],
    ids=lambda page: page.name,
)
def test_the_python_of_a_page_runs(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one page share their names; the pages on notebooks and on new models have tests of their own."""
    monkeypatch.chdir(folder)
    mgbayes.init(folder / "my-study")
    names: dict[str, object] = {}
    for block in _python(page):
        exec(compile(block, page.name, "exec"), names)
