"""What is true in a scenario: the risk of the reference arm, and the odds ratio."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError

from mgbayes.comparison.tables import Floats, contrast_risk
from mgbayes.errors import InputError
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


class _Row(Record):
    """A scenario as a user writes it."""

    reference: Annotated[float, Field(gt=0, lt=1, description="The risk of the reference arm.")]
    odds_ratio: Annotated[
        float, Field(gt=0, description="Odds of the contrast arm over those of the reference.")
    ]


class _File(Record):
    scenarios: Annotated[tuple[_Row, ...], Field(min_length=1)]


def read_scenarios(path: str | Path) -> tuple[Scenario, ...]:
    """Scenarios from a TOML file of ``[[scenarios]]``. Raises InputError with every problem."""
    raw: dict[str, Any] = parse_toml(read_text_file(Path(path)), str(path))
    try:
        found = _File.model_validate(raw)
    except ValidationError as error:
        advice = "Each [[scenarios]] has reference = 0.3 and odds_ratio = 2.0, say."
        raise InputError(str(path), problems_of(error, raw, _File), advice) from None
    return tuple(Scenario(row.reference, row.odds_ratio) for row in found.scenarios)


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
