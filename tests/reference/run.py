"""Reference posteriors made by two samplers that agree, and refits that must agree with them.

nutpie's NUTS, which the project uses, makes the draws that are kept: ten chains, of which every tenth draw. The
second sampler is importance sampling (importance.py) or, where latent values make too many dimensions, PyMC's own
NUTS. Both take the model and the data as they are stored. Where one mean or SD lies beyond three Monte Carlo errors,
which chance does in one of 370 comparisons, all is drawn once more with another seed, and must then lie within.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from importlib.metadata import version
from platform import python_version

import numpy as np
import xarray as xr

from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.plan import Sampling
from tests.reference.cases import CASES, PENDING, Case
from tests.reference.columns import (
    CHAINS,
    DRAWS,
    LARGEST,
    Columns,
    Estimates,
    apart,
    checks,
    columns_of,
    estimates,
    rounded,
    sampled,
    weighted_estimates,
    within,
)
from tests.reference.database import draws_file, read_draws, read_model, write_draws, write_inputs
from tests.reference.importance import importance_sample

_SEEDS = (20261129, 20261130)
_NAMES = [case.name for case in CASES]
_TUNE = 2000
_REFIT = Sampling(chains=4, draws=4000, tune=1500, seed=20261201)
_HEAD = (
    "posterior",
    "second sampler",
    "columns",
    "R-hat",
    "bulk ESS",
    "tail ESS",
    "E-FMI",
    "Monte Carlo errors apart",
)
_LIBRARIES = ("mgbayes", "nutpie", "pymc", "pytensor", "numba", "arviz-stats")


def main(arguments: list[str]) -> int:
    """Make what is not there yet, or with ``--check`` refit; the exit code is 1 where something does not agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("names", nargs="*", help="posteriors; all but those pending by default")
    parser.add_argument("--check", action="store_true", help="refit, and compare with what is kept")
    parser.add_argument("--again", action="store_true", help="make anew what is there")
    asked = parser.parse_args(arguments)
    chosen = [case for case in (*CASES, *PENDING) if case.name in (asked.names or _NAMES)]
    if not chosen:
        parser.error(f"no such posterior; there are {', '.join(_NAMES)}")
    return _checked(chosen) if asked.check else _made(chosen, again=asked.again)


# ------------------------------------------------------------------------------------------------- making


def _made(cases: Iterable[Case], *, again: bool) -> int:
    print(_row(_HEAD), _row(("---",) * len(_HEAD)), sep="\n")
    failed = 0
    for case in cases:
        if draws_file(case.name).exists() and not again:
            continue
        start = time.monotonic()
        try:
            print(_row(make(case)), flush=True)
        except RuntimeError as error:
            failed += 1
            print(f"{case.name}: {error}", file=sys.stderr, flush=True)
        print(f"{case.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return int(failed > 0)


def make(case: Case) -> tuple[str, ...]:
    """Make and keep one reference posterior; its row of the table. Raises RuntimeError where it does not hold."""
    write_inputs(case, case.job())
    for seed in _SEEDS:
        sampling = Sampling(
            chains=CHAINS, draws=DRAWS * case.thin, tune=_TUNE, target_accept=case.target_accept, seed=seed
        )
        columns, stats = _nutpie(case, sampling)
        columns = rounded({name: values[:, :: case.thin] for name, values in columns.items()})
        second = _second(case, seed)
        distance = apart(estimates(columns), second)
        if max(distance.values()) <= LARGEST:
            break
    else:
        worst = max(distance, key=lambda key: distance[key])
        raise RuntimeError(f"{worst} lies {distance[worst]:.1f} Monte Carlo errors apart")
    found = sampled(columns)
    energy = stats["energy"].to_numpy()
    e_fmi = [float(np.square(np.diff(chain)).mean() / chain.var()) for chain in energy]
    divergent = [int(chain.sum()) for chain in stats["diverging"].to_numpy()]
    held = checks(columns, found, sum(divergent), min(e_fmi))
    if not all(held.values()):
        worth = [*found.bulk.values(), *found.tail.values()]
        missed = [name for name, holds in held.items() if not holds]
        raise RuntimeError(f"{missed}: ESS {min(worth):.0f} to {max(worth):.0f}, {sum(divergent)} divergent")
    method = "PyMC's NUTS" if case.walk else "importance sampling"
    worst = max(distance.values())
    write_draws(
        case,
        columns,
        found,
        {
            "inference": {
                "method": "pymc_sampling",
                "method_arguments": {
                    "sampler": "nutpie",
                    "chains": CHAINS,
                    "iter": _TUNE + sampling.draws,
                    "warmup": _TUNE,
                    "thin": case.thin,
                    "seed": sampling.seed,
                    "control": {"adapt_delta": sampling.target_accept},
                },
            },
            "diagnostics": {
                "divergent_transitions": divergent,
                "expected_fraction_of_missing_information": e_fmi,
            },
            "checks_made": held,
            "comments": f"The means and SDs of {method} lie at most {worst:.2f} Monte Carlo errors of both away.",
            "versions": {"python_version": python_version(), **{name: version(name) for name in _LIBRARIES}},
        },
    )
    worth = [f"{min(part.values()):.0f} to {max(part.values()):.0f}" for part in (found.bulk, found.tail)]
    return (case.name, method, str(len(columns)), f"{max(found.r_hat.values()):.4f}", *worth,
            f"{min(e_fmi):.2f}", f"{worst:.1f}")  # fmt: skip


def _nutpie(case: Case, sampling: Sampling) -> tuple[Columns, xr.Dataset]:
    model, data = read_model(case)
    posterior, stats = draw(compile_model(model(data)), sampling)
    return _columns(case, posterior, data), stats


def _second(case: Case, seed: int) -> Estimates:
    import pymc as pm

    model, data = read_model(case)
    built = model(data)
    if not case.walk:
        posterior, weight = importance_sample(built, seed)
        return weighted_estimates(_columns(case, posterior, data), weight)
    with built:
        tree = pm.sample(
            draws=2500,
            tune=1000,
            chains=4,
            cores=2,
            nuts_sampler="pymc",
            target_accept=case.target_accept,
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
        )
    return estimates(_columns(case, tree["posterior"].to_dataset(), data))


def _columns(case: Case, posterior: xr.Dataset, data: dict[str, np.ndarray]) -> Columns:
    job = case.job()
    estimands = job.model.estimands(posterior, data, case.family)
    return columns_of(posterior, estimands, job.plan.prior_set(case.family, case.adjusted))


# ----------------------------------------------------------------------------------------------- checking


def _checked(cases: Iterable[Case]) -> int:
    print(_row(("posterior", "columns", "Monte Carlo errors apart", "furthest")))
    print(_row(("---",) * 4))
    found = {}
    for case in cases:
        found[case.name] = distance = refitted(case)
        (column, statistic), worst = max(distance.items(), key=lambda item: item[1])
        print(
            _row((case.name, str(len(distance) // 2), f"{worst:.1f}", f"{statistic} of {column}")), flush=True
        )
    compared = sum(map(len, found.values()))
    beyond = [name for name, distance in found.items() if not within(distance, compared)]
    print(f"\n{compared} figures compared: {', '.join(beyond) or 'none'} beyond what chance allows.")
    return int(bool(beyond))


def refitted(case: Case) -> dict[tuple[str, str], float]:
    """How many Monte Carlo errors a refit lies from the draws that are kept, by column and statistic."""
    columns, _ = _nutpie(case, _REFIT.model_copy(update={"target_accept": case.target_accept}))
    return apart(estimates(read_draws(case.name)), estimates(columns))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
