"""Evidence: the numbers that a model is given, one frozen class for each kind of outcome and where it comes from.

Published summaries and patients of the same outcome are two classes; imputations of a curve are patients. Shapes:
A = 2 arms, the reference first; L patients of the larger arm, the smaller one padded; V visits; K covariates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(Mapping[str, Any]):
    """Arrays by the names that a model has for them; what there is none of is None, and not among them.

    ``row`` (A, L) says which row of the spreadsheet a patient is, 0 in padding.
    """

    row: Array | None = None

    def __getitem__(self, name: str) -> Any:
        """An array. Raises KeyError where there is none."""
        value = self.__dict__.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        """The names of the arrays."""
        return (field.name for field in fields(self) if self.__dict__[field.name] is not None)

    def __len__(self) -> int:
        """How many arrays there are."""
        return sum(1 for _ in self)

    def __or__(self, other: Mapping[str, Any]) -> Self:
        """The same with other arrays in the place of these."""
        return replace(self, **other)

    @property
    def patients_used(self) -> int:
        """How many patients of a spreadsheet enter: of several endpoints, who has at least one."""
        return 0 if self.row is None else int((self.row > 0).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class YesNo(Evidence):
    """Counts and patients (endpoint, A) of yes/no endpoints, with name, label, benefit and its sign (endpoint,).

    Of patients, ``yes_or_no`` (endpoint, A, L) is 1, 0 or nan where it is not known.
    """

    endpoint: Array
    endpoint_label: Array
    benefit: Array
    sign: Array
    count: Array
    patients: Array
    yes_or_no: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed(Evidence):
    """Patients n (A,) and their follow-up (``distributions.followup``): all that a simulated cohort needs."""

    n: Array | None = None
    followup: Array | None = None
    followup_days: Array | None = None
    followup_weights: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Times(Followed):
    """Times to an event: events (A,); mean and SD of the times of each arm or of both together (G,).

    What a fit to patients is adjusted for: covariates (A, L, K), centred, 0 in padding; the points (M, K) and weights
    (M,) over which a cohort is averaged; their names and labels, and why others were left out; and a frailty.
    """

    events: Array | None = None
    time_mean: Array | None = None
    time_sd: Array | None = None
    cuts: Array | None = None
    """Of a piecewise hazard: two times, and the width of the change around each."""
    covariates: Array | None = None
    covariate_points: Array | None = None
    covariate_weights: Array | None = None
    covariate_name: Array | None = None
    covariate_label: Array | None = None
    covariate_left_out: Array | None = None
    frailty: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedTimes(Times):
    """Times known by mean and SD, or else by quantiles.

    times_printed (G,) says whether mean and SD are; timed (A,) are the events whose times are, and slot their labels.
    Of quantiles: definition (D,); time_probability (A, m); the rest as ``latent.quantile_times.arrangement`` has it.
    """

    timed: Array
    times_printed: Array
    slot: Array
    definition: Array | None = None
    time_probability: Array | None = None
    time_quantile: Array | None = None
    time_weight: Array | None = None
    time_below: Array | None = None
    time_above: Array | None = None
    time_ways: Array | None = None
    time_near: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientTimes(Times):
    """Times of patients, each (A, L).

    A time is known (an event at t, or none by t), or an event lies between two visits at l and u.
    """

    time: Array
    event: Array
    present: Array
    between: Array
    lower: Array
    upper: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments(Evidence):
    """Patients (A,), means and SDs (A, V) of a continuous outcome.

    Of several visits, ``bounds`` (A, pair, 2) of the sample correlations, or ``sample_vine`` (A, pair) where they are
    published.
    """

    n: Array
    printed_mean: Array
    printed_sd: Array
    bounds: Array | None = None
    sample_vine: Array | None = None

    @property
    def pooled_baseline(self) -> float:
        """The mean baseline of both arms."""
        return float(np.average(self.printed_mean[:, 0], weights=self.n))


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientValues(Evidence):
    """Values (A, L, V) of a continuous outcome, 1 where there is none; ``seen`` says where, if not at all visits.

    Beside them their means and SDs, and how many are at zero (A, V).
    """

    n: Array
    value: Array
    seen: Array | None = None
    printed_mean: Array | None = None
    printed_sd: Array | None = None
    zeros: Array | None = None

    @property
    def pooled_baseline(self) -> float:
        """The mean baseline of both arms."""
        if self.seen is not None:
            return float(np.average(self.value[..., 0], weights=self.seen[..., 0]))
        return float(np.concatenate([of[:n, 0] for of, n in zip(self.value, self.n, strict=True)]).mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedClasses(Evidence):
    """Ordered classes, the lowest first: patients n (A,), the names of the classes, and a label for each patient."""

    n: Array
    level: Array
    slot: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassCounts(PublishedClasses):
    """Patients in each class, (A, class)."""

    count: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class MedianClasses(PublishedClasses):
    """The rank of the median (A, V) from 0, half-way between two where it is said so.

    For its probability: term (t, 2), arm and visit; low and high (t, class), ones; real and imaginary (t, root).
    """

    middle: Array
    term: Array | None = None
    low: Array | None = None
    high: Array | None = None
    real: Array | None = None
    imaginary: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientClasses(Evidence):
    """Classes of patients by visit, as ``models.ordinal.patients`` codes them, and the names of the classes."""

    answer: Array
    patterns: Array
    pattern: Array
    level: Array | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientCounts(Evidence):
    """Events, years over which they were counted, and 1 for a patient, each (A, L)."""

    count: Array
    years: Array
    present: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientOutcomes(Followed):
    """Two times and a continuous outcome of the same patients; each part as the class of its own has it."""

    cure_time: Array
    cure_event: Array
    cure_present: Array
    cure_between: Array
    cure_lower: Array
    cure_upper: Array
    hazard_time: Array
    hazard_event: Array
    hazard_present: Array
    hazard_between: Array
    hazard_lower: Array
    hazard_upper: Array
    value: Array
    value_known: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantilesByArm(Evidence):
    """Quantiles (A, m) at probabilities (m,) of n patients (A,); 1 where one is ``reported`` (A, m).

    rounding (A, m, 2) is from where to where it is reported so; definition, those of a quantile that are possible.
    """

    n: Array
    probability: Array
    quantile: Array
    reported: Array
    rounding: Array
    definition: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeQuantiles(QuantilesByArm):
    """Quantiles of whole numbers, with all that these can be.

    whole (A, rank, position, way), the order statistics behind the quantiles at each of the definitions' positions;
    rank, theirs (A, rank, position), the last repeated where there are fewer; possible (A, position, way), 1 where
    the whole numbers are a way.
    """

    whole: Array
    rank: Array
    possible: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportedEffect(Evidence):
    """A reported effect: its measure, the numbers as text, the level of its interval (each of one or three).

    estimate and standard_error on the scale of the error; the pooled variance; all tables of counts that are reported
    so (table, A); patients n (A,).
    """

    measure: Array
    text: Array
    level: Array
    estimate: Array
    standard_error: Array
    variance: Array
    table: Array
    n: Array
