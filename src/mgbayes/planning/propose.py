"""Plans from what a study reports: one for all yes/no outcomes, one for each score, dose or time to an event.

Priors are on the scale of the endpoint and favour neither arm. They may use how long patients were followed and the
spread of what was measured; they never use the difference between the arms.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.models.plan import Plan
from mgbayes.planning.classes import ordinal_plan
from mgbayes.planning.effects import effect_plan
from mgbayes.planning.measured import measured_plan
from mgbayes.planning.medians import median_plan
from mgbayes.planning.missing import Missing
from mgbayes.planning.times import counted_by, time_plan
from mgbayes.planning.yes_no import yes_no_plan
from mgbayes.study.schema import Endpoint, Kind, Study

_NEEDS_PATIENTS = "patient data (--patients): no model takes this kind of outcome from published summaries"


@dataclass(frozen=True)
class Proposals:
    """Plans, and the outcomes that have none with what is missing for each."""

    plans: tuple[Plan, ...]
    missing: tuple[Missing, ...]


def propose_plans(study: Study, endpoints: Collection[str] | None = None) -> tuple[Plan, ...]:
    """A plan for every outcome that the study reports enough about, or for the ``endpoints`` alone.

    Yes/no outcomes share a plan and are analyzed each by itself. A time to an event that is good (``benefit`` is
    "lower": sooner is better) gets a mixture cure model, since some may never have it; one that is bad, proportional
    hazards; a hazard ratio that is reported with its interval is taken instead. The event of a time that has a plan
    gets no second answer from its counts, unless it is named. Nothing is fitted. Raises InputError for an endpoint
    that the study does not have.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "mine"
        >>> files = mb.init(folder)
        >>> [plan.id for plan in mb.propose_plans(mb.load_study(folder / "study.toml"))]
        ['time_to_fall', 'mobility', 'yes_no']
    """
    return proposals(study, endpoints).plans


def proposals(study: Study, endpoints: Collection[str] | None = None) -> Proposals:
    """The same with what is missing for the other outcomes. Raises InputError as ``propose_plans``."""
    chosen = _chosen(study, endpoints)
    proposed = [_of_one(study, endpoint) for endpoint in chosen if endpoint.kind is not Kind.binary]
    plans = [row for row in proposed if isinstance(row, Plan)]
    missing = [row for row in proposed if isinstance(row, Missing)]
    answered = set() if endpoints else {counted_by(study, plan) for plan in plans}
    binary = [row for row in chosen if row.kind is Kind.binary and row.id not in answered]
    counted, uncounted = yes_no_plan(study, binary)
    effects = {row.endpoint: effect_plan(study, study.endpoint(row.endpoint)) for row in uncounted}
    by_effect = [plan for plan in effects.values() if plan is not None]
    without = [row for row in uncounted if effects[row.endpoint] is None]
    return Proposals((*plans, *counted, *by_effect), (*missing, *without))


def _chosen(study: Study, endpoints: Collection[str] | None) -> list[Endpoint]:
    """The outcomes of a study, or those endpoints that are named."""
    if endpoints is None:
        return [endpoint for endpoint in study.endpoints if endpoint.role == "outcome"]
    known = [endpoint.id for endpoint in study.endpoints]
    unknown = [
        Problem("--endpoint", repr(name), one_of(known, name)) for name in endpoints if name not in known
    ]
    if unknown:
        raise InputError(study.id, unknown)
    return [endpoint for endpoint in study.endpoints if endpoint.id in endpoints]


def _of_one(study: Study, endpoint: Endpoint) -> Plan | Missing:
    if endpoint.benefit is None:
        return without_direction(endpoint)
    reported = effect_plan(study, endpoint)
    if reported is not None and endpoint.kind is Kind.time_to_event:
        return reported  # from all times, which counts and follow-up do not tell
    of_patients = _of_summaries(study, endpoint)
    return reported if reported is not None and isinstance(of_patients, Missing) else of_patients


def _of_summaries(study: Study, endpoint: Endpoint) -> Plan | Missing:
    match endpoint.kind:
        case Kind.continuous:
            by_means = measured_plan(study, endpoint)
            return by_means if isinstance(by_means, Plan) else median_plan(study, endpoint)
        case Kind.time_to_event:
            return time_plan(study, endpoint)
        case Kind.ordinal:
            return ordinal_plan(study, endpoint)
        case _:
            return Missing(endpoint.id, _NEEDS_PATIENTS)


def without_direction(endpoint: Endpoint) -> Missing:
    """An outcome of which the study file does not say which direction is better."""
    return Missing(endpoint.id, 'benefit = "higher" or "lower" in the study file: which direction is better')
