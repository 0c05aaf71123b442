"""What is true in a scenario of counts: the risk of the reference arm, and the odds ratio; scenarios from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field, ValidationError

from mgbayes.comparison.tables import Floats, contrast_risk
from mgbayes.comparison.truths import FOLLOWED, HORIZON, TimesTruth, ValuesTruth
from mgbayes.errors import InputError, Problem
from mgbayes.study.load import parse_toml, read_text_file
from mgbayes.study.problems import problems_of
from mgbayes.study.schema import Record

NULL_RISKS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
EFFECT_RISKS = (0.1, 0.25, 0.5, 0.75)
ODDS_RATIOS = (1.5, 2.0, 3.0, 6.0)


@dataclass(frozen=True)
class Scenario:
    """One truth."""

    reference: float
    odds_ratio: float

    @property
    def contrast(self) -> float:
        """The risk of the contrast arm."""
        return float(contrast_risk(np.array(self.reference), np.array(self.odds_ratio)))

    @property
    def label(self) -> str:
        """In words."""
        risks = f"{100 * self.reference:.3g} % v {100 * self.contrast:.3g} %"
        return (
            f"no effect, {risks}" if self.odds_ratio == 1 else f"odds ratio of {self.odds_ratio:g}, {risks}"
        )


class _Counts(Record):
    """A scenario of counts as a user writes it."""

    reference: Annotated[float, Field(gt=0, lt=1, description="The risk of the reference arm.")]
    odds_ratio: Annotated[
        float, Field(gt=0, description="Odds of the contrast arm over those of the reference.")
    ]


def _in_order(followed: tuple[float, float]) -> tuple[float, float]:
    if followed[0] > followed[1]:
        raise ValueError("the shortest follow-up, then the longest")
    return followed


class _Times(Record):
    """A scenario of times, in medians of the reference arm."""

    hazard_ratio: Annotated[float, Field(gt=0)] = 1.0
    shape: Annotated[float, Field(gt=0)] = 1.0
    kind: Literal["throughout", "late", "crossing"] = "throughout"
    cured: Annotated[float, Field(ge=0, lt=1)] = 0.0
    misclassified: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    shorter: bool = False
    effect_sd: Annotated[float, Field(ge=0)] = 0.0
    followed: Annotated[
        tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]], AfterValidator(_in_order)
    ] = FOLLOWED
    horizon: Annotated[float, Field(gt=0)] = HORIZON


class _Values(Record):
    """A scenario of a measured outcome, in SDs of a normal score."""

    effect_size: float = 0.0
    law: Literal["normal", "skewed", "with zeros"] = "normal"
    sd_ratio: Annotated[float, Field(gt=0)] = 1.0
    misclassified: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.5
    effect_sd: Annotated[float, Field(ge=0)] = 0.0


class _File(Record):
    scenarios: tuple[_Counts, ...] = ()
    times: tuple[_Times, ...] = ()
    values: tuple[_Values, ...] = ()


AnyScenario = Scenario | TimesTruth | ValuesTruth
_ADVICE = (
    "Each [[scenarios]] has reference = 0.3 and odds_ratio = 2.0, say; [[times]] hazard_ratio = 0.5 and shape = 1.5; "
    "[[values]] effect_size = -0.5."
)


def read_scenarios(path: str | Path) -> tuple[AnyScenario, ...]:
    """From a TOML file of ``[[scenarios]]``, ``[[times]]``, ``[[values]]``. Raises InputError with every problem."""
    raw: dict[str, Any] = parse_toml(read_text_file(Path(path)), str(path))
    try:
        found = _File.model_validate(raw)
    except ValidationError as error:
        raise InputError(str(path), problems_of(error, raw, _File), _ADVICE) from None
    given: tuple[AnyScenario, ...] = (
        *(Scenario(row.reference, row.odds_ratio) for row in found.scenarios),
        *(TimesTruth(**row.model_dump()) for row in found.times),
        *(ValuesTruth(**row.model_dump()) for row in found.values),
    )
    if not given:
        raise InputError(str(path), [Problem("the file", "no scenario", "one at least")], _ADVICE)
    return given


def problems(scenarios: tuple[AnyScenario, ...]) -> list[Problem]:
    """What is wrong with scenarios that were made in Python, in the words of the file's."""
    kinds: list[tuple[type, str, type[Record]]] = [
        (Scenario, "scenarios", _Counts),
        (TimesTruth, "times", _Times),
        (ValuesTruth, "values", _Values),
    ]
    raw = {
        name: [
            {key: getattr(row, key) for key in read.model_fields} for row in scenarios if type(row) is kind
        ]
        for kind, name, read in kinds
    }
    try:
        _File.model_validate(raw)
    except ValidationError as error:
        return problems_of(error, raw, _File)
    return []


def usual() -> tuple[Scenario, ...]:
    """No effect at several shared risks, and effects either way about each of four risks."""
    none = [Scenario(risk, 1.0) for risk in NULL_RISKS]
    effects = [Scenario(risk, ratio) for ratio in ODDS_RATIOS for risk in EFFECT_RISKS]
    return (*none, *effects)


def arrays(scenarios: tuple[Scenario, ...]) -> tuple[Floats, Floats, Floats]:
    """Risks of both arms and log odds ratios, (scenario,)."""
    return (
        np.array([row.reference for row in scenarios]),
        np.array([row.contrast for row in scenarios]),
        np.log([row.odds_ratio for row in scenarios]),
    )
