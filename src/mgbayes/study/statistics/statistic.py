"""What every published statistic knows: its numbers, their rounding, and its value in a sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mgbayes.study.rounding import ExactInterval, exact_interval


@dataclass(frozen=True)
class Number:
    """One number of a statistic: what it is ("mean"), and its text as reported ("46.8").

    A count of patients is exact; all else was rounded or cut off. ``under`` is the key of a study file where it is
    not the name.
    """

    name: str
    text: str
    exact: bool = False
    under: str = ""

    @property
    def key(self) -> str:
        """The key of a study file that it stands under."""
        return self.under or self.name

    @property
    def interval(self) -> ExactInterval:
        """Every value that is reported so."""
        return (
            ExactInterval(Fraction(self.text), Fraction(self.text))
            if self.exact
            else exact_interval(self.text)
        )

    @property
    def value(self) -> float:
        """The number as it stands."""
        return float(self.text)


@dataclass(frozen=True)
class Support:
    """The values that an outcome can have: whole numbers only or any, between two ends."""

    whole: bool = False
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def nonnegative(self) -> bool:
        """Whether no value lies below zero."""
        return self.low >= 0


NOT_REACHED = "not reached"
"""What stands for a median survival, or a limit of it, beyond the longest follow-up."""


@dataclass(frozen=True)
class Fault:
    """A number that no patients can have: its key in a study file, what was given and what is accepted."""

    key: str
    given: str
    accepted: str


class PublishedStatistic(ABC):
    """What a paper reports of one outcome in one group of patients."""

    @property
    @abstractmethod
    def numbers(self) -> tuple[Number, ...]:
        """The numbers, in the order in which a paper gives them."""

    @abstractmethod
    def of(self, sample: Any) -> tuple[Any, ...]:
        """Their values in samples of shape (..., patients): one array of shape (...) for each number."""

    @property
    @abstractmethod
    def wording(self) -> str:
        """The statistic as a paper has it: ``46.8 ± 20.8``."""

    def faults(self) -> Iterator[Fault]:
        """Numbers that contradict their own meaning or the number of patients."""
        return iter(())

    def allows(self, sample: Any) -> Any:
        """Which samples of shape (..., patients) are reported so."""
        pairs = zip(self.numbers, self.of(sample), strict=True)
        found = [number.interval.allows(value) for number, value in pairs]
        allowed = found[0]
        for one in found[1:]:
            allowed = allowed & one
        return allowed
