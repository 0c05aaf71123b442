"""A part of the patients, said by a rule on one column: ``early = days <= 3``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from mgbayes.errors import InputError, Problem

RELATIONS: MappingProxyType[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ">=": operator.ge,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
        ">": operator.gt,
        "<": operator.lt,
    }
)
_RULE = re.compile(
    r"^\s*([\w.\-]+)\s*=\s*([\w.\-]+)\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?)(?:\s+in\s+([\w.\-]+))?\s*$"
)


@dataclass(frozen=True)
class Subset:
    """The patients whose value stands in a relation to a bound; in one arm only, where one is named."""

    id: str
    column: str
    relation: str
    bound: float
    arm: str | None = None

    @classmethod
    def parse(cls, text: str) -> Subset:
        """Read ``early = days <= 3`` or ``no_stroke = stroke == 0 in old``.

        Raises InputError when the text is not of this form.
        """
        match = _RULE.match(text)
        if match is None:
            accepted = "NAME = COLUMN >= NUMBER (or <=, ==, !=, >, <), then: in ARM, where it is one arm's"
            raise InputError("subset", [Problem("the rule", repr(text), accepted)])
        name, column, relation, bound, arm = match.groups()
        return cls(name, column, relation, float(bound), arm)

    def __str__(self) -> str:
        """The rule as it is read."""
        within = "" if self.arm is None else f" in {self.arm}"
        return f"{self.id} = {self.column} {self.relation} {self.bound:g}{within}"

    def members(self, values: np.ndarray, arms: np.ndarray) -> np.ndarray:
        """Who belongs to it: shape (patients,), boolean. A missing value does not."""
        inside = RELATIONS[self.relation](values, self.bound) & np.isfinite(values)
        return inside if self.arm is None else inside & (arms == self.arm)
