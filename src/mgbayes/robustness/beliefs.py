r"""Named priors of an effect: what a skeptic, an enthusiast and a pessimist would have believed.

On the log ratio scale, with e the log of the ratio that is expected where the contrast arm benefits (for a
difference, e is the difference, and SDs are in units of √3 / π SDs of the outcome, as much as one log odds):

| belief       | mean | weak | moderate | strong |
|--------------|------|------|----------|--------|
| skeptical    | 0    | SD 5 | SD 0.355, 95 % of ratios in 1/2 to 2 | SD 0.205, 95 % in 2/3 to 1.5 |
| enthusiastic | e    | chance 0.30 of the wrong sign | 0.15 | 0.05 |
| pessimistic  | -e   | chance 0.30 of benefit        | 0.15 | 0.05 |

A chance q on the other side of zero makes the SD |e| / z(1 - q), with z(1 - q) = 0.5244, 1.0364, 1.6449. Beside
them stand the plan's own prior, that prior with the tails of a Student t, and a skeptic who may give way. The
grid was made for trials with hundreds of events: in a small cohort each prior is shown with its weight.
Source: Zampieri et al. (2021), Am J Respir Crit Care Med 203:543.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, sqrt

from mgbayes.models.plan import Sensitivity
from mgbayes.models.priors import Prior

SKEPTICAL_SD: Mapping[str, float] = {"weak": 5.0, "moderate": 0.355, "strong": 0.205}
Z: Mapping[str, float] = {"weak": 0.5244, "moderate": 1.0364, "strong": 1.6449}
HEAVY_TAILED_DF = 3.0
WEIGHT_OF_DOUBT = 0.2
OWN = "plan"
_HELD = {"weak": "loosely", "moderate": "moderately", "strong": "firmly"}

Component = tuple[float, float, float]
"""Centre, scale and degrees of freedom."""


@dataclass(frozen=True)
class Belief:
    """A named prior of an effect, always in the form student_t_mixture, so that one compiled model serves all."""

    name: str
    prior: Prior
    induced: str = ""
    """What a hierarchy says of the effect, where the prior only has the same mean and SD."""

    @property
    def words(self) -> str:
        """The prior as it would be written, and what induces it."""
        return f"{self.prior.call()}, {self.induced}" if self.induced else self.prior.call()

    @property
    def mean(self) -> float:
        """The mean of the prior; with one degree of freedom or fewer, its centre."""
        return sum(weight * centre for weight, centre, _, _ in _rows(self.prior))

    @property
    def sd(self) -> float:
        """The SD of the prior, infinite with two degrees of freedom or fewer in a component."""
        rows = [row for row in _rows(self.prior) if row[0] > 0]
        within = sum(weight * _variance(scale, df) for weight, _, scale, df in rows)
        between = sum(weight * (centre - self.mean) ** 2 for weight, centre, _, _ in rows)
        return sqrt(within + between)


def beliefs(own: Prior, varied: Sensitivity, induced: str = "") -> tuple[Belief, ...]:
    """Every named prior of an effect, the plan's ``own`` first.

    ``induced`` says what brings about the own one, where it is no prior of the plan's but follows from a hierarchy.
    Raises ValueError when the plan's prior is neither normal nor a mixture of Student t.
    """
    return named_beliefs(own, varied.size, varied.unit, induced)


def named_beliefs(own: Prior, size: float, unit: float = 1.0, induced: str = "") -> tuple[Belief, ...]:
    """As ``beliefs``, of an effect that is expected to be so large."""
    return (
        Belief(OWN, own.as_mixture(), induced),
        *_directed(size, unit),
        heavy_tailed(own),
        yielding(own, unit),
    )


def own_beliefs(varied: Sensitivity) -> tuple[Belief, ...]:
    """The priors that a plan adds to the named ones."""
    return tuple(
        Belief(row.name, Prior(row.form, row.values, row.why, chosen=True).as_mixture())
        for row in varied.priors
    )


def normal_belief(name: str, mean: float, sd: float, why: str) -> Belief:
    """A normal prior by a name."""
    return mixture_belief(name, 1.0, (mean, sd, inf), (mean, sd, inf), why)


def mixture_belief(name: str, weight: float, first: Component, second: Component, why: str) -> Belief:
    """Two components, the first with this weight."""
    values = (weight, *first, 1 - weight, *second)
    return Belief(name, Prior("student_t_mixture", values, why, chosen=True))


def heavy_tailed(own: Prior) -> Belief:
    """The plan's centre and scale with the tails of a Student t of 3 degrees of freedom."""
    centre, scale = own.as_mixture().values[1:3]
    component = (centre, scale, HEAVY_TAILED_DF)
    why = "The plan's centre and scale, with effects beyond them less surprising."
    return mixture_belief("heavy-tailed", 1.0, component, component, why)


def yielding(own: Prior, unit: float = 1.0) -> Belief:
    """A moderate skeptic who gives way to the plan's own prior where the data disagree."""
    centre, scale, df = own.as_mixture().values[1:4]
    skeptic = (0.0, unit * SKEPTICAL_SD["moderate"], inf)
    why = "A moderate skeptic, with one chance in five for the plan's own prior: data that disagree raise it."
    return mixture_belief("robust skeptical", 1 - WEIGHT_OF_DOUBT, skeptic, (centre, scale, df), why)


def _directed(e: float, unit: float) -> Iterator[Belief]:
    for strength, sd in SKEPTICAL_SD.items():
        yield normal_belief(f"skeptical, {strength}", 0.0, unit * sd, "No difference is the most credible.")
    for attitude, mean in (("enthusiastic", e), ("pessimistic", -e)):
        for strength, z in Z.items():
            why = f"The expected effect{'' if mean == e else ' the other way round'}, held {_HELD[strength]}."
            yield normal_belief(f"{attitude}, {strength}", mean, abs(e) / z, why)


def _rows(prior: Prior) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return prior.values[:4], prior.values[4:]


def _variance(scale: float, df: float) -> float:
    if df == inf:
        return scale**2
    return scale**2 * df / (df - 2) if df > 2 else inf
