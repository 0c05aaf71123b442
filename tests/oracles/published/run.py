"""Every published posterior by the project's own models, and the table of how far they lie apart."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

import mgbayes as mb
from mgbayes.inference.diagnostics import Status
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.robustness.reweighting import PARETO_K, smoothed
from tests.oracles.published.cases import CASES, Case, as_arrays
from tests.oracles.published.monte_carlo import LARGEST, Row, compared

FOLDER = Path(__file__).parent
_HEAD = ("case", "quantity", "statistic", "published", "here", "Monte Carlo errors apart")


@cache
def fitted(name: str, adjusted: tuple[str, ...]) -> Fit:
    """The fit of a case's study, plan and patient files."""
    study = mb.load_study(FOLDER / f"{name}.study.toml")
    plan = mb.load_plan(FOLDER / f"{name}.plan.toml")
    sheet = FOLDER / f"{name}.csv"
    patients = mb.read_patients(sheet, study) if sheet.exists() else None
    job = Job(study, plan, plan.family, patients=patients, adjusted=adjusted)
    fit = Fitter(cores=1, use_cache=False, predictive=False).fit(job)
    if fit.status is Status.failed:
        raise RuntimeError(f"{name}: {fit.diagnostics}")
    return fit


def rows_of(case: Case) -> list[Row]:
    """Every published number of a case beside the project's own."""
    if case.on_grid is not None:
        found, log_ratio = case.on_grid()
    else:
        assert case.quantities is not None
        name = case.id.partition(",")[0]
        found, log_ratio = case.quantities(as_arrays(fitted(name, case.adjusted).posterior))
    weight, k = smoothed(log_ratio.ravel())
    if k > PARETO_K:
        raise RuntimeError(f"{case.id}: Pareto k {k:.2f} of the weights to the published prior")
    weight = np.broadcast_to(weight, log_ratio.size).reshape(log_ratio.shape)
    return [compared(printed, found[printed.quantity], weight) for printed in case.printed]


def table(results: dict[str, list[Row]]) -> str:
    """A Markdown table."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    for name, rows in results.items():
        for row in rows:
            known = row.printed
            apart = f"{row.errors_apart:.1f}"
            here = f"{row.here:.4g}"
            lines.append((name, known.quantity, known.statistic, known.value, here, apart))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Print the table and whether all agree; the exit code is 1 where one does not."""
    results = {case.id: rows_of(case) for case in CASES}
    everything = [row for rows in results.values() for row in rows]
    agree = sum(row.agrees for row in everything)
    print(table(results))
    verdict = f"{agree} of {len(everything)} numbers of {len(CASES)} posteriors"
    print(f"\n{verdict} agree within {LARGEST:g} Monte Carlo errors.")
    return int(agree < len(everything))
