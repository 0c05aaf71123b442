"""How long a fit takes: compiled once and refitted, against a fresh ``pm.sample`` each time.

    uv run python benchmarks/fits.py

Both ways are timed in the same run on one core, 4 chains of 1000 draws, so that their ratio can be trusted on
a noisy machine. The first compile may read compiled code from disk; MGBAYES_COLD=1 starts without any.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

if os.environ.get("MGBAYES_COLD"):
    os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={tempfile.mkdtemp()}"
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()


def timed(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """The median seconds of a piece of work, and its last result."""
    seconds = []
    result = None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def main() -> None:
    """Print one row a plan and family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refits", type=int, default=5)
    parser.add_argument("--naive", type=int, default=1, help="fresh pm.sample runs of each model")
    options = parser.parse_args()

    import pymc as pm
    from rich.console import Console
    from rich.table import Table

    from mgbayes.inference.sample import compile_model, draw
    from mgbayes.models.catalogue import MODELS
    from mgbayes.models.plan import Sampling, shipped_plans
    from mgbayes.study import load_study

    logging.getLogger("pymc").setLevel(logging.ERROR)
    study = load_study()
    table = Table("plan", "family", "compile, s", "refit, s", "fresh pm.sample, s", "ratio")
    for plan in shipped_plans():
        if MODELS[plan.model].patients_only:
            continue
        module = MODELS[plan.model].load()
        data = module.from_study(study, plan)
        for family in plan.printed_families:
            model = module.build(data, family, plan.prior_set(family, module.PRIORS))
            compiling, compiled = timed(lambda model=model: compile_model(model), 1)
            sampling = Sampling(draws=1000, tune=200, target_accept=plan.sampling.target_accept)
            draw(compiled, sampling, cores=1)
            refit, _ = timed(lambda compiled=compiled, s=sampling: draw(compiled, s, cores=1), options.refits)

            def naive(model: Any = model, sampling: Sampling = sampling) -> None:
                with model:
                    pm.sample(
                        draws=sampling.draws,
                        tune=sampling.tune,
                        chains=4,
                        cores=1,
                        target_accept=sampling.target_accept,
                        random_seed=1,
                        progressbar=False,
                        compute_convergence_checks=False,
                    )

            fresh, _ = timed(naive, options.naive)
            figures = (f"{compiling:.1f}", f"{refit:.2f}", f"{fresh:.1f}", f"{fresh / refit:.0f}")
            table.add_row(plan.id, family, *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
