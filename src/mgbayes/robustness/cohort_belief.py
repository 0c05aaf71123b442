"""What other published cohorts predict, as one named belief."""

from __future__ import annotations

from math import inf

from mgbayes.robustness.beliefs import Belief, mixture_belief
from mgbayes.study.cohorts import embedded_cohorts
from mgbayes.study.load import embedded_studies
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import Assumptions, pool
from mgbayes.synthesis.counts import counts_by_arm
from mgbayes.synthesis.robust_prior import VAGUE, VAGUE_WEIGHT

NAME = "other cohorts, robust"


def speaks_of(study: Study, claim: str) -> bool:
    """Whether other cohorts are at hand for a claim of a study."""
    return study.id in embedded_studies() and claim in {row.id for row in study.claims}


def cohort_belief(study: Study, claim: str) -> Belief | None:
    """The robust prior of a log odds ratio from the other cohorts; None for a study that they do not belong to.

    Their predictive distribution enters by its mean and SD as the first component, the vague one as the second.
    Their outcomes are not the index study's, which the spread between them stands for.
    """
    if not speaks_of(study, claim):
        return None
    cohorts = [counts_by_arm(cohort) for cohort in embedded_cohorts()]
    prediction = pool(counts_by_arm(study, claim), cohorts, Assumptions()).prediction
    why = "What other published cohorts predict, with one chance in five that they do not apply here."
    informative = (prediction.mean, prediction.sd, inf)
    return mixture_belief(NAME, 1 - VAGUE_WEIGHT, informative, (*VAGUE, inf), why)
