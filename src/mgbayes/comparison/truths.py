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
from typing import Any, Literal

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
class Drawn:
    """Simulated studies; of each the effect, of which the side is true, and what is estimated, (study,)."""

    studies: Any
    effect: Floats
    estimand: Floats


@dataclass(frozen=True)
class TimesTruth:
    """A scenario of times.

    With ``effect_sd`` or ``draws`` (log hazard ratio, log shape, median) each study has an effect of its own.
    """

    hazard_ratio: float = 1.0
    shape: float = 1.0
    kind: Literal["throughout", "late", "crossing"] = "throughout"
    cured: float = 0.0
    misclassified: float = 0.0
    shorter: bool = False
    effect_sd: float = 0.0
    followed: tuple[float, float] = FOLLOWED
    horizon: float = HORIZON
    draws: tuple[tuple[float, float, float], ...] = ()
    name: str = ""

    @property
    def random(self) -> bool:
        """Whether each study has an effect of its own."""
        return self.effect_sd > 0 or bool(self.draws)

    @property
    def effect(self) -> float:
        """Below 0 where the contrast arm has the lower hazard; NaN where it is random."""
        if self.random:
            return np.nan
        return float(np.log(self.hazard_ratio)) if self.hazard_ratio != 1 else 0.0 - self.cured

    @property
    def label(self) -> str:
        """In words."""
        if self.draws:
            return f"posterior of the study: {self.name}"
        hazard = f"Weibull shape {self.shape:g}"
        if self.followed != FOLLOWED:
            hazard += ", followed for {:g} to {:g}".format(*self.followed)
        if self.shorter:
            hazard += ", contrast arm followed half as long"
        if self.misclassified:
            hazard += f", {100 * self.misclassified:g} % in the wrong arm"
        if self.effect_sd:
            return f"log hazard ratio Normal({np.log(self.hazard_ratio):g}, {self.effect_sd:g}), {hazard}"
        if self.effect == 0:
            return f"no effect, {hazard}"
        if self.cured:
            return f"{100 * self.cured:g} % of the contrast arm cured, {hazard}"
        how = "" if self.kind == "throughout" else f", {self.kind}"
        return f"hazard ratio {self.hazard_ratio:g}{how}, {hazard}"

    def draw(self, rng: Generator, studies: int, m: int, n: int) -> Drawn:
        """Studies of m and n patients."""
        # H(t) = log 2 t^k in the reference arm; E is the cumulative hazard at which a patient has the event.
        due = rng.exponential(size=(studies, m + n)) / np.log(2)
        treated = _treated(rng, studies, m, n, self.misclassified)
        left = rng.uniform(*self.followed, size=due.shape)
        if self.shorter:
            left[:, m:] /= 2
        log_ratio, shape, median = self._parameters(rng, studies)
        due = np.where(treated, self._undone(due, np.exp(log_ratio)), due)
        time = median * due ** (1 / shape)
        if self.cured:
            time = np.where(treated & (rng.uniform(size=time.shape) < self.cured), np.inf, time)
        seen = times.Studies.of(np.minimum(time, left), (time <= left).astype(float), m, self.horizon)
        effect = log_ratio[:, 0] if self.random else np.full(studies, self.effect)
        proportional = self.kind == "throughout" and self.cured == 0 and self.misclassified == 0
        return Drawn(seen, effect, effect if proportional else np.full(studies, np.nan))

    def _parameters(self, rng: Generator, studies: int) -> tuple[Floats, Floats, Floats]:
        """Log hazard ratio, shape and median of each study, (study, 1)."""
        if self.draws:
            log_ratio, log_shape, median = np.array(self.draws)[
                rng.integers(len(self.draws), size=studies)
            ].T[..., None]
            return log_ratio, np.exp(log_shape), median
        one = np.ones((studies, 1))
        more = self.effect_sd * rng.standard_normal((studies, 1)) if self.effect_sd else 0.0
        return np.log(self.hazard_ratio) + more * one, self.shape * one, one

    def _undone(self, due: Floats, r: Floats) -> Floats:
        """The reference arm's cumulative hazard, over log 2, when the contrast arm's is ``due``."""
        if self.kind == "throughout":
            return due / r
        turn = _TURN**self.shape
        first, second = (1.0, r) if self.kind == "late" else (r, 1 / r)
        return np.where(due < first * turn, due / first, turn + (due - first * turn) / second)


@dataclass(frozen=True)
class ValuesTruth:
    """A scenario of a measured outcome.

    With ``effect_sd`` or ``draws`` (level, log SD and shift of logs) each study has an effect of its own.
    """

    effect_size: float = 0.0
    law: Literal["normal", "skewed", "with zeros"] = "normal"
    sd_ratio: float = 1.0
    misclassified: float = 0.0
    correlation: float = 0.5
    effect_sd: float = 0.0
    draws: tuple[tuple[float, float, float], ...] = ()
    name: str = ""

    @property
    def random(self) -> bool:
        """Whether each study has an effect of its own."""
        return self.effect_sd > 0 or bool(self.draws)

    @property
    def effect(self) -> float:
        """The shift of the contrast arm; NaN where it is random."""
        return np.nan if self.random else self.effect_size

    @property
    def label(self) -> str:
        """In words."""
        if self.draws:
            return f"posterior of the study: {self.name}"
        spread = "" if self.sd_ratio == 1 else f", SD {self.sd_ratio:g} times as large in the contrast arm"
        if self.misclassified:
            spread += f", {100 * self.misclassified:g} % in the wrong arm"
        if self.effect_sd:
            return f"shift Normal({self.effect_size:g}, {self.effect_sd:g}) SD, {self.law}{spread}"
        shift = "no effect" if self.effect_size == 0 else f"shift of {self.effect_size:g} SD"
        return f"{shift}, {self.law}{spread}"

    def draw(self, rng: Generator, studies: int, m: int, n: int) -> Drawn:
        """Studies of m and n patients."""
        before, own = rng.standard_normal((2, studies, m + n))
        score = self.correlation * before + np.sqrt(1 - self.correlation**2) * own
        treated = _treated(rng, studies, m, n, self.misclassified)
        if self.draws:
            level, log_sd, effect = np.array(self.draws)[rng.integers(len(self.draws), size=studies)].T[
                ..., None
            ]
            value = np.exp(level + (treated - 0.5) * effect + np.exp(log_sd) * score)
            seen = values.Studies(np.exp(level + np.exp(log_sd) * before), value, m)
            return Drawn(seen, effect[:, 0], np.full(studies, np.nan))
        shift = np.full((studies, 1), self.effect_size)
        if self.effect_sd:
            shift = shift + self.effect_sd * rng.standard_normal((studies, 1))
        score = np.where(treated, self.sd_ratio * score + shift, score)
        seen = values.Studies(self._measured(before), self._measured(score), m)
        known = self.law == "normal" and self.misclassified == 0
        return Drawn(seen, shift[:, 0], shift[:, 0] if known else np.full(studies, np.nan))

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
    TimesTruth(effect_sd=1.0),
)
VALUES = (
    *(ValuesTruth(law=law) for law in ("normal", "skewed", "with zeros")),
    ValuesTruth(sd_ratio=2.0),
    *(ValuesTruth(effect, law) for law in ("normal", "skewed", "with zeros") for effect in (-0.5, -1.0)),
    ValuesTruth(-1.0, misclassified=0.1),
    ValuesTruth(effect_sd=0.5),
)
