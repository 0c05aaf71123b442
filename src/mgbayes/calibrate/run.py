"""Calibrate shipped plans and store the evidence: ``mgbayes calibrate``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mgbayes.calibrate import sbc
from mgbayes.calibrate.evidence import store
from mgbayes.calibrate.on_patients import OnPatients
from mgbayes.calibrate.sbc import Model, SbcResult, nutpie_refit
from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.models.sources import model_sources
from mgbayes.study.schema import Study

SEED = 20200216
DRAWS = 500


def evidence_path(folder: Path, plan: Plan, on_patients: bool = False) -> Path:
    """Where the evidence of a plan's model and family is kept."""
    return folder / f"{plan.model}-{plan.family}{'-patients' if on_patients else ''}.json"


def calibrate(
    study: Study,
    plans: Sequence[Plan],
    folder: Path,
    *,
    replicates: int = 500,
    jobs: int = 2,
    on_patients: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> list[SbcResult]:
    """Simulate, refit and rank for each plan, on cohorts like the study's; store each result in ``folder``.

    With ``on_patients`` the models see each simulated patient, else only the summaries. Raises InputError for a
    model that does not take patients one by one, or takes nothing else.
    """
    _check(plans, on_patients)
    results = []
    for plan in plans:
        say(f"{plan.model}, {plan.family}: {replicates} simulated studies")
        row = MODELS[plan.model]
        module = row.load()
        priors = plan.prior_set(plan.family, module.PRIORS)
        data = (module.cohort_like if row.patients_only else module.from_study)(study, plan)
        calibrated: Model = module
        template = data
        if on_patients:
            on_these = OnPatients(row.module, data)
            calibrated, template = on_these, on_these.template(plan.family, priors)
        result = sbc.calibrate(
            calibrated,
            plan.family,
            priors,
            template,
            replicates,
            SEED,
            draws=DRAWS,
            jobs=jobs,
            compile_refit=partial(nutpie_refit, target_accept=plan.sampling.target_accept),
        )
        store(result, evidence_path(folder, plan, on_patients), model_sources(row.module))
        results.append(result)
    return results


def _check(plans: Sequence[Plan], on_patients: bool) -> None:
    """Raises InputError for plans whose models do not take the evidence that is asked for."""
    problems = [
        Problem(f"plan {plan.id}", plan.model, f"one of {', '.join(_calibrated(on_patients))}")
        for plan in plans
        if plan.model not in _calibrated(on_patients)
    ]
    if problems:
        raise InputError("calibrate --patients" if on_patients else "calibrate", problems)


def _calibrated(on_patients: bool) -> list[str]:
    """The models that take patients one by one, or those that take what a paper prints."""
    if on_patients:
        return [name for name, row in MODELS.items() if hasattr(row.load(), "simulate_patients")]
    return [name for name, row in MODELS.items() if not row.patients_only]


def calibrated_by_default(plans: Sequence[Plan], on_patients: bool) -> list[Plan]:
    """The outcome plans whose models take the evidence that is asked for."""
    known = _calibrated(on_patients)
    return [plan for plan in plans if plan.role == "outcome" and plan.model in known]
