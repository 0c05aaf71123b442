"""One fit to be made, the fits that a plan asks for, and the numbers that each takes as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.covariates import adjustments
from mgbayes.inference.patient_evidence import families, from_patients
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import NotPrinted, Plan, PrintedPUse
from mgbayes.study.schema import Alternative, Study

Data = dict[str, np.ndarray]


@dataclass(frozen=True)
class Job:
    """One fit to be made.

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
    def model(self) -> Any:
        """The model of the plan's outcome."""
        return MODELS[self.plan.model].of(self.study, self.plan)

    def declared(self) -> tuple[Estimand, ...]:
        """The estimands of the fit. Raises InputError when the study lacks what the plan needs."""
        estimands: tuple[Estimand, ...] = self.model.declared(evidence_of(self))
        return estimands

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
    known = families(study, plan, patients)
    for family in known:
        yield Job(study, plan, family, patients=patients)
    for adjusted in adjustments(study, plan, patients):
        yield Job(study, plan, known[0], patients=patients, adjusted=adjusted)
    if applies(study, plan):
        yield Job(study, plan, plan.family)


def jobs_on_curves(study: Study, plan: Plan, members: tuple[xr.Dataset, ...]) -> Iterator[Job]:
    """The fits that a plan asks for where curves were digitized; beside them its own family on the print alone."""
    for family in families(study, plan, members[0]):
        yield Job(study, plan, family, members=members)
    if applies(study, plan):
        yield Job(study, plan, plan.family)


def doubts(study: Study, plan: Plan) -> Iterator[Alternative]:
    """Other readings of numbers of a plan's endpoints that may be printed wrongly."""
    endpoints = {part.endpoint for part in plan.endpoints}
    for other in study.alternatives:
        if other.kind == "doubt" and study.claim(other.claim).endpoint in endpoints:
            yield other


def applies(study: Study, plan: Plan, patients: xr.Dataset | None = None) -> bool:
    """Whether a plan is of this study, and this prints what its model needs; with patients, whether these have it."""
    if plan.study not in (None, study.id):
        return False
    known = {endpoint.id for endpoint in study.endpoints}
    if not all(part.endpoint in known for part in plan.endpoints):
        return False
    try:
        if patients is not None:
            from_patients(study, plan, patients, family=families(study, plan, patients)[0])
        else:
            _from_print(study, plan, plan.family)
    except NotPrinted:
        return False
    return True


def _from_print(study: Study, plan: Plan, family: str) -> Data:
    """What a study prints for a family of a plan's model. Raises NotPrinted."""
    row = MODELS[plan.model]
    if family in row.on_patients_only:
        raise NotPrinted(
            plan.endpoints[0].endpoint, f"patients: no paper publishes what the family {family} needs"
        )
    data: Data = row.of(study, plan).from_study(study, plan)
    return data


def evidence_of(job: Job) -> Data:
    """The numbers that a job's model takes from its study or its patients.

    Raises InputError when they are not there.
    """
    with _input_error(job):
        if job.members:
            return from_patients(job.study, job.plan, job.members[0])
        if job.patients is not None:
            return from_patients(job.study, job.plan, job.patients, job.adjusted, job.family)
        return _from_print(job.study, job.plan, job.family)


def bounded_evidence(module: Any, job: Job, data: Data) -> Data:
    """The same numbers with what a printed p says besides. Raises InputError when it cannot be."""
    with _input_error(job):
        return module.with_printed_p(data, job.study, job.printed_p)


@contextmanager
def _input_error(job: Job) -> Iterator[None]:
    try:
        yield
    except NotPrinted as missing:
        given = "not published" if job.patients is None else "not in the spreadsheet"
        problem = Problem(f'endpoint "{missing.endpoint}"', given, missing.needed)
        raise InputError(f"{job.study.id} with plan {job.plan.id}", [problem]) from None
