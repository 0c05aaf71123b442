r"""E-values: how strong an unmeasured confounder would have to be to bring an estimate to no difference.

For a risk ratio RR >= 1 (its inverse below 1) a confounder associated with the arm by a risk ratio RR_EU and with the
outcome by RR_UD can bias the estimate by a factor of at most

    B = RR_EU RR_UD / (RR_EU + RR_UD - 1).

The E-value is the smallest R with RR_EU = RR_UD = R and B = RR, beyond what was measured:

    E = RR + sqrt(RR (RR - 1)).

Other estimands are brought to a risk ratio first:

| estimand | risk ratio |
|---|---|
| ratio of risks, rates, means or mean times | itself (for means and times RR_UD is a ratio of means) |
| odds ratio | itself where the outcome is rare, else sqrt(OR) |
| hazard ratio | itself where the outcome is rare, else (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)) |
| difference d in SDs of the outcome | exp(0.91 d) |

Unless a plan says that the outcome is rare it is taken to be common, which gives the smaller E-value.

The E-value of a posterior. A confounder of known strength shifts every draw by the same amount, so that the E-value
of the posterior median is the least strength at which P(benefit) can be 0.5, and the E-value of the limit of the
central interval nearer to the null is the least strength at which the interval can include the null. Where it
includes the null already, that one is 1. Neither says how probable such a confounder is; a prior of the bias does
(`bias`).

Sources: VanderWeele and Ding (2017), Ann Intern Med 167:268, table 2 (E-values and conversions); Ding and VanderWeele
(2016), Epidemiology 27:368 (the bound, for means of non-negative outcomes too); VanderWeele (2017), Epidemiology
28:e58 (odds ratios of common outcomes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp, log, sqrt

from mgbayes.estimands.estimand import Estimand

SD_TO_LOG_RISK_RATIO = 0.91


class Measure(StrEnum):
    """What kind of number an estimand is, as far as its conversion to a risk ratio goes."""

    ratio = "ratio"
    odds_ratio = "odds ratio"
    hazard_ratio = "hazard ratio"
    difference = "difference"


def measure_of(estimand: Estimand) -> Measure:
    """A ratio has the null value 1; its id or label says whether it is one of odds or of hazards."""
    if estimand.null != 1:
        return Measure.difference
    name = f"{estimand.id} {estimand.label}".lower().replace("_", " ")
    return next(
        (row for row in (Measure.odds_ratio, Measure.hazard_ratio) if row.value in name), Measure.ratio
    )


@dataclass(frozen=True)
class Conversion:
    """How an estimand becomes a risk ratio; of a difference without ``outcome_sd`` there is none."""

    measure: Measure
    rare_outcome: bool = False
    outcome_sd: float | None = None

    @property
    def ratio(self) -> bool:
        """Whether the estimand is a ratio."""
        return self.measure is not Measure.difference

    def risk_ratio(self, effect: float) -> float | None:
        """The risk ratio of an effect: the log of a ratio, or a difference from its null in units."""
        match self.measure:
            case Measure.difference:
                sd = self.outcome_sd
                return None if sd is None else exp(SD_TO_LOG_RISK_RATIO * effect / sd)
            case Measure.odds_ratio if not self.rare_outcome:
                return exp(effect / 2)
            case Measure.hazard_ratio if not self.rare_outcome:
                return _risk(exp(effect / 2)) / _risk(exp(-effect / 2))
            case _:
                return exp(effect)

    def strength(self, effect: float) -> float | None:
        """The E-value of an effect; None where it has no risk ratio."""
        ratio = self.risk_ratio(effect)
        return None if ratio is None else e_value(ratio)


def e_value(risk_ratio: float) -> float:
    """E of a risk ratio, at least 1. Raises ValueError for one that is not positive."""
    if risk_ratio <= 0:
        raise ValueError(f"a risk ratio is above 0, not {risk_ratio:g}")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + sqrt(ratio * (ratio - 1))


def nearer_limit(low: float, high: float, null: float) -> float:
    """The limit of an interval that is nearer to the null; the null itself where the interval includes it."""
    if low <= null <= high:
        return null
    return low if low > null else high


def effect_of(value: float, estimand: Estimand) -> float:
    """The log of a ratio, or a difference from its null."""
    return value - estimand.null if measure_of(estimand) is Measure.difference else log(value)


def _risk(root: float) -> float:
    """1 - 0.5^root: the risk at a hazard of ``root`` times that at which half have the event."""
    return float(1 - 0.5**root)
