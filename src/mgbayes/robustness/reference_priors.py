r"""Reference priors of an effect: skeptical, enthusiastic, pessimistic, heavy-tailed, robust, and from other cohorts.

On the log ratio scale, with e the log of the ratio that is expected where the contrast arm benefits (for a
difference, e is the difference, and SDs are in units of √3 / π SDs of the outcome, as much as one log odds):

| prior        | mean | weak | moderate | strong |
|--------------|------|------|----------|--------|
| skeptical    | 0    | SD 5 | SD 0.355, 95 % of ratios in 1/2 to 2 | SD 0.205, 95 % in 2/3 to 1.5 |
| enthusiastic | e    | probability 0.30 of the wrong sign | 0.15 | 0.05 |
| pessimistic  | -e   | probability 0.30 of benefit        | 0.15 | 0.05 |

A probability q on the other side of zero makes the SD |e| / z(1 - q), with z(1 - q) = 0.5244, 1.0364, 1.6449. Beside
them: the plan's own prior, the same with the tails of a Student t, and a robust skeptical prior. The grid was made
for trials with hundreds of events: in a small cohort each prior is shown with its weight.
Source: Zampieri et al. (2021), Am J Respir Crit Care Med 203:543.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, sqrt

from mgbayes.models.plan import Sensitivity
from mgbayes.models.priors import Prior
from mgbayes.study.cohorts import embedded_cohorts
from mgbayes.study.load import embedded_studies
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import Assumptions, pool
from mgbayes.synthesis.counts import counts_by_arm
from mgbayes.synthesis.robust_prior import VAGUE, VAGUE_WEIGHT

OWN = "plan"
COHORTS = "other cohorts, robust"
SKEPTICAL_SD: Mapping[str, float] = {"weak": 5.0, "moderate": 0.355, "strong": 0.205}
Z: Mapping[str, float] = {"weak": 0.5244, "moderate": 1.0364, "strong": 1.6449}
HEAVY_TAILED_DF = 3.0
WEIGHT_OF_DOUBT = 0.2
_HELD = {"weak": "loosely", "moderate": "moderately", "strong": "firmly"}

Component = tuple[float, float, float]
"""Centre, scale and degrees of freedom."""


@dataclass(frozen=True)
class ReferencePrior:
    """A named prior of an effect, always in the form student_t_mixture, so that one compiled model serves all.

    ``induced`` describes the prior that a hierarchy induces, where ``prior`` only has the same mean and SD.
    """

    name: str
    prior: Prior
    induced: str = ""

    @property
    def words(self) -> str:
        """The prior as it would be written, and what induces it."""
        return f"{self.prior.call()}, {self.induced}" if self.induced else self.prior.call()

    @property
    def mean(self) -> float:
        """The mean of the prior; with one degree of freedom or fewer, its centre."""
        return sum(weight * centre for weight, centre, _, _ in self._rows)

    @property
    def sd(self) -> float:
        """The SD of the prior, infinite with two degrees of freedom or fewer in a component."""
        within = sum(weight * _variance(scale, df) for weight, _, scale, df in self._rows)
        between = sum(weight * (centre - self.mean) ** 2 for weight, centre, _, _ in self._rows)
        return sqrt(within + between)

    @property
    def _rows(self) -> list[tuple[float, ...]]:
        values = self.prior.values
        return [row for row in (values[:4], values[4:]) if row[0] > 0]


def reference_priors(own: Prior, varied: Sensitivity, induced: str = "") -> tuple[ReferencePrior, ...]:
    """Every reference prior of an effect, the plan's ``own`` first; ``induced`` describes what a hierarchy induces.

    Raises ValueError when the plan's prior is neither normal nor a mixture of Student t.
    """
    return priors_of_size(own, varied.size, varied.unit, induced)


def priors_of_size(
    own: Prior, size: float, unit: float = 1.0, induced: str = ""
) -> tuple[ReferencePrior, ...]:
    """As ``reference_priors``, for an effect of this expected size."""
    return (
        ReferencePrior(OWN, own.as_mixture(), induced),
        *_directed(size, unit),
        heavy_tailed(own),
        robust_skeptical(own, unit),
    )


def user_priors(varied: Sensitivity) -> tuple[ReferencePrior, ...]:
    """The priors that a plan adds to the reference priors."""
    return tuple(
        ReferencePrior(row.name, Prior(row.form, row.values, row.why).as_mixture()) for row in varied.priors
    )


def has_cohorts(study: Study, claim: str) -> bool:
    """Whether there are other cohorts for a claim of a study."""
    return study.id in embedded_studies() and claim in {row.id for row in study.claims}


def cohort_prior(study: Study, claim: str) -> ReferencePrior | None:
    """The robust prior of a log odds ratio from the other cohorts; None for a study without any.

    Their predictive distribution enters by its mean and SD as the first component, the vague one as the second.
    That their outcomes are not the index study's is part of the between-study SD.
    """
    if not has_cohorts(study, claim):
        return None
    cohorts = [counts_by_arm(cohort) for cohort in embedded_cohorts()]
    prediction = pool(counts_by_arm(study, claim), cohorts, Assumptions()).prediction
    why = "What other published cohorts predict, with a probability of 0.2 that they do not apply here."
    return mixture_prior(COHORTS, 1 - VAGUE_WEIGHT, (prediction.mean, prediction.sd, inf), (*VAGUE, inf), why)


def normal_prior(name: str, mean: float, sd: float, why: str) -> ReferencePrior:
    """A normal prior by a name."""
    return mixture_prior(name, 1.0, (mean, sd, inf), (mean, sd, inf), why)


def mixture_prior(name: str, weight: float, first: Component, second: Component, why: str) -> ReferencePrior:
    """Two components, the first with this weight."""
    values = (weight, *first, 1 - weight, *second)
    return ReferencePrior(name, Prior("student_t_mixture", values, why))


def heavy_tailed(own: Prior) -> ReferencePrior:
    """The plan's centre and scale with the tails of a Student t of 3 degrees of freedom."""
    centre, scale = own.as_mixture().values[1:3]
    component = (centre, scale, HEAVY_TAILED_DF)
    why = "The plan's centre and scale, with effects beyond them less surprising."
    return mixture_prior("heavy-tailed", 1.0, component, component, why)


def robust_skeptical(own: Prior, unit: float = 1.0) -> ReferencePrior:
    """A moderately skeptical prior with a component of the plan's own, whose weight grows where the data disagree."""
    centre, scale, df = own.as_mixture().values[1:4]
    skeptical = (0.0, unit * SKEPTICAL_SD["moderate"], inf)
    why = (
        "Moderately skeptical, with a weight of 0.2 for the plan's own prior, which data that disagree raise."
    )
    return mixture_prior("robust skeptical", 1 - WEIGHT_OF_DOUBT, skeptical, (centre, scale, df), why)


def _directed(e: float, unit: float) -> Iterator[ReferencePrior]:
    for strength, sd in SKEPTICAL_SD.items():
        yield normal_prior(f"skeptical, {strength}", 0.0, unit * sd, "No difference is the most credible.")
    for attitude, mean in (("enthusiastic", e), ("pessimistic", -e)):
        for strength, z in Z.items():
            why = f"The expected effect{'' if mean == e else ' the other way round'}, held {_HELD[strength]}."
            yield normal_prior(f"{attitude}, {strength}", mean, abs(e) / z, why)


def _variance(scale: float, df: float) -> float:
    if df == inf:
        return scale**2
    return scale**2 * df / (df - 2) if df > 2 else inf
