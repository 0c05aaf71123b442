"""The numbers of a claim in a study file, in the words of papers."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from mgbayes.study.record import LONGEST_ID, LONGEST_NUMBER, Count, Id, Number, Record, optional
from mgbayes.study.rounding import NUMBER
from mgbayes.study.statistics.ratios import Effect, Measure
from mgbayes.study.statistics.statistic import NOT_REACHED

LIMIT = NUMBER.removesuffix("$") + rf"$|^{NOT_REACHED}$"
PROBABILITY = r"^0?\.\d+$"

Value = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=LONGEST_ID),
    Field(description="A number as published, in quotes; of an ordinal endpoint, also one of its levels."),
]
Limit = Annotated[
    str,
    StringConstraints(strict=True, pattern=LIMIT, max_length=LONGEST_NUMBER),
    Field(description=f'A number as published, in quotes, or "{NOT_REACHED}".'),
]
Probability = Annotated[str, StringConstraints(pattern=PROBABILITY, max_length=LONGEST_NUMBER)]


class ReportedNumbers(Record):
    """The numbers that a paper can report of one endpoint in one group, in the words of papers."""

    n: Count | None = Field(None, description="Patients behind the number, where not the whole group.")
    count: Count | None = None
    percent: Number | None = None
    mean: Number | None = None
    sd: Number | None = None
    median: Value | None = None
    range: tuple[Value, Value] | None = Field(None, description="The least and the largest value.")
    iqr: tuple[Value, Value] | None = optional(description="The first and the third quartile.")
    quantiles: dict[Probability, Value] | None = optional(
        description='Any other quantile by its probability: { "0.1" = "12" }.'
    )
    se: Number | None = optional(description="The standard error of the mean.")
    ci: tuple[Limit, Limit] | None = optional(
        description="The confidence interval of the mean, of the survival or of the median survival."
    )
    ci_level: Number | None = optional(description="Of the confidence interval, in percent; 95 if not said.")
    survival: Number | None = optional(
        description="Percent without the event by Kaplan and Meier, at the time `at`."
    )
    at_risk: Count | None = optional(description="The number at risk at the time `at`.")
    median_survival: Limit | None = optional(
        description='The time by which half had the event by Kaplan and Meier, or "not reached".'
    )


class Place(Record):
    """Of whom, when and of what the numbers are."""

    group: Id = Field(description='An arm, a subgroup, or "all".')
    visit: Id | None = None
    level: str | None = Field(None, description="The category counted, where it is not the event.")
    change_from: Id | None = optional(
        description="The numbers are of each patient's change from this visit to `visit`."
    )
    at: Number | None = optional(
        description="The time of a survival or of a number at risk, in the endpoint's unit."
    )


class Summary(ReportedNumbers, Place):
    """Reported numbers of one endpoint in one group of patients at one visit."""

    @model_validator(mode="after")
    def _whole_statement(self) -> Self:
        spread = (self.sd, self.se, self.ci, self.iqr, self.range)
        if self.mean is not None and all(part is None for part in spread):
            raise ValueError("a mean and its sd stand together (or its se, its ci, the iqr or the range)")
        if self.mean is None and (self.sd is not None or self.se is not None):
            raise ValueError("a mean and its sd stand together; so do a mean and its se")
        if self.ci is not None and (self.mean, self.survival, self.median_survival).count(None) != 2:
            raise ValueError("a ci comes with one of mean, survival and median_survival")
        if self.at is None and (self.survival is not None or self.at_risk is not None):
            raise ValueError("a survival and a number at risk stand with their time, at")
        return self


class ChangedPlace(Record):
    """The summary that is read otherwise."""

    group: Id
    visit: Id | None = None


class Change(ReportedNumbers, ChangedPlace):
    """Some numbers of one summary, read otherwise."""

    median: Value | None = optional()
    range: tuple[Value, Value] | None = optional()

    @property
    def numbers(self) -> dict[str, Any]:
        """The fields that are read otherwise, with their other value."""
        return self.model_dump(exclude={"group", "visit"}, exclude_none=True)


class ReportedEffect(Record):
    """An effect between two groups: one measure, and its confidence interval where that is reported."""

    hr: Number | None = Field(None, description="Hazard ratio.")
    odds_ratio: Number | None = None
    risk_ratio: Number | None = None
    rate_ratio: Number | None = None
    mean_ratio: Number | None = None
    mean_difference: Number | None = None
    risk_difference: Number | None = Field(None, description="In percent.")
    ci: tuple[Number, Number] | None = None
    ci_level: Number = Field("95", description="Of the confidence interval, in percent.")
    of: Id | None = Field(
        None, description="The group in the numerator; left out, the arm that is no reference."
    )
    versus: Id | None = Field(None, description="The group it is compared with; left out, the reference arm.")
    visit: Id | None = None
    adjusted: bool | None = Field(
        None,
        description="Whether other variables were in the analysis; left out where the paper does not say.",
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if len(self._reported) != 1:
            raise ValueError("one of " + ", ".join(Measure))
        return self

    @property
    def _reported(self) -> list[tuple[Measure, str]]:
        texts = [(measure, getattr(self, measure)) for measure in Measure]
        return [(measure, text) for measure, text in texts if text is not None]

    @property
    def wording(self) -> str:
        """The effect as a paper has it."""
        return f"{'adjusted ' * (self.adjusted is True)}{self.statistic.wording}"

    @property
    def statistic(self) -> Effect:
        """The effect as a statistic."""
        ((measure, text),) = self._reported
        low, high = self.ci or (None, None)
        return Effect(measure, text, low, high, self.ci_level)
