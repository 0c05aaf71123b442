"""What methods say of many simulated studies at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mgbayes.comparison.tables import Floats
from mgbayes.frequentist.result import Estimate, Result
from mgbayes.frequentist.wald import wald as normal_test


@dataclass(frozen=True)
class Answers:
    """Of each study, (study,): NaN throughout where a method gives no answer.

    ``p`` of two sides; ``side``: 1 where the contrast arm has the higher values or hazard, -1 the lower, else 0; an
    estimate with its 95 % limits where the method has one; ``pareto_k``: of a posterior by importance sampling.
    """

    p: Floats
    side: Floats
    estimate: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None
    pareto_k: Floats | None = None

    def with_study(self, i: int, other: Answers) -> None:
        """Put what another calculation says of study i alone in its place."""
        for mine, value in zip(vars(self).values(), vars(other).values(), strict=True):
            if mine is not None:
                mine[i] = value[0]

    @classmethod
    def of(cls, result: Result) -> Answers:
        """A test's results, with its estimate where it has an interval."""
        it = result.estimate or Estimate("", None)
        return cls(result.p, result.side, it.value, it.low, it.high)


@dataclass(frozen=True)
class Method:
    """A method: its label, what it does with many studies, and whether it estimates the effect of the scenarios.

    ``symmetric``: whether it favours neither arm before the data.
    """

    label: str
    answer: Callable[[Any], Answers]
    estimates_effect: bool = False
    bayesian: bool = False
    symmetric: bool = True


def wald(estimate: Floats, error: Floats) -> Answers:
    """Normal test and interval; none where the standard error is not finite, or zero."""
    return Answers.of(normal_test("", estimate, error))
