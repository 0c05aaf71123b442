"""One fit as a value, for a notebook: nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import xarray as xr

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan, PrintedPUse
from mgbayes.models.plan_file import load_plan, shipped_plans, with_priors
from mgbayes.planning.check import checked_jobs
from mgbayes.planning.choose import proposed
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study


@on_a_bar
def fit(
    study: Study | str,
    plan: Plan | str,
    *,
    family: str | None = None,
    priors: Mapping[str, Sequence[float]] | None = None,
    printed_p: str | None = None,
    alternative: str | None = None,
    patients: xr.Dataset | None = None,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = quiet,
) -> Fit:
    """Fit one model of one outcome.

    Args:
        study: a study, or what ``load_study`` takes.
        plan: a plan; or the id of one that is shipped for the study or that ``propose_plans`` makes of it; or a path.
        family: one of the model's families; the plan's own by default.
        priors: by parameter, other numbers for the plan's prior of the same form.
        printed_p: the test whose reported p is evidence too; one that the plan's ``printed_p`` names.
        alternative: a suspected misprint of the study file, whose number is used instead.
        patients: from ``read_patients``; the evidence is then their values, and no published number.
        cores: chains that run side by side.
        use_cache: whether a finished fit is read from the cache, and a new one added to it.
        say: called with the title and the stage as work goes on; a bar by default.

    Returns:
        The fit, with ``summary()``, ``tree`` (ArviZ's groups), ``model`` (the PyMC model) and ``diagnostics``. One
        that failed its diagnostics has no estimands.

    Raises:
        InputError: with every problem, before anything is compiled.

    Example:
        >>> import mgbayes as mb
        >>> skeptical = mb.fit("litchman2020", "binary", priors={"log_odds_ratio_pis_mm": (0.0, 0.1)})
        >>> bool(0.5 < skeptical.summary().loc["odds_ratio_pis_mm", "p_benefit"] < 0.6)
        True
    """
    read = study if isinstance(study, Study) else load_study(study)
    chosen = plan if isinstance(plan, Plan) else _plan_named(read, plan)
    if priors:
        chosen = with_priors(chosen, priors)
    if family is not None:
        chosen = chosen.with_family(family)
    uses = _uses(chosen, printed_p)
    if alternative is not None:
        read = _read_otherwise(read, alternative)
    job = Job(read, chosen, chosen.family, uses, alternative, patients=patients)
    checked_jobs(read, [chosen], lambda _: [job])
    return Fitter(cores=cores, use_cache=use_cache, say=partial(say, f"{job.title}:")).fit(job)


def _plan_named(study: Study, name: str) -> Plan:
    """A plan shipped for the study or proposed for it, by its id, or a file. Raises InputError with what is near."""
    own = [plan for plan in shipped_plans() if plan.study in (None, study.id)]
    plans = {plan.id: plan for plan in own or proposed(study).plans}
    if name in plans:
        return plans[name]
    if Path(name).suffix == ".toml":
        return load_plan(name)
    accepted = (
        f"{one_of(list(plans), name, none='nothing: the study has no plan')}, or the path of a plan file"
    )
    raise InputError(f"fit of {study.id}", [Problem("plan", repr(name), accepted)])


def _uses(plan: Plan, test: str | None) -> tuple[PrintedPUse, ...]:
    uses = tuple(use for use in plan.printed_p if use.test == test)
    if test is None or uses:
        return uses
    tests = list(dict.fromkeys(use.test for use in plan.printed_p))
    accepted = one_of(tests, test, none="nothing: the plan names no reported p")
    raise InputError(f"plan {plan.id}", [Problem("printed_p", repr(test), accepted)])


def _read_otherwise(study: Study, name: str) -> Study:
    for other in study.alternatives:
        if other.name == name:
            return study.with_alternative(other)
    names = [other.name for other in study.alternatives]
    accepted = one_of(names, name, none="nothing: the study file has no alternative")
    raise InputError(study.id, [Problem("alternative", repr(name), accepted)])
