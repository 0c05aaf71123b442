"""What a plan asks about, in the words of its study: name, unit, direction of benefit, visits, horizons.

Models take labels, units and directions from here and from nowhere else, so that a model is of a kind of outcome and
not of a disease.
"""

from __future__ import annotations

from dataclasses import dataclass

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.plan import EndpointAt, Plan
from mgbayes.study.schema import Direction, Endpoint, Kind, Study, Visit


@dataclass(frozen=True)
class Outcome:
    """One endpoint of a plan.

    Attributes:
        endpoint, label, kind, unit: of the endpoint as the study has it.
        benefit: which direction is better for the patient; None where nothing is a benefit.
        nonnegative: whether no value below zero can occur.
        visits: where the plan looks at it, in the plan's order; empty for an endpoint without visits.
        baseline: the visit before treatment, if the plan looks at one.
        event: of a time to an event, what happens ("fall").
        time_zero: what times are counted from ("admission").
        confirmed_after: how long a patient must be followed beyond the time for the event to count, in ``unit``.
        horizons: times at which chances are compared, in ``unit``.
        restricted_to: until when mean times are compared, in ``unit``.
        cuts: where a piecewise constant hazard changes, in ``unit``.
        arms: labels of the reference and the contrast arm.
    """

    endpoint: str
    label: str
    kind: Kind
    unit: str
    benefit: Direction | None
    nonnegative: bool
    visits: tuple[Visit, ...] = ()
    baseline: str | None = None
    event: str = ""
    time_zero: str = ""
    confirmed_after: float = 0.0
    horizons: tuple[float, ...] = ()
    restricted_to: float | None = None
    cuts: tuple[float, ...] = ()
    arms: tuple[str, str] = ("reference", "contrast")

    @property
    def later(self) -> tuple[Visit, ...]:
        """The visits after baseline; all of them where there is no baseline."""
        return tuple(visit for visit in self.visits if visit.id != self.baseline)

    @property
    def opposite(self) -> Direction | None:
        """The direction that is worse for the patient."""
        if self.benefit is None:
            return None
        return "lower" if self.benefit == "higher" else "higher"

    @property
    def event_is_good(self) -> bool | None:
        """Of a time to an event: whether sooner is better, so that the event is good; None where neither is."""
        return None if self.benefit is None else self.benefit == "lower"

    def at(self, time: float) -> str:
        """A time with its unit, for a reader: ``365 days``."""
        return f"{time:g} {self.unit}".strip()


def outcomes_of(study: Study, plan: Plan) -> tuple[Outcome, ...]:
    """The outcomes of a plan, one for each endpoint that it names, with all the visits at which it names it."""
    visits = {visit.id: visit for visit in study.visits}
    named = dict.fromkeys(part.endpoint for part in plan.endpoints)
    return tuple(
        _outcome(
            study,
            plan,
            study.endpoint(name),
            tuple(
                visits[part.visit]
                for part in plan.endpoints
                if part.endpoint == name and part.visit is not None
            ),
        )
        for name in named
    )


def outcome_of(study: Study, plan: Plan) -> Outcome:
    """The outcome of a plan that is about one endpoint: its first."""
    return outcomes_of(study, plan)[0]


def _outcome(study: Study, plan: Plan, endpoint: Endpoint, visits: tuple[Visit, ...]) -> Outcome:
    changes = any(part.change_from for part in plan.endpoints if part.endpoint == endpoint.id)
    return Outcome(
        endpoint=endpoint.id,
        label=f"change in {endpoint.label}" if changes else endpoint.label,
        kind=endpoint.kind,
        unit=endpoint.unit,
        benefit=endpoint.benefit,
        nonnegative=study.is_nonnegative(endpoint) and not changes,
        visits=visits,
        baseline=_baseline(plan, visits),
        event=_event_name(study, endpoint),
        time_zero=study.time_zero,
        confirmed_after=float(endpoint.confirmed_after or 0),
        horizons=plan.horizons,
        restricted_to=plan.restricted_to,
        cuts=plan.cuts,
        arms=(study.reference.label, study.contrast.label),
    )


def _baseline(plan: Plan, visits: tuple[Visit, ...]) -> str | None:
    """The visit before treatment: named by the plan, else the one at day 0, if others follow it."""
    if plan.baseline is not None:
        return plan.baseline
    at_start = [visit.id for visit in visits if visit.days is not None and float(visit.days) == 0]
    return at_start[0] if at_start and len(visits) > 1 else None


def _event_name(study: Study, endpoint: Endpoint) -> str:
    """What happens at the time of a time-to-event endpoint."""
    if endpoint.kind is not Kind.time_to_event:
        return ""
    if endpoint.event_name:
        return endpoint.event_name
    claim = None if endpoint.event is None else study.claim(endpoint.event)
    counted = None if claim is None else study.endpoint_of(claim)
    return endpoint.label if counted is None else counted.label


def parts_of(plan: Plan, estimand: Estimand) -> tuple[EndpointAt, ...]:
    """The endpoints and visits of a plan that an estimand's id names: those it ends with, or else all.

    ``odds_ratio_fall`` is about the endpoint ``fall``, ``mean_difference_12m`` about the visit ``12m``.
    """
    parts = plan.endpoints
    named = {part.endpoint for part in parts if f"_{part.endpoint}_" in f"{estimand.id}_"}
    if named:
        longest = max(named, key=len)
        parts = tuple(part for part in parts if part.endpoint == longest)
    visits = {part.visit for part in parts if part.visit and estimand.id.endswith(f"_{part.visit}")}
    if visits:
        at = max(visits, key=len)
        parts = tuple(part for part in parts if part.visit == at)
    return parts
