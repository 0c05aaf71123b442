"""Calibrate shipped plans and store the evidence: ``mgbayes calibrate``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mgbayes.calibrate import sbc
from mgbayes.calibrate.evidence import store
from mgbayes.calibrate.kept import KeptReplicates
from mgbayes.calibrate.on_patients import OnPatients
from mgbayes.calibrate.sbc import Model, SbcResult, nutpie_refit
from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.models.sources import model_sources
from mgbayes.study.schema import Study

SEED = 20200216
DRAWS = 500


def evidence_path(
    folder: Path, plan: Plan, on_patients: bool = False, adjusted: tuple[str, ...] = ()
) -> Path:
    """Where the evidence of a plan's model and family, and of what it is adjusted for, is kept."""
    parts = (plan.model, plan.family, *(["patients"] if on_patients else []), *adjusted)
    return folder / f"{'-'.join(parts)}.json"


def calibrate(
    study: Study,
    plans: Sequence[Plan],
    folder: str | Path,
    *,
    replicates: int = 500,
    jobs: int = 2,
    on_patients: bool = False,
    adjusted: tuple[str, ...] = (),
    say: Callable[[str], None] = lambda text: None,
) -> list[SbcResult]:
    """Simulate, refit and rank for each plan, on cohorts like the study's; store each result in ``folder``.

    With ``on_patients`` the models see each simulated patient, else only the summaries; ``adjusted`` names what they
    take of patients besides (two made-up covariates, a frailty). Raises InputError for a model that does not take
    patients one by one, or takes nothing else, or not what is asked for besides.
    """
    _check(plans, on_patients, adjusted)
    folder = Path(folder)
    results = []
    for plan in plans:
        with_these = f" with {' and '.join(adjusted)}" if adjusted else ""
        row = MODELS[plan.model]
        module = row.of(study, plan)
        priors = plan.prior_set(plan.family, module.default_priors, adjusted)
        data = (module.cohort_like if row.patients_only else module.from_study)(study, plan)
        calibrated: Model = module
        template = data
        if on_patients:
            on_these = OnPatients(module, data)
            calibrated, template = on_these, on_these.template(plan.family, priors)
        target_accept = plan.sampling_on(on_patients).target_accept
        kept = KeptReplicates.of(
            row.module,
            priors,
            template,
            family=plan.family,
            on_patients=on_patients,
            adjusted=adjusted,
            target_accept=target_accept,
            seed=SEED,
            draws=DRAWS,
        )
        before = kept.count(replicates)
        since = f", {before} of them finished before" if before else ""
        say(f"{plan.model}, {plan.family}{with_these}: {replicates} simulated studies{since}")
        result = sbc.calibrate(
            calibrated,
            plan.family,
            priors,
            template,
            replicates,
            SEED,
            draws=DRAWS,
            jobs=jobs,
            compile_refit=partial(nutpie_refit, target_accept=target_accept),
            kept=kept,
        )
        store(result, evidence_path(folder, plan, on_patients, adjusted), model_sources(row.module))
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
            problems.append(Problem(f"family of plan {plan.id}", plan.family, "--patients beside it"))
        known = MODELS[plan.model].adjustments
        accepted = f"one of {', '.join(known)}" if known else f"nothing: {plan.model} has no adjustments"
        problems += [
            Problem(f"--adjusted for plan {plan.id}", repr(name), accepted)
            for name in adjusted
            if name not in known
        ]
    if adjusted and not on_patients:
        problems.append(Problem("--adjusted", " and ".join(adjusted), "--patients beside it"))
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
