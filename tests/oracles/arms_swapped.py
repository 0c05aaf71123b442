"""A study with the other arm named as the reference, and a check that nothing else changes."""

from typing import Any

import numpy as np

from mgbayes.estimands.summary import EstimandSummary, summarize
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan
from mgbayes.study.schema import Study

ERRORS = 3.0
"""Monte Carlo errors of the difference of two probabilities that may be seen; seeds are fixed."""


def swapped(study: Study) -> Study:
    """The same study, its other arm the reference."""
    arms = tuple(arm.model_copy(update={"reference": not arm.reference}) for arm in reversed(study.arms))
    return study.model_copy(update={"arms": arms})


def summaries(
    fitter: Fitter, study: Study, plan: Plan, family: str, **kwargs: Any
) -> dict[str, EstimandSummary]:
    """What a fit says of each estimand that compares the arms and is a benefit."""
    fit = fitter.fit(Job(study, plan, family, **kwargs))
    assert fit.estimands, (fit.name, fit.diagnostics)
    return {
        row.id: summarize(fit.contrasts[row.id].to_numpy(), row)
        for row in fit.estimands
        if row.of_arms and row.benefit is not None
    }


def shorter(plan: Plan, draws: int = 1500) -> Plan:
    """The plan with fewer draws."""
    sampling = plan.sampling.model_copy(update={"draws": draws, "tune": 600})
    return plan.model_copy(update={"sampling": sampling})


def hold_mirrored(one: dict[str, EstimandSummary], other: dict[str, EstimandSummary]) -> None:
    """P(benefit) of the swapped study is 1 - P, within Monte Carlo error."""
    assert one
    assert one.keys() == other.keys()
    for name, row in one.items():
        p, q = row.p_benefit, other[name].p_benefit
        assert p is not None
        assert q is not None
        # The error of a share is at least that of its effective draws.
        error = np.hypot(row.mcse_p_benefit or 0.0, other[name].mcse_p_benefit or 0.0)
        assert abs(p - (1 - q)) < ERRORS * error + 1e-9, (name, p, q, error)


__all__ = ["ERRORS", "hold_mirrored", "shorter", "summaries", "swapped"]
