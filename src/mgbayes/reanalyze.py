"""The main job: verify the claims, fit the plans, write the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mgbayes.models.plan import Plan, shipped_plans
from mgbayes.report.results import Reanalysis
from mgbayes.study.schema import Study
from mgbayes.verify.ledger import verify

Say = Callable[[str, str], None]


def reanalyze(
    study: Study,
    out: Path,
    *,
    plans: Sequence[Plan] | None = None,
    search: bool = True,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = lambda stage, detail: None,
) -> Reanalysis:
    """Re-analyze a study and write the report to ``out``.

    ``plans`` defaults to those shipped plans whose endpoints the study has. ``say`` is told the stage
    and its detail as work goes on. Raises InputError before anything is written when the input is not
    usable; a fit that fails its diagnostics is part of the result, without estimands.
    """
    from mgbayes.inference.fit_all import fit_all
    from mgbayes.inference.run import applies, jobs_of
    from mgbayes.report.write import check_folder, write

    check_folder(out)
    chosen = [plan for plan in shipped_plans() if applies(study, plan)] if plans is None else list(plans)
    jobs = [job for plan in chosen for job in jobs_of(study, plan)]
    say("verifying and fitting", f"{len(jobs)} fits, {cores} at a time")
    fits, ledger = fit_all(
        jobs,
        cores=cores,
        use_cache=use_cache,
        say=lambda detail: say("fitting", detail),
        meanwhile=partial(verify, study, search=search, use_cache=use_cache),
    )
    result = Reanalysis(study, ledger, tuple(fits))
    write(result, out, lambda detail: say("writing", detail))
    return result
