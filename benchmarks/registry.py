"""How the main job grows with the patients: ``mgbayes reanalyze --patients`` on synthetic registries.

    uv run python benchmarks/registry.py                     # 500, 1000, 2000 and 5000 patients
    uv run python benchmarks/registry.py --patients 500 5000 --plan relapse

Nothing is read from the cache but compiled code. CPU is that of all processes together; memory is the largest sum
over the processes that was seen, every fifth of a second. The exponent is the slope of log CPU on log patients: 1 is
growth in proportion to the patients. What every run costs, however small, would pull it down: it is of the CPU beyond
that of 33 patients. The last one is from the two largest registries alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SMALLEST = 33
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Run:
    """What one run took."""

    patients: int
    cpu: float
    wall: float
    memory: int
    code: int


def registry(patients: int, seed: int = 1) -> pd.DataFrame:
    """Made-up patients, with every column of the embedded study's map."""
    rng = np.random.default_rng(seed)
    musk = rng.uniform(size=patients) < 0.48
    musk[:2] = True, False
    age, cycles = rng.integers(18, 85, patients), rng.integers(1, 7, patients)
    followup = 365 + rng.gamma(2.5, 600, patients).round()
    worse = rng.normal(size=patients)
    remits = rng.uniform(size=patients) < 1 / (1 + np.exp(-0.9 + 0.4 * musk + 0.4 * worse))
    remission = np.ceil(rng.gamma(1.5, 250 - 60 * musk) * np.exp(0.2 * worse)) + 1
    relapse = np.ceil(2200 * rng.weibull(1.2, patients) * np.exp(0.3 * musk - 0.3 * worse)) + 1
    remitted, relapsed = remits & (remission < followup), relapse < followup

    def yes(share: float) -> Any:
        return np.where(rng.uniform(size=patients) < share, "yes", "no")

    def dose(median: float, zero: float) -> Any:
        values = np.minimum(np.round(median * np.exp(0.7 * rng.normal(size=patients) + 0.2 * worse), 1), 120)
        return np.where(rng.uniform(size=patients) < zero, 0.0, np.maximum(values, 0.5))

    def days(happened: Any, values: Any) -> Any:
        return pd.array(np.where(happened, values, np.nan), dtype="Int64")

    binary = {
        "prednisone_stopped": 0.5,
        "prednisone_10mg_or_less": 0.7,
        "pis_mm_12m": 0.6,
        "pis_improved": 0.7,
        "sparing_baseline": 0.5,
        "sparing_12m": 0.25,
        "sparing_last": 0.15,
        "maintenance_before": 0.5,
        "maintenance_after": 0.3,
        "rescue_before": 0.7,
        "rescue_after": 0.25,
        "thymectomy": 0.5,
        "thymoma": 0.2,
    }
    classes = {"baseline": ["IIa", "IIIb", "III", "IV"], "12m": ["0", "I", "II"], "last": ["0", "I", "IIa"]}
    return pd.DataFrame(
        {
            "patient": [f"registry-{i}" for i in range(patients)],
            "antibody": np.where(musk, "MuSK+", "AChR+"),
            "age": age,
            "sex": np.where(rng.uniform(size=patients) < 0.6, "female", "male"),
            "cycles": cycles,
            "followup_days": followup.astype(int),
            "remission": np.where(remitted, "yes", "no"),
            "remission_days": days(remitted, remission),
            "remission_after_days": days(np.zeros(patients, bool), remission),
            "remission_by_days": days(np.zeros(patients, bool), remission),
            "relapse": np.where(relapsed, "yes", "no"),
            "relapse_days": days(relapsed, relapse),
            "prednisone_mg_baseline": dose(35, 0.02),
            "prednisone_mg_12m": dose(10, 0.25),
            "prednisone_mg_last": dose(8, 0.4),
            **{f"mgfa_{visit}": rng.choice(words, patients) for visit, words in classes.items()},
            **{name: yes(share) for name, share in binary.items()},
            "rescue_events": rng.poisson(rng.gamma(0.5, 2, patients)),
            "hospitalizations": rng.poisson(rng.gamma(0.5, 2, patients)),
        }
    )


def measured(patients: int, folder: Path, plans: list[str], cores: int) -> Run:
    """One run of the main job."""
    study, file = folder / "study.toml", folder / f"registry_{patients}.csv"
    example = subprocess.run(
        [sys.executable, "-m", "mgbayes", "schema", "--example"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    study.write_text(example.replace("\n[patients]\n", "\n[patients]\nsynthetic = true\n"), "utf-8")
    registry(patients).to_csv(file, index=False)
    chosen = [part for plan in plans for part in ("--plan", plan)]
    out = folder / f"out_{patients}"
    options = [*chosen, "--no-search", "--no-cache", "--cores", str(cores), "--out", str(out)]
    command = [
        sys.executable,
        "-m",
        "mgbayes",
        "reanalyze",
        str(study),
        "--patients",
        str(file),
        *options,
    ]
    said = folder / f"said_{patients}.txt"
    start = time.perf_counter()
    with said.open("w", encoding="utf-8") as stream:
        job = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
    memory = 0
    while True:
        done, status, usage = os.wait4(job.pid, os.WNOHANG)
        if done:
            break
        memory = max(memory, _memory(job.pid))
        time.sleep(0.2)
    code = os.waitstatus_to_exitcode(status)
    if code:
        print(said.read_text("utf-8"), file=sys.stderr)
    return Run(patients, usage.ru_utime + usage.ru_stime, time.perf_counter() - start, memory, code)


def _memory(root: int) -> int:
    """Resident bytes of a process and all that it started."""
    parents, sizes = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                sizes[int(entry.name)] = int((entry / "statm").read_text().split()[1]) * _PAGE
            except OSError:
                continue
    family, found = {root}, 0
    while len(family) > found:
        found = len(family)
        family |= {child for child, parent in parents.items() if parent in family}
    return sum(sizes.get(member, 0) for member in family)


def exponent(runs: list[Run], fixed: float) -> float:
    """The slope of log CPU beyond the fixed part on log patients."""
    beyond = [max(run.cpu - fixed, 0.1) for run in runs]
    return float(np.polyfit(np.log([run.patients for run in runs]), np.log(beyond), 1)[0])


def main() -> None:
    """Print one row a registry, and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[500, 1000, 2000, 5000])
    parser.add_argument("--plan", action="append", default=[], help="all plans that apply, by default")
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()

    from rich.console import Console
    from rich.table import Table

    table = Table("patients", "CPU, s", "wall clock, s", "memory, GB", "exit code")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for patients in [SMALLEST, *options.patients]:
            run = measured(patients, Path(folder), options.plan, options.cores)
            runs.append(run)
            row = (run.patients, f"{run.cpu:.0f}", f"{run.wall:.0f}", f"{run.memory / 1e9:.2f}", run.code)
            table.add_row(*map(str, row))
            print(*row, file=sys.stderr, flush=True)
    Console().print(table)
    first, *others = runs
    if len(others) > 1:
        print(f"exponent of CPU beyond {SMALLEST} patients: {exponent(others, first.cpu):.2f}")
        print(f"of the two largest registries: {exponent(others[-2:], first.cpu):.2f}")


if __name__ == "__main__":
    main()
