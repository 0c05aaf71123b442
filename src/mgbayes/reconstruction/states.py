"""States of the lattice: patients at risk, events so far, survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class States:
    """Weights and mean survival by (at risk, events, bin of survival), the first two from an offset."""

    weight: np.ndarray
    survival: np.ndarray
    at_risk: int
    events: int

    @classmethod
    def none(cls) -> States:
        """No state at all."""
        return cls(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), 0, 0)

    @classmethod
    def start(cls, n: int) -> States:
        """Everyone at risk, no events."""
        return cls(np.ones((1, 1, 1)), np.ones((1, 1, 1)), n, 0)

    @classmethod
    def of_moments(cls, weight: np.ndarray, moment: np.ndarray, at_risk: int, events: int) -> States:
        """From weights and weights times survival, without the empty margins."""
        rows, columns = np.flatnonzero(weight.any(axis=(1, 2))), np.flatnonzero(weight.any(axis=(0, 2)))
        if not rows.size:
            return cls.none()
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        weight, moment = weight[box], moment[box]
        survival = np.divide(moment, weight, out=np.zeros_like(weight), where=weight > 0)
        return cls(weight, survival, at_risk + int(rows[0]), events + int(columns[0]))

    @property
    def is_empty(self) -> bool:
        """Whether no state is left."""
        return not self.weight.any()

    @property
    def most_at_risk(self) -> int:
        """The largest number at risk."""
        return self.at_risk + self.weight.shape[0] - 1

    def normalized(self) -> States:
        """The same with weights that add to 1."""
        return States(self.weight / self.weight.sum(), self.survival, self.at_risk, self.events)

    def with_at_risk(self, number: int) -> States:
        """Only the states with this number at risk."""
        row = number - self.at_risk
        if not 0 <= row < self.weight.shape[0]:
            return self.none()
        cells = slice(row, row + 1)
        return States(self.weight[cells], self.survival[cells], number, self.events)

    def with_events(self, number: int) -> States:
        """Only the states with this many events."""
        column = number - self.events
        if not 0 <= column < self.weight.shape[1]:
            return self.none()
        cells = np.s_[:, column : column + 1]
        return States(self.weight[cells], self.survival[cells], self.at_risk, number)

    def along(self, at_risk: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight and survival (pairs, bins) at pairs of at risk and events; no weight outside."""
        i, j = at_risk - self.at_risk, events - self.events
        inside = (i >= 0) & (i < self.weight.shape[0]) & (j >= 0) & (j < self.weight.shape[1])
        i, j = np.where(inside, i, 0), np.where(inside, j, 0)
        return self.weight[i, j] * inside[:, None], self.survival[i, j]
