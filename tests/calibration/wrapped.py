"""Calibration of fits given a reported p value, and of fits on imputations: the cases, and their evidence.

The models are wrapped (reported_p.py, imputations.py) and go through the calibrator as any other; what the evidence
stands on is recorded and compared in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.calibrate import sbc
from mgbayes.calibrate.case import Case
from mgbayes.calibrate.evidence import store
from mgbayes.calibrate.kept import KeptReplicates
from mgbayes.calibrate.sbc import SbcResult
from mgbayes.calibrate.setting import CHAINS, DRAWS, SEED, Setting
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study
from tests.calibration.imputations import OnImputations
from tests.calibration.reported_p import PairedP, Test, TimesWithP, log_rank, mann_whitney

FOLDER = Path(__file__).parent / "evidence_wrapped"
REPLICATES = 200
WRAPPERS = ("imputations.py", "reported_p.py")


def _times_with_p(statistic: str, test: Test, it: Setting, plan: Plan) -> TimesWithP:
    return TimesWithP(it.model, plan.sampling.conditioning_max_depth, statistic, test)


Wrap = Callable[[Setting, Plan], Any]
CASES: Mapping[str, tuple[str, Wrap]] = {
    "relapse-log-rank": ("relapse", partial(_times_with_p, "logrank", log_rank)),
    "remission-mann-whitney": ("remission", partial(_times_with_p, "mann_whitney", mann_whitney)),
    "prednisone-paired-t": ("prednisone", lambda it, plan: PairedP(it.model)),
    "relapse-imputations": ("relapse", lambda it, plan: OnImputations(it.model, it.numbers)),
    "remission-imputations": ("remission", lambda it, plan: OnImputations(it.model, it.numbers)),
}
"""The plan whose model is wrapped, and how."""
WAITING = ("remission-mann-whitney",)
"""Cases that were not calibrated yet."""


def path(name: str) -> Path:
    """Where the evidence of a case is stored."""
    return FOLDER / f"{name}.json"


def setting(name: str) -> Setting:
    """What a case follows from."""
    named, wrap = CASES[name]
    plan = load_plan(named)
    plain = Setting.of(load_study("litchman2020"), Case(plan))
    model = wrap(plain, plan)
    template = plain.template
    if isinstance(model, OnImputations):
        _, template = model.simulate(np.random.default_rng(0), {}, plain.family, plain.priors)
    return replace(plain, model=model, template=template)


def calibrate(name: str, replicates: int = REPLICATES, jobs: int = 1) -> SbcResult:
    """Simulate, refit and rank; store the evidence. Finished replicates of an interrupted run are kept."""
    it = setting(name)
    plan = load_plan(CASES[name][0])
    kept = KeptReplicates.of(
        it.priors,
        it.template,
        model=plan.model,
        family=it.family,
        case=name,
        wrapped_by=[(FOLDER.parent / source).read_text("utf-8") for source in WRAPPERS],
        seed=SEED,
        draws=DRAWS,
    )
    result = sbc.calibrate(
        it.model,
        it.family,
        it.priors,
        it.template,
        replicates,
        SEED,
        draws=DRAWS,
        chains=CHAINS,
        jobs=jobs,
        compile_refit=partial(_refit, it),
        kept=kept,
    )
    store(result, it.basis(), path(name))
    return result


def _refit(it: Setting, built: Any, draws: int, chains: int) -> sbc.Refit:
    refit: sbc.Refit = it.model.refit(it.family, built, draws, chains, it.target_accept)
    return refit
