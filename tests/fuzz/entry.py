"""What reads each kind of random input, and what must hold of everything that is accepted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.comparison.scenarios import read_scenarios
from mgbayes.inference.job import jobs_of
from mgbayes.models.plan_file import parse_plan
from mgbayes.patient_comparison.check import check_patients
from mgbayes.patients import read_patients
from mgbayes.patients.dictionary import entries
from mgbayes.planning.check import checked_jobs
from mgbayes.planning.choose import proposed
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.read import read_curves
from mgbayes.simulation.truth import cohort_from_truth, load_truth
from mgbayes.study.load import load_study, parse_study
from mgbayes.verification import verify
from tests.fuzz.grammar import NUMBERS, STRANGE, Raw, files, spoil, study, toml
from tests.oracles.patients.cohort import cohort, grid
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.test_any_sheet import _possible
from tests.oracles.patients.written import write

SCENARIOS: Raw = {
    "scenarios": [{"reference": 0.3, "odds_ratio": 2.0}],
    "times": [{"hazard_ratio": 0.5, "shape": 1.5}],
    "values": [{"effect_size": -0.5}],
}
TRUTH: Raw = {
    "schema_version": 1,
    "followup": {"minimum": 80, "mean": 384, "sd": 10},
    "times": {
        "time_to_relapse": {
            "model": "proportional_hazards",
            "family": "weibull",
            "parameters": {"log_hazard_ratio": 0.5, "log_scale": 6.0, "shape": 1.2},
        }
    },
    "yes_no": {"thymectomy": [0.3, 0.5]},
}


def read_study(rng: random.Random, folder: Path) -> None:
    """A study file, verified and given plans where it is accepted."""
    raw = spoil(rng, study(rng) if rng.random() < 0.9 else rng.choice(files("study")))
    read = parse_study(_noise(rng, toml(raw)), "fuzz.toml")
    json.dumps(verify(read, search=False, use_cache=False).to_json(), allow_nan=False)
    for plan in proposed(read).plans:
        checked_jobs(read, [plan], partial(jobs_of, read))
    if read.patients is not None:
        list(entries(read, date(2026, 1, 1)))


def read_plan(rng: random.Random, folder: Path) -> None:
    """A plan, held against the embedded study."""
    plan = parse_plan(_noise(rng, toml(spoil(rng, rng.choice(files("plan"))))), "fuzz.toml")
    checked_jobs(_embedded(), [plan], partial(jobs_of, _embedded()))


def read_sheet(rng: random.Random, folder: Path) -> None:
    """A spreadsheet of patients with some cells or bytes changed, tested where it is accepted."""
    name, numbers = rng.choice(NAMES), np.random.default_rng(rng.getrandbits(32))
    sheet = grid(numbers, name, cohort(numbers, rng.randint(1, 12)))
    heads = list(sheet.rows[0])
    for _ in range(rng.choice([0, 1, 2, 5])):
        cell = rng.choice(
            [*NUMBERS, *(one for one in STRANGE if not isinstance(one, list | dict | int)), date.max]
        )
        sheet.rows[rng.randrange(len(sheet.rows))][rng.choice(heads)] = cell
    path = folder / f"sheet{rng.choice(['.csv', '.csv', '.csv', '.xlsx', '.parquet'])}"
    try:
        write(numbers, sheet, path)
    except Exception:  # what Excel or Parquet cannot hold is written as CSV
        path = path.with_suffix(".csv")
        write(numbers, sheet, path)
    if rng.random() < 0.3:
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    _possible(read_patients(path, form(name)))
    json.dumps(check_patients(form(name), path).to_json())


def read_curve(rng: random.Random, folder: Path) -> None:
    """A digitized curve with numbers at risk and marks, reconstructed where it is accepted."""
    times = sorted(rng.uniform(0, 1000) for _ in range(rng.randint(1, 12)))
    survival = sorted((rng.random() for _ in times), reverse=True)
    n = rng.choice([1, 5, 10, 20, 60])
    steps = [(0.0, 1.0), *zip(times, (round(value * n) / n for value in survival), strict=True)]
    counts = sorted((rng.randint(0, n) for _ in range(3)), reverse=True)
    tables = {
        "curve": [["time", "survival"], *steps],
        "at_risk": [["time", "at_risk"], [0, n], *zip((100, 300, 600), counts, strict=True)],
        "marks": [["time"], *([rng.uniform(0, times[-1])] for _ in range(rng.randint(0, 4)))],
    }
    for name, rows in tables.items():
        cells: list[list[Any]] = [list(row) for row in rows]
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            row = rng.choice(cells)
            row[rng.randrange(len(row))] = rng.choice([*NUMBERS, *STRANGE])
        separator = rng.choice([",", ",", ";", "\t"])
        (folder / f"{name}.csv").write_text(
            _noise(rng, "\n".join(separator.join(map(str, row)) for row in cells))
        )
    given = {name: folder / f"{name}.csv" for name in ("at_risk", "marks") if rng.random() < 0.4}
    sizes: list[Any] = [n, n, n, n, None, 0, -1, 10**9]
    curves = read_curves(
        folder / "curve.csv",
        n=rng.choice(sizes),
        events=rng.choice([None, None, n // 2, n + 1]),
        percent=rng.random() < 0.1,
        survival_error=rng.choice([0.002, 0.002, 0.02, 0.0, -1.0, float("nan")]),
        time_error=rng.choice([None, None, 1.0, 1e9]),
        time_unit=rng.choice(["days", "months", "years", "fortnights", ""]),
        **given,
    )
    ensemble = reconstruct(curves, members=2, seed=1)
    json.dumps(ensemble.to_json(), allow_nan=False)
    assert "".join(ensemble.in_words()).isprintable()
    assert (ensemble.data["time"].to_numpy() >= 0).all()


def read_settings(rng: random.Random, folder: Path) -> None:
    """Scenarios of a comparison, or the truth of a simulation."""
    truth = rng.random() < 0.5
    path = folder / "settings.toml"
    path.write_text(_noise(rng, toml(spoil(rng, TRUTH if truth else SCENARIOS))), "utf-8")
    if truth:
        cohort_from_truth(np.random.default_rng(1), _embedded(), load_truth(path, _embedded()))
    else:
        read_scenarios(path)


def _embedded() -> Any:
    return load_study("litchman2020")


def _noise(rng: random.Random, text: str) -> str:
    """A text, seldom with a character changed, or its end cut off."""
    if rng.random() > 0.05 or not text:
        return text
    at = rng.randrange(len(text))
    return rng.choice([text[:at], text[:at] + rng.choice('"=[]{}#,\n\x1b\ufeff0') + text[at + 1 :]])


KINDS: tuple[Callable[[random.Random, Path], None], ...] = (
    read_study,
    read_study,
    read_study,
    read_plan,
    read_sheet,
    read_sheet,
    read_curve,
    read_settings,
)


def read(rng: random.Random, folder: Path) -> None:
    """One random input."""
    rng.choice(KINDS)(rng, folder)
