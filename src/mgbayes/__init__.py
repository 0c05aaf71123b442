"""A Bayesian re-analysis of small two-arm cohort papers, from their published summaries alone.

The public functions have the names of the commands; each is imported at its first use, so that
``import mgbayes`` stays light.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

_PUBLIC = {
    "Study": "mgbayes.study.schema",
    "load_study": "mgbayes.study.load",
    "load_plan": "mgbayes.models.plan_file",
    "verify": "mgbayes.verification.ledger",
    "fit": "mgbayes.api",
    "reanalyze": "mgbayes.reanalysis",
    "manuscript": "mgbayes.supplement",
    "calibrate": "mgbayes.calibrate.run",
    "cohort": "mgbayes.latent_cohort.answer",
    "compare": "mgbayes.comparison.run",
    "read_curves": "mgbayes.reconstruction.read",
    "reconstruct": "mgbayes.reconstruction.from_curve",
    "propose_plans": "mgbayes.planning.propose",
    "plan": "mgbayes.planning.write",
    "schema": "mgbayes.planning.describe",
    "init": "mgbayes.starter",
    "qualify": "mgbayes.qualification.run",
    "sensitivity": "mgbayes.robustness.run",
    "simulate": "mgbayes.simulation.run",
    "read_patients": "mgbayes.patients.read",
}
__all__ = [
    "Study",
    "__version__",
    "calibrate",
    "cohort",
    "compare",
    "fit",
    "init",
    "load_plan",
    "load_study",
    "manuscript",
    "plan",
    "propose_plans",
    "qualify",
    "read_curves",
    "read_patients",
    "reanalyze",
    "reconstruct",
    "schema",
    "sensitivity",
    "simulate",
    "verify",
]


if TYPE_CHECKING:
    from mgbayes.api import fit
    from mgbayes.calibrate.run import calibrate
    from mgbayes.comparison.run import compare
    from mgbayes.latent_cohort.answer import cohort
    from mgbayes.models.plan_file import load_plan
    from mgbayes.patients.read import read_patients
    from mgbayes.planning.describe import schema
    from mgbayes.planning.propose import propose_plans
    from mgbayes.planning.write import plan
    from mgbayes.qualification.run import qualify
    from mgbayes.reanalysis import reanalyze
    from mgbayes.reconstruction.from_curve import reconstruct
    from mgbayes.reconstruction.read import read_curves
    from mgbayes.robustness.run import sensitivity
    from mgbayes.simulation.run import simulate
    from mgbayes.starter import init
    from mgbayes.study.load import load_study
    from mgbayes.study.schema import Study
    from mgbayes.supplement import manuscript
    from mgbayes.verification.ledger import verify


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


class _Functions(ModuleType):
    """This package, in which ``mgbayes.calibrate`` stays the function after the folder of its name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Functions
