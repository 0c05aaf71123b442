"""Calibrate shipped plans and store the evidence: ``mgbayes calibrate``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mgbayes.calibrate import sbc
from mgbayes.calibrate.case import Case
from mgbayes.calibrate.evidence import store
from mgbayes.calibrate.kept import KeptReplicates
from mgbayes.calibrate.sbc import SbcResult, nutpie_refit
from mgbayes.calibrate.setting import CHAINS, DRAWS, SEED, Setting
from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.study.schema import Study


@on_a_bar
def calibrate(
    study: Study,
    plans: Sequence[Plan],
    folder: str | Path,
    *,
    replicates: int = 500,
    jobs: int = 2,
    on_patients: bool = False,
    adjusted: tuple[str, ...] = (),
    say: Say = quiet,
) -> list[SbcResult]:
    """Simulate, refit and rank for each plan, on cohorts like the study's; store each result in ``folder``.

    With ``on_patients`` the models see each simulated patient, else only the summaries; ``adjusted`` names what they
    take of patients besides (two made-up covariates, a frailty). Raises InputError for a model that does not take
    patients one by one, or takes nothing else, or not what is asked for besides.

    Example:
        >>> import mgbayes as mb, tempfile
        >>> study, plan = mb.load_study("litchman2020"), mb.load_plan("binary")
        >>> (result,) = mb.calibrate(study, [plan], tempfile.mkdtemp(), replicates=2, jobs=1)
        >>> result.replicates, result.failed
        (2, 0)
    """
    _check(plans, on_patients, adjusted)
    folder = Path(folder)
    results = []
    for plan in plans:
        case = Case(plan, on_patients, adjusted)
        setting = Setting.of(study, case)
        kept = KeptReplicates.of(
            setting.priors,
            setting.template,
            model=plan.model,
            family=plan.family,
            on_patients=on_patients,
            adjusted=adjusted,
            target_accept=setting.target_accept,
            seed=SEED,
            draws=DRAWS,
        )
        before = kept.count(replicates)
        since = f", {before} of them finished before" if before else ""
        with_these = f" with {' and '.join(adjusted)}" if adjusted else ""
        say(f"{plan.id}, {plan.family}{with_these}: {replicates} simulated studies{since}")
        result = sbc.calibrate(
            setting.model,
            plan.family,
            setting.priors,
            setting.template,
            replicates,
            SEED,
            draws=DRAWS,
            chains=CHAINS,
            jobs=jobs,
            compile_refit=partial(nutpie_refit, target_accept=setting.target_accept),
            kept=kept,
        )
        store(result, setting.basis(), case.path(folder))
        results.append(result)
    return results


def _check(plans: Sequence[Plan], on_patients: bool, adjusted: tuple[str, ...]) -> None:
    """Raises InputError for plans whose models do not take the evidence that is asked for, or not so adjusted."""
    problems = [
        Problem(f"plan {plan.id}", plan.model, f"one of {', '.join(_calibrated(on_patients))}")
        for plan in plans
        if plan.model not in _calibrated(on_patients)
    ]
    for plan in plans:
        if not on_patients and plan.family in MODELS[plan.model].on_patients_only:
            problems.append(Problem(f"family of plan {plan.id}", plan.family, "--patients as well"))
        known = MODELS[plan.model].adjustments
        accepted = f"one of {', '.join(known)}" if known else f"nothing: {plan.model} has no adjustments"
        problems += [
            Problem(f"--adjusted for plan {plan.id}", repr(name), accepted)
            for name in adjusted
            if name not in known
        ]
    if adjusted and not on_patients:
        problems.append(Problem("--adjusted", " and ".join(adjusted), "--patients as well"))
    if problems:
        raise InputError("calibrate --patients" if on_patients else "calibrate", problems)


def _calibrated(on_patients: bool) -> list[str]:
    """The models that take patients one by one, or those that take what a paper prints."""
    if on_patients:
        return [name for name, row in MODELS.items() if row.takes_patients]
    return [name for name, row in MODELS.items() if not row.patients_only]


def calibrated_by_default(plans: Sequence[Plan], on_patients: bool) -> list[Plan]:
    """The outcome plans whose models take the evidence that is asked for."""
    known = _calibrated(on_patients)
    return [plan for plan in plans if plan.role == "outcome" and plan.model in known]
