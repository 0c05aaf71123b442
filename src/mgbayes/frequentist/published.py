"""A test on published summaries, as a methods section would name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from mgbayes.study.rounding import Interval
from mgbayes.study.schema import TestFamily


@dataclass(frozen=True)
class PublishedTest:
    """A p value, or its range over what the summaries leave open.

    Attributes:
        name, label, family: what it is called, and the family of tests that a paper may name.
        p: from summaries to p, an array of them or the range.
        unusual: one-sided, or reading an SD as a standard error, which a paper would have to say.
        independent: takes the two sides for different patients, which two visits are not.
        up_to: patients of both sides beyond which it takes too long.
        bound: the range runs over something that is not published, not over rounding only.
    """

    name: str
    label: str
    family: TestFamily | None
    p: Callable[..., Any]
    unusual: bool = False
    independent: bool = True
    bound: bool = False
    up_to: float = inf

    def __call__(self, *summaries: Any) -> Any:
        """The p values of many tables at once, or the range of p."""
        return self.p(*summaries)

    def interval(self, *summaries: Any) -> Interval:
        """The least and the largest p."""
        p = self.p(*summaries)
        return p if isinstance(p, Interval) else Interval(float(p), float(p))
