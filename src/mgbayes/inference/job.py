"""One fit to be made, with the numbers that it takes as evidence, and the fits that a plan asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.patient_evidence import adjustments, from_patients
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Evidence
from mgbayes.models.model import Model
from mgbayes.models.plan import NotPrinted, Plan, PrintedPUse
from mgbayes.study.schema import Alternative, Study


@dataclass(frozen=True)
class Job:
    """One fit to be made. It holds its model and its ``data``, found once, also in other processes.

    ``start`` is the plan that the compiled model is built with, where it is to serve other priors of the same
    forms: chains start from the priors of the build, so that draws do not hang on which fit came first. With
    ``patients`` their own outcomes are the evidence, and nothing that is printed; ``adjusted`` names what the plan
    takes of them besides. With ``members`` (data sets that digitized curves allow) the fit integrates over these.
    """

    study: Study
    plan: Plan
    family: str
    printed_p: tuple[PrintedPUse, ...] = ()
    alternative: str | None = None
    start: Plan | None = None
    patients: xr.Dataset | None = None
    adjusted: tuple[str, ...] = ()
    members: tuple[xr.Dataset, ...] = ()

    @property
    def model(self) -> Model:
        """The model of the plan's outcome."""
        return MODELS[self.plan.model].of(self.study, self.plan)

    @property
    def data(self) -> Evidence:
        """What the model takes from the study or its patients. Raises InputError when it is not there."""
        with self._input_error():
            return self._found

    def with_printed_p(self) -> Evidence:
        """The same with what a reported p says besides. Raises InputError when it cannot be."""
        with self._input_error():
            return self.model.with_printed_p(self.data, self.study, self.printed_p)

    @property
    def has_data(self) -> bool:
        """Whether the study, or its patients, have what the model takes."""
        try:
            return self._found is not None
        except NotPrinted:
            return False

    @cached_property
    def _found(self) -> Evidence:
        patients = self.members[0] if self.members else self.patients
        if patients is not None:
            return from_patients(self.study, self.plan, patients, self.adjusted, self.family)
        row = MODELS[self.plan.model]
        if self.family in row.on_patients_only:
            raise NotPrinted(
                self.plan.endpoints[0].endpoint,
                f"patients: no paper publishes what the family {self.family} needs",
            )
        return self.model.from_study(self.study, self.plan)

    @contextmanager
    def _input_error(self) -> Iterator[None]:
        try:
            yield
        except NotPrinted as missing:
            given = "not published" if self.patients is None else "not in the spreadsheet"
            problem = Problem(f'endpoint "{missing.endpoint}"', given, missing.needed)
            raise InputError(f"{self.study.id} with plan {self.plan.id}", [problem]) from None

    def declared(self) -> tuple[Estimand, ...]:
        """The estimands of the fit. Raises InputError when the study lacks what the plan needs."""
        return self.model.declared(self.data)

    @property
    def evidence(self) -> str:
        """What the fit is conditioned on."""
        if self.members:
            return "km"
        if self.patients is not None:
            return "patients"
        return "published+p" if self.printed_p else "published"

    @property
    def title(self) -> str:
        """What a progress bar says of it."""
        used = f", reported p ({self.printed_p[0].test})" if self.printed_p else ""
        read = f", {self.alternative}" if self.alternative else ""
        besides = f", with {' and '.join(self.adjusted)}" if self.adjusted else ""
        return f"{self.plan.title}, {self.family}{used}{read}{besides}"


def jobs_of(study: Study, plan: Plan) -> Iterator[Job]:
    """The fits that a plan asks for.

    Its family; the same given each kind of printed p; the other families; and every family once more for each
    suspected misprint of its endpoints, with the number that the study file gives instead.
    """
    yield Job(study, plan, plan.family)
    for test in dict.fromkeys(use.test for use in plan.printed_p):
        uses = tuple(use for use in plan.printed_p if use.test == test)
        yield Job(study, plan, plan.family, uses)
    for family in plan.printed_families:
        if family != plan.family:
            yield Job(study, plan, family)
    for other in doubts(study, plan):
        for family in dict.fromkeys((plan.family, *plan.printed_families)):
            yield Job(study.with_alternative(other), plan, family, alternative=other.name)


def jobs_on_patients(study: Study, plan: Plan, patients: xr.Dataset) -> Iterator[Job]:
    """The fits that a plan asks for where there are patients: each of its families that takes them.

    Beside them the first of these adjusted as the plan says and, where the study prints what the plan needs, the
    plan's own family on the print alone. Raises InputError for covariates that nobody knows.
    """
    jobs = _that_take_them(Job(study, plan, plan.family, patients=patients))
    yield from jobs
    for adjusted in adjustments(study, plan, patients):
        yield replace(jobs[0], adjusted=adjusted)
    yield from _on_the_print(study, plan)


def jobs_on_curves(study: Study, plan: Plan, members: tuple[xr.Dataset, ...]) -> Iterator[Job]:
    """The fits that a plan asks for where curves were digitized; beside them its own family on the print alone."""
    yield from _that_take_them(Job(study, plan, plan.family, members=members))
    yield from _on_the_print(study, plan)


def _that_take_them(own: Job) -> list[Job]:
    """A plan's fits on patients by the families that take them; its own where none does, to say what is missing."""
    families = (own.plan.family, *own.plan.alternative_families)
    jobs = [own if family == own.family else replace(own, family=family) for family in families]
    published_only = MODELS[own.plan.model].from_print_only
    if not published_only:
        return jobs
    return [job for job in jobs if job.family not in published_only and job.has_data] or [own]


def _on_the_print(study: Study, plan: Plan) -> Iterator[Job]:
    """A plan's own fit on the published numbers, where they have what it needs."""
    job = Job(study, plan, plan.family)
    if _is_of(study, plan) and job.has_data:
        yield job


def doubts(study: Study, plan: Plan) -> Iterator[Alternative]:
    """Other readings of numbers of a plan's endpoints that may be printed wrongly."""
    endpoints = {part.endpoint for part in plan.endpoints}
    for other in study.alternatives:
        if other.kind == "doubt" and study.claim(other.claim).endpoint in endpoints:
            yield other


def applies(study: Study, plan: Plan, patients: xr.Dataset | None = None) -> bool:
    """Whether a plan is of this study, and this prints what its model needs; with patients, whether these have it."""
    if not _is_of(study, plan):
        return False
    own = Job(study, plan, plan.family, patients=patients)
    return own.has_data if patients is None else _that_take_them(own)[0].has_data


def _is_of(study: Study, plan: Plan) -> bool:
    """Whether a plan is of this study and of endpoints that it has."""
    known = {endpoint.id for endpoint in study.endpoints}
    return plan.study in (None, study.id) and all(part.endpoint in known for part in plan.endpoints)
