"""The main job: verify the claims, fit the plans, write the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mgbayes.models.plan import Plan
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.results import Results
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from mgbayes.verification.ledger import verify

if TYPE_CHECKING:
    import xarray as xr

    from mgbayes.inference.job import Job
    from mgbayes.planning.missing import Missing


@on_a_bar
def reanalyze(
    study: Study | str,
    out: str | Path | None = None,
    *,
    plans: Sequence[Plan] | None = None,
    patients: xr.Dataset | None = None,
    curves: Mapping[str, tuple[xr.Dataset, ...]] | None = None,
    search: bool = True,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = quiet,
) -> Results:
    """Re-analyze a study; where a folder ``out`` is named, write the report to it.

    Args:
        study: a study, or what ``load_study`` takes.
        out: the folder of the report; nothing is written without one.
        plans: those shipped for the study by default or, where there are none, those that ``propose_plans`` makes.
        patients: from ``read_patients``; each plan is fitted to them and, for comparison, to the published summaries.
        curves: by endpoint, imputations (from ``read_imputations``) over which the plans of that endpoint are pooled.
        search: whether data sets are searched where a test needs the patients.
        cores: processes and chains that run side by side.
        use_cache: whether finished work is read from the cache and added to it.
        say: called with the stage and its detail as work goes on; a bar by default.

    A fit that fails its diagnostics is part of the result, without estimands. Raises InputError, before anything is
    written, when the input is not usable or nothing can be modelled.

    Example:
        >>> import mgbayes as mb
        >>> results = mb.reanalyze("litchman2020", plans=[mb.load_plan("binary")], search=False)
        >>> results.to_dataframe()["estimand"].tolist()[0]
        'odds_ratio_pis_mm'
    """
    from mgbayes.files import check_folder
    from mgbayes.inference.fit_all import fit_all
    from mgbayes.report.results import about
    from mgbayes.report.write import write

    if isinstance(study, str):
        study = load_study(study)
    if out is not None:
        check_folder(out)
    jobs, missing = _jobs_and_missing(study, plans, patients, curves or {})
    say("verifying and fitting", f"{len(jobs)} fits, {cores} at a time")
    fits, ledger = fit_all(
        jobs,
        cores=cores,
        use_cache=use_cache,
        say=lambda detail: say("fitting", detail),
        meanwhile=partial(verify, study, search=search, use_cache=use_cache, say=quiet),
    )
    shown = None if patients is None else about(patients)
    result = Results(study, ledger, tuple(fits), patients=shown, not_modelled=missing)
    if out is not None:
        write(result, Path(out), lambda detail: say("writing", detail))
    return result


def _jobs_and_missing(
    study: Study,
    plans: Sequence[Plan] | None,
    patients: xr.Dataset | None,
    curves: Mapping[str, tuple[xr.Dataset, ...]],
) -> tuple[Sequence[Job], tuple[Missing, ...]]:
    """The fits to be made, and the outcomes that none is made for.

    Raises InputError for what a study lacks, and for a prior of the bias of something that a model does not have.
    """
    from mgbayes.planning.check import checked_jobs
    from mgbayes.planning.choose import Choice, plans_of
    from mgbayes.robustness.bias import check_bias_prior

    named = plans is not None
    choice = plans_of(study, patients=patients, curves=curves) if plans is None else Choice(tuple(plans))
    jobs = checked_jobs(study, choice.plans, lambda plan: _jobs_of(study, plan, patients, curves, named))
    for job in {job.plan.id: job for job in jobs if job.plan.confounding}.values():
        check_bias_prior(job.plan, job.declared())
    return jobs, choice.missing


def _jobs_of(
    study: Study,
    plan: Plan,
    patients: xr.Dataset | None,
    curves: Mapping[str, tuple[xr.Dataset, ...]],
    named: bool,
) -> Iterator[Job]:
    """The fits of one plan: on patients, on curves, or on the published summaries alone.

    A plan that was ``named`` is fitted to the patients or told what they lack, unless small cells were left out.
    """
    from mgbayes.inference.job import applies, jobs_of, jobs_on_curves, jobs_on_patients

    imputations = next((curves[part.endpoint] for part in plan.endpoints if part.endpoint in curves), ())
    if patients is not None:
        required = named and "masked_below" not in patients.attrs
        if required or applies(study, plan, patients):
            yield from jobs_on_patients(study, plan, patients)
            return
    yield from jobs_on_curves(study, plan, imputations) if imputations else jobs_of(study, plan)
