"""A plan: how one question is analyzed. A TOML file in ``models/`` that a person can copy and change.

Reading a plan needs no sampler; what it says of its model (families, parameters) is held against the
model before anything is compiled.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from mgbayes.errors import InputError, Problem
from mgbayes.models.bias_prior import Confounding
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cuts import Cuts
from mgbayes.models.priors import Form, Prior
from mgbayes.models.sampling import Accept, Sampling
from mgbayes.study.record import optional
from mgbayes.study.schema import Id, Record


class NotPrinted(Exception):
    """The study does not print what a plan's model needs."""

    def __init__(self, endpoint: str, needed: str) -> None:
        self.endpoint = endpoint
        self.needed = needed
        super().__init__(f"{endpoint}: {needed}")


class EndpointAt(Record):
    """An endpoint of the study, at a visit where it has several."""

    endpoint: Id
    visit: Id | None = None
    change_from: Id | None = optional(description="Changes from this visit to `visit` are the outcome.")


class AssumedFollowup(Record):
    """How long patients were followed, where the paper does not say: an assumption, shown as one.

    In the unit of the endpoint. The same for all without an SD.
    """

    mean: Annotated[float, Field(gt=0)]
    sd: Annotated[float, Field(ge=0)] = 0.0
    minimum: Annotated[float, Field(ge=0)] = 0.0
    why: str = Field(min_length=1)


class PriorChoice(Record):
    """The numbers of one prior, and why."""

    form: Form
    values: tuple[float, ...]
    why: str = Field(min_length=1)

    @property
    def prior(self) -> Prior:
        """The prior itself."""
        return Prior(self.form, self.values, self.why)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        fault = self.prior.fault()
        if fault is not None:
            raise ValueError(fault)
        return self


def prior_problem(name: str, form: Form, family: str) -> Problem:
    """That a parameter of a family has no prior."""
    return Problem(
        f"priors → {name}", "nothing", f"a prior of the form {form}: the family {family} has {name}"
    )


class Important(Record):
    """From which value on a benefit matters to a patient.

    ``claim`` names what a paper may print of the same, for a report to set beside the answer.
    """

    estimand: Id
    threshold: float
    why: str = ""
    claim: Id | None = None


class PrintedPUse(Record):
    """A printed p value to condition on (evidence ``published+p``), and the test it is taken to come from.

    Those of one test are used together; each test makes a fit of its own. ``statistic`` is the model's name
    for the p value.
    """

    claim: Id
    test: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._\-]*$", max_length=60)]
    statistic: Id
    arm: Id | None = None
    why: str = ""


class OwnPrior(PriorChoice):
    """A prior of the user's own for an effect, by a name."""

    name: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _of_an_effect(self) -> Self:
        if self.form not in ("normal", "student_t_mixture"):
            raise ValueError(f"a prior of an effect is normal or student_t_mixture, not {self.form}")
        return self


class Sensitivity(Record):
    """One effect whose prior is varied, and the estimand that is watched meanwhile.

    ``expected`` is the ratio that an enthusiast expects: exp(effect), on the side that benefits the contrast
    arm; of an effect that is a difference, ``expected_difference`` in its unit, and ``outcome_sd``, the SD of the
    outcome, which sets how wide the named priors are. ``cohorts`` names the claim whose counts other published
    cohorts predict, where they do. ``priors`` are tried beside the named ones. The estimand is the effect or its
    exponential, so that the prior is the prior of what is watched; ``induced`` says that it is neither, and each
    cell then shows the prior that is induced on it.
    """

    effect: Id
    estimand: Id
    expected: Annotated[float, Field(gt=0)] | None = None
    expected_difference: float | None = None
    outcome_sd: Annotated[float, Field(gt=0)] | None = None
    why: str = Field(min_length=1)
    cohorts: Id | None = None
    induced: bool = False
    priors: tuple[OwnPrior, ...] = ()

    @property
    def is_ratio(self) -> bool:
        """Whether the effect is the log of a ratio; else it is a difference."""
        return self.expected is not None

    @property
    def stated(self) -> tuple[str, float, float]:
        """What is expected as the plan states it: the name of the field, its number, and that of no effect."""
        if self.expected is not None:
            return "expected", self.expected, 1.0
        return "expected_difference", self.expected_difference or 0.0, 0.0

    @property
    def size(self) -> float:
        """The effect that is expected, on the effect's own scale."""
        _, given, _ = self.stated
        return log(given) if self.is_ratio else given

    @property
    def unit(self) -> float:
        """Of a difference, as much as one log odds: √3 / π SDs of the outcome (Chinn 2000, Stat Med 19:3127)."""
        return 1.0 if self.outcome_sd is None else self.outcome_sd * sqrt(3) / pi

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.expected is None) == (self.expected_difference is None):
            raise ValueError("either expected, a ratio, or expected_difference with outcome_sd")
        if (self.expected_difference is None) != (self.outcome_sd is None):
            raise ValueError("expected_difference and outcome_sd stand together")
        if self.expected == 1:
            raise ValueError("a ratio of 1 is no effect: expected is above or below 1")
        if self.expected_difference == 0:
            raise ValueError("a difference of 0 is no effect: expected_difference is above or below 0")
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [row.name for row in self.priors]
        if len(set(names)) < len(names):
            raise ValueError("two priors of one effect have the same name")
        return self


class Decision(Record):
    """How sure one has to be to draw the conclusion, and the estimand that it stands on."""

    estimand: Id
    probability: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


_RULE = re.compile(r"\s*([A-Za-z][\w.\-]*)\s*(?:(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*)?")


@dataclass(frozen=True)
class CovariateRule:
    """A covariate of the patient map by its name, or whether it is on one side of a bound: ``cycles >= 3``."""

    name: str
    relation: str = ""
    bound: float = 0.0

    @classmethod
    def parse(cls, text: str) -> CovariateRule:
        """Raises ValueError."""
        match = _RULE.fullmatch(text)
        if match is None:
            raise ValueError("the name of a covariate, or NAME >= NUMBER (or <=, >, <)")
        name, relation, bound = match.groups()
        return cls(name, relation or "", float(bound or 0))


class OnPatients(Record):
    """What a fit on patients takes besides the arm: baseline covariates of the patient map, and a gamma frailty.

    Each is a fit beside the one without: with the covariates, and with the frailty too. Observed outcomes leave a
    smoother posterior than latent ones, so that ``target_accept`` may be lower than with the print.
    """

    covariates: tuple[str, ...] = ()
    frailty: bool = False
    target_accept: Accept | None = None

    @field_validator("covariates")
    @classmethod
    def _readable(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            CovariateRule.parse(rule)
        if len(set(rules)) < len(rules):
            raise ValueError("each covariate once")
        return rules

    @property
    def rules(self) -> tuple[CovariateRule, ...]:
        """The covariates, read."""
        return tuple(map(CovariateRule.parse, self.covariates))


class Plan(Record):
    """How one question is analyzed."""

    schema_version: Literal[1]
    id: Id
    study: Id | None = Field(
        None, description="The study that the plan was written for; it is refused on any other."
    )
    title: str
    question: str
    model: Id
    family: Id
    alternative_families: tuple[Id, ...] = ()
    role: Literal["outcome", "balance"] = "outcome"
    endpoints: tuple[EndpointAt, ...] = Field(min_length=1)
    pool_overlapping: bool = Field(
        False,
        description="Whether a hierarchical family may pool outcomes in which the same patient can count twice.",
    )
    baseline: Id | None = Field(
        None, description="The visit before treatment; left out, the one at day 0 where others follow it."
    )
    horizons: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (), description="Times at which chances are compared, in the unit of the endpoint."
    )
    restricted_to: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Until when mean times are compared, in the unit of the endpoint."
    )
    cuts: Cuts = Field(
        (), description="Two times at which a piecewise constant hazard changes, in the unit of the endpoint."
    )
    followup: AssumedFollowup | None = Field(
        None, description="Assumed follow-up, where the study does not report it."
    )
    priors: dict[str, PriorChoice] = Field(default_factory=dict)
    important: tuple[Important, ...] = ()
    headline: tuple[Id, ...] = Field((), description="The estimands that the short answer speaks of.")
    readings: str = Field("", description="Why the headline estimands may point different ways.")
    caution: str = Field("", description="What a reader of the results should be warned of.")
    printed_p: tuple[PrintedPUse, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    decision: Decision | None = None
    confounding: Confounding | None = Field(
        None, description="What is assumed of an unmeasured confounder, where arms were not randomized."
    )
    patients: OnPatients = OnPatients()
    sampling: Sampling = Sampling()

    @field_validator("endpoints")
    @classmethod
    def _each_once(cls, endpoints: tuple[EndpointAt, ...]) -> tuple[EndpointAt, ...]:
        if len(set(endpoints)) < len(endpoints):
            raise ValueError("each endpoint once, or once at each visit")
        return endpoints

    @property
    def keys(self) -> tuple[str, ...]:
        """What each endpoint is called in ids: its own id, and the visit where it is named at several."""
        return endpoint_keys([(part.endpoint, part.visit) for part in self.endpoints])

    def effects(self, family: str) -> tuple[str, ...]:
        """The parameters of a family that say how the arms differ."""
        row = MODELS[self.model]
        if family in row.without_effect:
            return ()
        if row.effect_by_endpoint:
            return tuple(f"{row.effect_by_endpoint}_{key}" for key in self.keys)
        return tuple(name for name in row.effects if name in row.parameters[family])

    def varied(self, estimand: str) -> Sensitivity | None:
        """The effect behind an estimand: that which the plan names for it, or its only one."""
        named = next((row for row in self.sensitivity if row.estimand == estimand), None)
        return named or (self.sensitivity[0] if len({row.effect for row in self.sensitivity}) == 1 else None)

    @property
    def rule_probability(self) -> float:
        """The probability of benefit at which the conclusion is drawn; 0.95 where the plan names none."""
        return self.decision.probability if self.decision else Decision.model_fields["probability"].default

    def sampling_of(self, family: str, *, patients: bool) -> Sampling:
        """How the posterior of a family is drawn on patients, or on what is published."""
        sampling = self.sampling.of(family)
        if not patients or self.patients.target_accept is None:
            return sampling
        return sampling.model_copy(update={"target_accept": self.patients.target_accept})

    def needed_priors(self, family: str, adjusted: Sequence[str] = ()) -> dict[str, Form]:
        """The parameters of a family that must have a prior, each with its form of prior.

        ``adjusted`` names what a fit on patients takes besides.
        """
        row = MODELS[self.model]
        parts = (row.parameters[family], *(row.adjustments[name] for name in adjusted))
        single = len(self.endpoints) == 1
        return {
            name: form
            for part in parts
            for name, form in part.items()
            if not (single and name in row.of_several_visits)
        }

    def prior_set(self, family: str, adjusted: Sequence[str] = ()) -> dict[str, Prior]:
        """The priors of a family's parameters; that of a single endpoint's effect where the plan gives it its own.

        Raises InputError where the plan lacks one.
        """
        needed = self.needed_priors(family, adjusted)
        missing = [
            prior_problem(name, form, family) for name, form in needed.items() if name not in self.priors
        ]
        if missing:
            raise InputError(f"plan {self.id}", missing)
        row = MODELS[self.model]
        own = [name for name in self.effects(family) if row.effect_by_endpoint and name in self.priors]
        return {name: self.priors[name].prior for name in (*needed, *own)}

    @property
    def printed_families(self) -> tuple[str, ...]:
        """The families that take what a paper prints, the plan's own first."""
        row = MODELS[self.model]
        return tuple(
            family
            for family in (self.family, *self.alternative_families)
            if family not in row.on_patients_only
        )

    def with_family(self, family: str) -> Plan:
        """The same plan under another family. Raises InputError for one that its model does not have."""
        known = MODELS[self.model].parameters
        if family not in known:
            problem = Problem("family", repr(family), f"one of {', '.join(known)}")
            raise InputError(f"plan {self.id}", [problem])
        return self.model_copy(update={"family": family})

    def threshold(self, estimand: str) -> float | None:
        """From where on a benefit is important, if the plan says so."""
        return next((row.threshold for row in self.important if row.estimand == estimand), None)


def endpoint_keys(endpoints: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """What each endpoint, with its visit or without, is called in ids: with the visit only to tell it apart."""
    times = Counter(endpoint for endpoint, _ in endpoints)
    return tuple(
        f"{endpoint}_{visit}" if visit is not None and times[endpoint] > 1 else endpoint
        for endpoint, visit in endpoints
    )
