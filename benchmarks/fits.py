"""How long the main job and its fits take, beside what is asked of them and beside the naive way.

    uv run python benchmarks/fits.py [PLAN ...]

One table: the main job in a process of its own with every cache empty, and again with them full; then, for each plan
and family, the model compiled, refitted by swapping its data, and drawn from by a fresh ``pm.sample``. Fits run on
one core in this one run, so that their ratio can be trusted on a noisy machine. Refits differ by their seed; how many
pass the diagnostics stands beside their median time, which counts only if more than half do.
MGBAYES_COLD=1 makes the compile times those without compiled code on disk.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLD_JOB, WARM_JOB, REFIT = 300.0, 40.0, 0.25  # seconds: the bars
DRAWS = 1000
STEPS = {"remission": (100, 0.8, 3), "relapse": (100, 0.65, 3), "prednisone": (100, 0.9, 3)}
OTHERWISE = (100, 0.95, 4)
"""The sampling of a refit of four chains by plan: warm-up, target_accept, most doublings of a trajectory."""


def caches(folder: Path) -> dict[str, str]:
    """An environment whose caches of compiled code and of fits are in a folder."""
    return {
        **os.environ,
        "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "MGBAYES_CACHE": str(folder / "mgbayes"),
    }


def timed(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """The median seconds of a piece of work, and its last result."""
    seconds = []
    result = None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def main_job() -> tuple[float, float]:
    """Seconds of the main job with every cache empty, and with them full."""
    with tempfile.TemporaryDirectory() as name:
        command = [
            str(Path(sys.executable).parent / "mgbayes"),
            "reanalyze",
            "--out",
            str(Path(name) / "report"),
        ]

        def run() -> None:
            subprocess.run(command, env=caches(Path(name)), check=True, capture_output=True)

        return timed(run, 1)[0], timed(run, 1)[0]


def met(seconds: float, bar: float, passed: bool = True) -> str:
    """Yes or no."""
    return "yes" if seconds <= bar and passed else "no"


def naive(model: Any, tune: int, target_accept: float) -> None:
    """A fresh ``pm.sample`` of the same length, on one core."""
    import pymc as pm

    with model:
        pm.sample(
            draws=DRAWS,
            tune=tune,
            chains=4,
            cores=1,
            target_accept=target_accept,
            random_seed=1,
            progressbar=False,
            compute_convergence_checks=False,
        )


def fit_row(plan: Any, family: str, refits: int, fresh_runs: int) -> tuple[str, ...]:
    """The row of one plan and family."""
    from mgbayes.inference.diagnostics import diagnose
    from mgbayes.inference.sample import compile_model, draw
    from mgbayes.models.catalogue import MODELS
    from mgbayes.models.plan import Sampling
    from mgbayes.study import load_study

    module = MODELS[plan.model].of(load_study(), plan)
    data = module.from_study(load_study(), plan)
    model = module.build(data, family, plan.prior_set(family))
    tune, target_accept, max_depth = STEPS.get(plan.id, OTHERWISE)
    sampling = Sampling(draws=DRAWS, tune=tune, target_accept=target_accept, max_depth=max_depth)
    compiling, compiled = timed(lambda: compile_model(model), 1)
    draw(compiled, sampling, cores=1)
    seconds, found = [], []
    for seed in range(1, refits + 1):
        seeded = sampling.model_copy(update={"seed": seed})
        start = time.perf_counter()
        posterior, stats = draw(compiled, seeded, cores=1)
        seconds.append(time.perf_counter() - start)
        found.append(diagnose(posterior, module.estimands(posterior, data, family), stats))
    refit = statistics.median(seconds)
    fresh, _ = timed(lambda: naive(model, tune, target_accept), fresh_runs)
    passed = sum(not row.failures() for row in found)
    least = statistics.median(min(row.ess_bulk_min, row.ess_tail_min) for row in found)
    return (
        f"{plan.id}, {family}",
        f"{tune}, {target_accept}, {max_depth}",
        *(f"{compiling:.1f}", f"{refit:.2f}", f"{fresh:.1f}", f"{fresh / refit:.0f}"),
        f"{least:.0f}",
        f"{passed} of {refits}",
        f"{REFIT}",
        met(refit, REFIT, passed > refits / 2),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="*", help="ids of plans; all that a paper alone can feed by default")
    parser.add_argument("--refits", type=int, default=20)
    parser.add_argument("--naive", type=int, default=1, help="fresh pm.sample runs of each model")
    parser.add_argument("--no-job", action="store_true", help="leave the main job out")
    options = parser.parse_args()
    if os.environ.pop("MGBAYES_COLD", ""):
        os.environ.update(caches(Path(tempfile.mkdtemp())))

    from rich.console import Console
    from rich.table import Table

    from mgbayes.models.catalogue import MODELS
    from mgbayes.models.plan_file import shipped_plans

    logging.getLogger("pymc").setLevel(logging.ERROR)
    columns = (
        "warm-up, target_accept, depth",
        "compile, s",
        "refit, s",
        "fresh pm.sample, s",
        "ratio",
        "least ESS",
        "refits passed",
        "bar, s",
        "bar met",
    )
    table = Table("", *columns, title=f"Refit: 4 chains of {DRAWS}")
    if not options.no_job:
        cold, warm = main_job()
        for name, seconds, bar in (("caches empty", cold, COLD_JOB), ("caches full", warm, WARM_JOB)):
            blank = ("",) * 6
            table.add_row(f"main job, {name}: {seconds:.0f}", *blank, "", f"{bar:.0f}", met(seconds, bar))
    for plan in shipped_plans():
        if MODELS[plan.model].patients_only or (options.plans and plan.id not in options.plans):
            continue
        for family in plan.printed_families:
            row = fit_row(plan, family, options.refits, options.naive)
            print(*row, sep="  ", file=sys.stderr, flush=True)  # seen at once, and not lost when interrupted
            table.add_row(*row)
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
