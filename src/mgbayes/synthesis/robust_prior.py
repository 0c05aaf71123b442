"""The predictive distribution of other studies as a prior that can give way, and what a study makes of it.

    p(theta) = (1 - w) p_others(theta) + w Normal(theta | 0, s²)

If the study's own counts disagree with the others, the weight of the vague component grows: by Bayes' theorem
for mixtures, each weight is multiplied by the probability that its component gave to the counts. Source: Schmidli
et al. (2014), Biometrics 70:1023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.counts import LEVEL_SD, TwoArms, two_arms
from mgbayes.synthesis.distribution import GridDistribution
from mgbayes.synthesis.hierarchy import THETA
from mgbayes.synthesis.mixtures import NormalMixture, robust
from mgbayes.synthesis.prior_size import PriorSize, normal_prior_size, unit_information

VAGUE = (0.0, 2.0)
"""The vague component: no direction favoured, odds ratios between 1/50 and 50."""

VAGUE_WEIGHT = 0.2


@dataclass(frozen=True)
class RobustPosterior:
    """A study's log odds ratio under a robust prior.

    Attributes:
        prior: the mixture; its last component is the vague one unless its weight is 0.
        prior_size: the patients that the prior is worth.
        vague_before, vague_after: the weight of the vague component, prior and posterior.
        posterior: of the log odds ratio.
        log_evidence: log probability of the counts under the prior.
    """

    prior: NormalMixture
    prior_size: PriorSize
    vague_before: float
    vague_after: float
    posterior: GridDistribution
    log_evidence: float

    @property
    def p_benefit(self) -> float:
        """The probability that the contrast arm does better."""
        return self.posterior.above(0.0)


def robust_posterior(
    counts: TwoArms,
    others: NormalMixture,
    weight: float = VAGUE_WEIGHT,
    vague: tuple[float, float] = VAGUE,
    level_sd: float = LEVEL_SD,
) -> RobustPosterior:
    """Update the robust prior with the exact likelihood of a study's counts."""
    prior = robust(others, vague, weight)
    log_likelihood = two_arms(counts, level_sd)
    joint = np.exp(prior.log_density(THETA) + log_likelihood)
    each = prior.weights * np.exp(prior.log_components(THETA) + log_likelihood).sum(axis=1)
    return RobustPosterior(
        prior=prior,
        prior_size=normal_prior_size(prior, unit_information(counts)),
        vague_before=weight,
        vague_after=float(each[-1] / each.sum()) if weight > 0 else 0.0,
        posterior=GridDistribution.normalized(THETA, joint),
        log_evidence=float(np.log(joint.sum() * (THETA[1] - THETA[0]))),
    )
