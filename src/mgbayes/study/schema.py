"""The format of a study file.

A study is what a paper reported, as printed. Numbers are quoted strings: ``"46.80"`` says more
than 46.8 does. Nothing is corrected here; a doubtful number stays as printed and carries a named
alternative, and a number that the paper does not print is left out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mgbayes.study.patient_map import PatientMap
from mgbayes.study.record import LONGEST_NUMBER, Count, Id, Number, Record, is_empty, optional
from mgbayes.study.relations import AtMost, Implies, NoEventAfter
from mgbayes.study.reported import Change, ReportedEffect, Summary
from mgbayes.study.rounding import decimals
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.statistics.p_value import P_VALUE, ReportedP
from mgbayes.study.statistics.quantile_definition import QuantileDefinition, definitions_of

SCHEMA_VERSION = 1
ALL = "all"

PValue = Annotated[
    str,
    StringConstraints(strict=True, pattern=P_VALUE, max_length=LONGEST_NUMBER),
    Field(description='A p value as reported, in quotes: "0.22", "<0.01", ">0.05".'),
]


Direction = Literal["higher", "lower"]
"""Which values are better for a patient."""

DAYS_IN: dict[str, float] = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
"""The units of time, and how many days each has."""


class Kind(StrEnum):
    """What kind of quantity an endpoint is."""

    binary = "binary"
    continuous = "continuous"
    ordinal = "ordinal"
    event_count = "count"
    time_to_event = "time_to_event"


class TestFamily(StrEnum):
    """A test as a methods section names it, before any convention is chosen."""

    __test__ = False  # not for pytest to collect

    t = "t"
    mann_whitney = "mann_whitney"
    signed_rank = "signed_rank"
    chi_square = "chi_square"
    fisher = "fisher"
    mcnemar = "mcnemar"
    log_rank = "log_rank"
    wald = "wald"


class Source(Record):
    """Something that was read."""

    id: Id
    what: str = Field(description="What was read, so that another person finds it.")


class Arm(Record):
    """One group of patients. Contrasts are the other arm against the reference."""

    id: Id
    label: str
    n: Count
    reference: bool = False


class Subgroup(Record):
    """A named part of the patients that is not an arm."""

    id: Id
    label: str
    n: Count | None = None
    within: Id | None = Field(
        None, description="The arm that all of them belong to, where the paper says so."
    )
    rest_of: Id | None = Field(
        None,
        description="The subgroup that these are the rest of: of its arm where that is said, else of all.",
    )


class Visit(Record):
    """A point in time at which the patients were seen."""

    id: Id
    label: str
    days: Number | None = Field(None, description="Days after the start, where the paper says so.")


class Endpoint(Record):
    """A quantity measured on patients."""

    id: Id
    label: str
    kind: Kind
    unit: str = ""
    whole: bool = Field(False, description="Only whole numbers can occur (days, cycles, years).")
    step: Number | None = optional(
        description="What values are multiples of, where that is known or taken to be so: 2.5 for half tablets of 5."
    )
    nonnegative: bool | None = Field(
        None,
        description="No value below zero can occur; if omitted, the published means and SDs decide.",
    )
    benefit: Direction | None = Field(
        None, description="Which direction is better for the patient; left out for baseline facts."
    )
    role: Literal["outcome", "baseline"] = "outcome"
    event: Id | None = Field(None, description="The claim that counts who had the event.")
    times: Id | None = Field(None, description="The claim with the times of those who had the event.")
    followup: Id | None = Field(None, description="The claim with the length of follow-up.")
    minimum_followup: Number | None = Field(None, description="The shortest follow-up allowed.")
    fixed_followup: Number | None = Field(
        None, description="How long every patient was followed, where that is the same for all."
    )
    event_name: str = Field(
        "", description='What happens at the time ("fall"); left out, the label of what `event` counts.'
    )
    confirmed_after: Number | None = Field(
        None,
        description="How long a patient must be followed beyond the time for the event to count, where the "
        "definition of the event asks for it (12 further months without a fall).",
    )
    levels: tuple[str, ...] = Field(
        (), exclude_if=is_empty, description="The levels of an ordinal endpoint, the lowest first."
    )
    overlaps: tuple[Id, ...] = Field(
        (),
        description="Other yes/no endpoints that the same patient can count in by definition (one is part of "
        "another, or implies it).",
    )


class Comparison(Record):
    """What the p value of a claim compares."""

    between: Literal["arms", "groups", "visits"]
    groups: tuple[Id, ...] = Field((), description="The two subgroups, or the group seen twice.")
    visits: tuple[Id, ...] = Field((), description="The first visit and those compared with it.")
    test: TestFamily | None = Field(None, description="The test, where the paper names it here.")
    paired: bool = Field(
        False, description="The two groups are the same patients, or matched pairs (visits always are)."
    )
    larger: Id | None = optional(
        description="The arm that the text says has more of it, or has it later, where the claim's numbers do not "
        "show it.",
    )
    counts_known: bool = Field(
        True, description="false: the paper has not even the size of the group that was compared."
    )

    @property
    def is_paired(self) -> bool:
        """Whether patients are compared with themselves or with their match."""
        return self.paired or self.between == "visits"


class Claim(Record):
    """One printed statement: numbers, and possibly a p value."""

    id: Id
    what: str
    source: tuple[Id, ...] = Field(min_length=1)
    endpoint: Id | None = None
    printed: str | None = Field(None, description="The statement in words, where numbers are not all.")
    summaries: tuple[Summary, ...] = ()
    p: PValue | dict[Id, PValue] | None = Field(
        None, description="As reported; by source where the sources differ."
    )
    comparison: Comparison | None = None
    effects: tuple[ReportedEffect, ...] = Field(
        (), exclude_if=is_empty, description="Ratios and differences between groups, with their intervals."
    )

    @property
    def p_by_source(self) -> dict[str, str]:
        """Each printed p with the sources that print it (empty when none is printed)."""
        if self.p is None:
            return {}
        return dict(self.p) if isinstance(self.p, dict) else {", ".join(self.source): self.p}


class Alternative(Record):
    """A named other reading of a claim's numbers; the printed ones stay as they are."""

    name: Id
    claim: Id
    kind: Literal["doubt", "reading"] = Field(
        description="`doubt`: a suspected misprint. `reading`: another interpretation of an ambiguous statement."
    )
    why: str
    changes: tuple[Change, ...] = Field(min_length=1)


class NamedTest(Record):
    """A test that the methods section names, and for which data."""

    test: TestFamily
    kinds: tuple[Kind, ...] = Field(min_length=1)
    design: Literal["independent", "paired", "either"] = "either"


class Methods(Record):
    """What the methods section says."""

    source: tuple[Id, ...] = ()
    alpha: PValue = "0.05"
    software: str = ""
    tests: tuple[NamedTest, ...] = ()
    quantile_definition: QuantileDefinition | None = optional(
        description="How quartiles were computed; left out, as the software that is named does by default."
    )

    @property
    def quantile_definitions(self) -> tuple[QuantileDefinition, ...]:
        """How quartiles can have been computed: every usual definition where nothing says more."""
        one = self.quantile_definition
        return definitions_of(self.software) if one is None else (one,)


class Study(Record):
    """What a paper reported, as printed.

    Example:
        >>> import mgbayes as mb
        >>> study = mb.load_study("litchman2020")
        >>> study.n, study.contrast.n, len(study.claims)
        (33, '16', 52)
    """

    schema_version: Literal[1]
    id: Id
    title: str
    citation: str
    question: str
    time_zero: str = Field(
        "the start of follow-up", description='What times are counted from: "admission", "surgery".'
    )
    limitations: tuple[str, ...] = Field((), description="Limitations that the paper itself names.")
    randomized: bool = Field(
        False, description="Patients were assigned to the arms by chance, so that confounding is no question."
    )
    sources: tuple[Source, ...] = Field(min_length=1)
    arms: tuple[Arm, ...] = Field(min_length=2, max_length=2)
    subgroups: tuple[Subgroup, ...] = ()
    visits: tuple[Visit, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    methods: Methods = Methods()
    claims: tuple[Claim, ...] = Field(min_length=1)
    alternatives: tuple[Alternative, ...] = ()
    relations: tuple[Implies | AtMost | NoEventAfter, ...] = Field(
        (), exclude_if=is_empty, description="What the definitions of outcomes force in every patient."
    )
    # Says how a spreadsheet is read, not what was printed: no part of the published evidence and its hash.
    patients: PatientMap | None = Field(
        None, exclude=True, description="How a spreadsheet of patients is read."
    )

    @property
    def reference(self) -> Arm:
        """The arm that the other is contrasted with."""
        return next(arm for arm in self.arms if arm.reference)

    @property
    def contrast(self) -> Arm:
        """The arm whose benefit is asked for."""
        return next(arm for arm in self.arms if not arm.reference)

    @property
    def n(self) -> int:
        """Patients in both arms."""
        return sum(int(arm.n) for arm in self.arms)

    @property
    def p_places(self) -> int:
        """The decimals that the paper usually gives its p values."""
        printed = [p for claim in self.claims for p in claim.p_by_source.values()]
        places = [decimals(p) for p in printed if "." in p]
        return max(set(places), key=places.count, default=2)

    def claim(self, claim_id: str) -> Claim:
        """The claim with this id. Raises KeyError when there is none."""
        return _by_id(self.claims, claim_id)

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """The endpoint with this id. Raises KeyError when there is none."""
        return _by_id(self.endpoints, endpoint_id)

    def is_nonnegative(self, endpoint: Endpoint) -> bool:
        """Whether no value of an endpoint lies below zero: as the file declares, or else as the print shows.

        Values below zero occur where a mean is negative, and in a continuous endpoint also where an SD is larger
        than n values of zero or more can have (mean times the root of n).
        """
        if endpoint.nonnegative is not None:
            return endpoint.nonnegative
        return not any(
            self._shows_below_zero(row, endpoint.kind)
            for claim in self.claims
            if claim.endpoint == endpoint.id
            for row in claim.summaries
        )

    def _shows_below_zero(self, row: Summary, kind: Kind) -> bool:
        if row.mean is None or row.change_from is not None:
            return False
        if row.mean.startswith("-"):
            return True
        n = self.group_n(row.group) if row.n is None else int(row.n)
        has_spread = kind is Kind.continuous and row.sd is not None and n is not None
        return has_spread and not MeanSD(row.mean, row.sd or "0", n or 0).has_room()

    def endpoint_of(self, claim: Claim) -> Endpoint | None:
        """The endpoint that a claim speaks of, if it names one."""
        return None if claim.endpoint is None else self.endpoint(claim.endpoint)

    def group_n(self, group: str) -> int | None:
        """How many patients a group has, if that is printed."""
        if group == ALL:
            return self.n
        known = {arm.id: arm.n for arm in self.arms} | {part.id: part.n for part in self.subgroups}
        n = known.get(group)
        return None if n is None else int(n)

    def label(self, group: str) -> str:
        """The name of a group for a reader."""
        if group == ALL:
            return "all"
        labels = {arm.id: arm.label for arm in self.arms}
        labels |= {part.id: part.label for part in self.subgroups}
        return labels[group]

    def parse_p(self, text: str) -> ReportedP:
        """A printed p value, read with the decimals usual in this paper."""
        return ReportedP.parse(text, self.p_places)

    def with_alternative(self, alternative: Alternative) -> Study:
        """The study with one alternative in place of the printed numbers."""
        claim = self.claim(alternative.claim)
        changed = claim
        for change in alternative.changes:
            changed = changed.model_copy(
                update={"summaries": tuple(_apply(change, row) for row in changed.summaries)}
            )
        claims = tuple(changed if row.id == claim.id else row for row in self.claims)
        return self.model_copy(update={"claims": claims})


def _by_id[T: (Claim, Endpoint)](rows: tuple[T, ...], row_id: str) -> T:
    for row in rows:
        if row.id == row_id:
            return row
    raise KeyError(row_id)


def _apply(change: Change, row: Summary) -> Summary:
    if (row.group, row.visit) != (change.group, change.visit):
        return row
    return row.model_copy(update=change.numbers)
