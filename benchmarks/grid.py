"""What a cell of the sensitivity grid costs beside compiling and fitting it afresh, in CPU seconds.

    python benchmarks/grid.py [PLAN ...]

For each plan's own family, under a moderate skeptic: the model compiled and fitted for this one cell; a fit of the
cell's own from the model that the grid has compiled already; and the cell from the draws of the report's fit, which
is what nearly all cells are. The report's fit is read, or made and kept, before the clock starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from mgbayes.inference.run import Fitter
from mgbayes.models.plan_file import load_plan
from mgbayes.robustness.cell import cell_by_refit, cell_from_parent
from mgbayes.robustness.settings import Setting, settings
from mgbayes.study import load_study

BELIEF = "skeptical, moderate"


def cpu_seconds(work: Callable[[], object]) -> float:
    """User and system time of this process and its children."""
    before = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - before


def costs(setting: Setting) -> tuple[float, float, float]:
    """Afresh, by a fit of its own, and from the report's fit."""
    fresh = Fitter(cores=1, use_cache=False, predictive=False)
    afresh = cpu_seconds(lambda: cell_by_refit(fresh, setting))
    again = cpu_seconds(lambda: cell_by_refit(_unfitted(fresh), setting))
    kept = Fitter(cores=1, predictive=False)
    kept.remembered(setting.parent())
    return afresh, again, cpu_seconds(lambda: cell_from_parent(kept, setting))


def _unfitted(fitter: Fitter) -> Fitter:
    """The same compiled models, without the draws made last."""
    other = Fitter(cores=1, use_cache=False, predictive=False)
    other._compiled = fitter._compiled
    return other


def main() -> None:
    """Print a table."""
    study = load_study()
    print(f"{'plan':12} {'afresh':>8} {'own fit':>8} {'cell':>8}   share of afresh: own fit, cell")
    for name in sys.argv[1:] or ("binary", "relapse", "remission", "prednisone"):
        rows = settings(study, load_plan(name))
        setting = next(row for row in rows if row.reference_prior.name == BELIEF and not row.printed_p)
        afresh, own, cell = costs(setting)
        print(f"{name:12} {afresh:8.2f} {own:8.2f} {cell:8.2f}   {own / afresh:.3f}, {cell / afresh:.3f}")


if __name__ == "__main__":
    main()
