r"""What is true of times and of measured outcomes in a simulated study, and studies drawn from it.

A share of patients may stand in the wrong arm: their outcome is that of the other one.

Times: in the reference arm Weibull of shape k with median 1, which is the unit of time; in the contrast arm the
hazard is multiplied by a ratio, throughout, from time 1 on (late), or until time 1 and divided by it from then on
(crossing); or a share of its patients never has the event (cured). Patients are followed for 1 to 3 medians, evenly;
in the contrast arm for half of that, where it is followed for less.

Measured outcomes: baseline b and outcome y of correlation ρ in normal scores u, v; y = v; exp(σ v) with σ = 0.7, or
that with every value below its 30 % quantile at zero. The contrast arm is shifted by an effect in SDs of v, and may
have another SD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.comparison import times, values
from mgbayes.comparison.tables import Floats

FOLLOWED = (1.0, 3.0)
"""Shortest and longest follow-up, in medians of the reference arm."""
HORIZON = 1.0
_TURN = 1.0
_LOG_SD = 0.7
_ZERO_SHARE = 0.3


@dataclass(frozen=True)
class TimesTruth:
    """A scenario of times."""

    hazard_ratio: float = 1.0
    shape: float = 1.0
    kind: Literal["throughout", "late", "crossing"] = "throughout"
    cured: float = 0.0
    misclassified: float = 0.0
    shorter: bool = False

    @property
    def effect(self) -> float:
        """The side of the effect on the hazard: below 0 where the contrast arm has the lower."""
        return float(np.log(self.hazard_ratio)) if self.hazard_ratio != 1 else 0.0 - self.cured

    @property
    def estimand(self) -> float:
        """The log hazard ratio, where there is one."""
        proportional = self.kind == "throughout" and self.cured == 0 and self.misclassified == 0
        return float(np.log(self.hazard_ratio)) if proportional else np.nan

    @property
    def label(self) -> str:
        """In words."""
        hazard = f"Weibull shape {self.shape:g}"
        if self.shorter:
            hazard += ", contrast arm followed half as long"
        if self.misclassified:
            hazard += f", {100 * self.misclassified:g} % in the wrong arm"
        if self.effect == 0:
            return f"no effect, {hazard}"
        if self.cured:
            return f"{100 * self.cured:g} % of the contrast arm cured, {hazard}"
        how = "" if self.kind == "throughout" else f", {self.kind}"
        return f"hazard ratio {self.hazard_ratio:g}{how}, {hazard}"

    def draw(self, rng: Generator, studies: int, m: int, n: int) -> times.Studies:
        """Studies of m and n patients."""
        # H(t) = log 2 t^k in the reference arm; E is the cumulative hazard at which a patient has the event.
        due = rng.exponential(size=(studies, m + n)) / np.log(2)
        treated = _treated(rng, studies, m, n, self.misclassified)
        due = np.where(treated, self._undone(due), due)
        time = due ** (1 / self.shape)
        if self.cured:
            time = np.where(treated & (rng.uniform(size=time.shape) < self.cured), np.inf, time)
        left = rng.uniform(*FOLLOWED, size=time.shape)
        if self.shorter:
            left[:, m:] /= 2
        return times.Studies.of(np.minimum(time, left), (time <= left).astype(float), m, HORIZON)

    def _undone(self, due: Floats) -> Floats:
        """The reference arm's cumulative hazard, over log 2, when the contrast arm's is ``due``."""
        r, turn = self.hazard_ratio, _TURN**self.shape
        if self.kind == "throughout":
            return due / r
        first, second = (1.0, r) if self.kind == "late" else (r, 1 / r)
        return np.where(due < first * turn, due / first, turn + (due - first * turn) / second)


@dataclass(frozen=True)
class ValuesTruth:
    """A scenario of a measured outcome."""

    effect: float = 0.0
    law: Literal["normal", "skewed", "with zeros"] = "normal"
    sd_ratio: float = 1.0
    misclassified: float = 0.0
    correlation: float = 0.5

    @property
    def estimand(self) -> float:
        """The difference of means, where it is the shift."""
        return self.effect if self.law == "normal" and self.misclassified == 0 else np.nan

    @property
    def label(self) -> str:
        """In words."""
        spread = "" if self.sd_ratio == 1 else f", SD {self.sd_ratio:g} times as large in the contrast arm"
        if self.misclassified:
            spread += f", {100 * self.misclassified:g} % in the wrong arm"
        shift = "no effect" if self.effect == 0 else f"shift of {self.effect:g} SD"
        return f"{shift}, {self.law}{spread}"

    def draw(self, rng: Generator, studies: int, m: int, n: int) -> values.Studies:
        """Studies of m and n patients."""
        before, own = rng.standard_normal((2, studies, m + n))
        score = self.correlation * before + np.sqrt(1 - self.correlation**2) * own
        treated = _treated(rng, studies, m, n, self.misclassified)
        score = np.where(treated, self.sd_ratio * score + self.effect, score)
        return values.Studies(self._measured(before), self._measured(score), m)

    def _measured(self, score: Floats) -> Floats:
        if self.law == "normal":
            return score
        found = np.exp(_LOG_SD * score)
        from scipy.special import ndtri

        return found if self.law == "skewed" else np.where(score < ndtri(_ZERO_SHARE), 0.0, found)


def _treated(rng: Generator, studies: int, m: int, n: int, misclassified: float) -> NDArray[np.bool_]:
    """Whose outcome is that of the contrast arm, (study, patient): a share of each arm is of the other one."""
    contrast = np.broadcast_to(np.arange(m + n) >= m, (studies, m + n))
    return contrast ^ (rng.uniform(size=contrast.shape) < misclassified) if misclassified else contrast


TIMES = (
    *(TimesTruth(shape=shape) for shape in (0.7, 1.0, 1.5)),
    *(TimesTruth(ratio, shape) for ratio in (0.67, 0.5, 0.33) for shape in (0.7, 1.5)),
    TimesTruth(0.33, kind="late"),
    TimesTruth(0.33, kind="crossing"),
    TimesTruth(cured=0.3),
    TimesTruth(shorter=True),
    TimesTruth(0.33, 1.5, misclassified=0.1),
)
VALUES = (
    *(ValuesTruth(law=law) for law in ("normal", "skewed", "with zeros")),
    ValuesTruth(sd_ratio=2.0),
    *(ValuesTruth(effect, law) for law in ("normal", "skewed", "with zeros") for effect in (-0.5, -1.0)),
    ValuesTruth(-1.0, misclassified=0.1),
)
