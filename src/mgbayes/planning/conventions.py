"""What every proposed plan takes by convention, in one place, with the words that say so."""

from __future__ import annotations

from math import floor, log10

from mgbayes.models.plan import Important, PriorChoice, Sampling, Sensitivity
from mgbayes.study.schema import Direction

PROBABILITY = 0.95
SAMPLING = Sampling(target_accept=0.95)
_IMPORTANT = {"higher": 1.25, "lower": 0.8}
_DOUBLE = {"higher": 2.0, "lower": 0.5}


def normal(mean: float, sd: float, why: str) -> PriorChoice:
    """A normal prior."""
    return PriorChoice(form="normal", values=(_short(mean), _short(sd)), why=why)


def lognormal(mean: float, sd: float, why: str) -> PriorChoice:
    """A lognormal prior, by the mean and SD of the log."""
    return PriorChoice(form="lognormal", values=(_short(mean), _short(sd)), why=why)


def important_ratio(estimand: str, benefit: Direction) -> Important:
    """The usual threshold of an important benefit on a ratio scale."""
    why = (
        "By convention, the usual threshold on a ratio scale; put in what matters to patients of your field."
    )
    return Important(estimand=estimand, threshold=_IMPORTANT[benefit], why=why)


def expected_ratio(
    effect: str, estimand: str, benefit: Direction, *, of: str, example: str = ""
) -> Sensitivity:
    """An effect whose prior is varied, with twice or half of something as what an enthusiast expects."""
    how_much = "twice" if benefit == "higher" else "half"
    such_as = f", such as {example}" if example else ""
    why = f"By convention, {how_much} the {of}{such_as}; the study file states no expected effect."
    return Sensitivity(effect=effect, estimand=estimand, expected=_DOUBLE[benefit], why=why)


def number(value: float) -> str:
    """A number in a sentence: three significant digits."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def with_unit(value: float, unit: str) -> str:
    """A number with its unit, for a sentence."""
    return f"{number(value)} {unit}".strip()


def rounded_down(value: float) -> float:
    """A time that is easy to say and not beyond the one given: whole from 10 on, else two significant digits."""
    if value >= 10 or value == floor(value):
        return float(floor(value))
    unit = 10.0 ** (floor(log10(value)) - 1)
    return round(floor(value / unit + 1e-9) * unit, 12)


def _short(value: float) -> float:
    """Two decimals, or three significant digits where that says more."""
    return float(f"{value:.3g}") if abs(value) < 1 else round(value, 2)
