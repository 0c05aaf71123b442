"""Tables of patients: many at once, one for each chain, each value on the grid that it was measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mgbayes.study.schema import Study

Steps = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One variable of the patients, in whole multiples of ``unit`` from ``low`` (in steps) on.

    ``counted_in``: the yes/no column of those who have a value; the others hold 0. ``zeros``: whether zero is a value
    of its own that many can have. ``visit`` and ``endpoint`` say what of the study file it is.
    """

    name: str
    unit: float
    low: int
    endpoint: str
    visit: str | None = None
    counted_in: str | None = None
    high: int | None = None
    zeros: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether there is one value for all."""
        return self.high == self.low

    @property
    def is_yes_no(self) -> bool:
        """Whether its values are 0 and 1."""
        return self.high == 1 and self.low == 0


@dataclass
class Tables:
    """The tables of K chains: by column its steps (K, n). Patients stand arm by arm, the reference arm first."""

    columns: Mapping[str, Column]
    arm: Steps
    steps: dict[str, Steps] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Patients of both arms."""
        return len(self.arm)

    @property
    def chains(self) -> int:
        """How many tables there are."""
        return len(next(iter(self.steps.values())))

    def value(self, name: str) -> Floats:
        """The values (K, n) of a column, in its own unit."""
        return np.asarray(self.steps[name] * self.columns[name].unit, float)

    def before_and_after(self, who: Steps, names: Iterable[str], after: Mapping[str, Steps]) -> Rows:
        """Some columns of the patients ``who`` (K, r) of each chain, now and with other steps of some: (K, 2 r)."""
        here = who + (self.n * np.arange(len(who)))[:, None]
        twice = np.concatenate([here, here], axis=1)
        values: dict[str, Floats] = {}
        for name in names:
            now = self.steps[name]
            steps = (
                np.concatenate([now.take(here), after[name].take(here)], axis=1)
                if name in after
                else now.take(twice)
            )
            values[name] = np.asarray(steps * self.columns[name].unit)
        return Rows(self.arm[np.concatenate([who, who], axis=1)], values)

    def every(self, names: Iterable[str] | None = None) -> Rows:
        """All patients of each chain, with some columns or all."""
        return Rows(self.arm[None, :], {name: self.value(name) for name in names or self.steps})


@dataclass(frozen=True)
class Rows:
    """Values of some patients: arms (K or 1, r) and by column their values (K, r)."""

    arm: Steps
    values: Mapping[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]


def arms_of(study: Study) -> Steps:
    """The arm of each patient, (n,): 0 of the reference arm, 1 of the contrast arm."""
    return np.repeat([0, 1], [int(study.reference.n), int(study.contrast.n)])
