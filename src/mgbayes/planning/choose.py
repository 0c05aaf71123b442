"""The plans by which a study is analyzed where none is named: those shipped for it, or else proposed ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mgbayes.errors import InputError
from mgbayes.inference.job import applies, jobs_of
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import shipped_plans
from mgbayes.planning.check import checked_jobs
from mgbayes.planning.missing import Missing, nothing_to_model
from mgbayes.planning.propose import proposals
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Choice:
    """Plans that the study's numbers suffice for, and the outcomes that have none."""

    plans: tuple[Plan, ...]
    missing: tuple[Missing, ...] = ()


def plans_of(study: Study, *, patients: xr.Dataset | None = None, curves: Collection[str] = ()) -> Choice:
    """The shipped plans that were written for the study, or else the plans that its numbers suffice for.

    ``patients`` or ``curves`` (endpoints) may have what the published summaries lack. Raises InputError, with what is
    missing for each outcome, where nothing can be modelled.
    """
    shipped = tuple(plan for plan in shipped_plans() if _suffices(study, plan, patients, curves))
    choice = Choice(shipped) if shipped else proposed(study)
    if not choice.plans:
        raise nothing_to_model(study, choice.missing)
    return choice


def proposed(study: Study, endpoints: Collection[str] | None = None) -> Choice:
    """The proposed plans, each held against its model; what a model finds missing is told as the rest is."""
    proposal = proposals(study, endpoints)
    plans, missing = [], list(proposal.missing)
    for plan in proposal.plans:
        try:
            checked_jobs(study, [plan], partial(jobs_of, study))
        except InputError as error:
            needed = "; ".join(problem.accepted for problem in error.problems)
            missing += [
                Missing(name, needed) for name in dict.fromkeys(part.endpoint for part in plan.endpoints)
            ]
        else:
            plans.append(plan)
    return Choice(tuple(plans), tuple(missing))


def _suffices(study: Study, plan: Plan, patients: xr.Dataset | None, curves: Collection[str]) -> bool:
    """Whether print, patients or curves have what a plan needs, and it was not written for another study."""
    if patients is not None and applies(study, plan, patients):
        return True
    read = plan.study in (None, study.id) and any(part.endpoint in curves for part in plan.endpoints)
    return read or applies(study, plan)
