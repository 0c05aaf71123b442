"""The evidence from other cohorts as data frames; odds ratios are of the contrast arm against the reference arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.synthesis.cohorts import CohortEvidence, Pooled
from mgbayes.synthesis.hierarchy import GridDistribution
from mgbayes.synthesis.robust_prior import RobustPosterior

if TYPE_CHECKING:
    import pandas as pd


def tables(evidence: CohortEvidence) -> dict[str, pd.DataFrame]:
    """The tables by name.

    ``cohorts_studies`` has a row for each study with its counts and its odds ratio by itself; ``cohorts_answers`` for
    each analysis; ``cohorts_weights`` for each weight of the vague component; ``cohorts_prediction`` for each
    possible count of the contrast arm; ``cohorts_components`` for each component of the prior, the vague one last;
    ``cohorts_context`` for each cohort that is shown and never pooled, with the reason.
    """
    import pandas as pd

    main = evidence.main
    answers = [("main", "as assumed", main)]
    answers += [(row.kind, row.change, row.pooled) for row in evidence.variations]
    check = main.conflict
    return {
        "cohorts_studies": pd.DataFrame(
            {
                "study": row.study,
                "outcome": row.outcome,
                "reference": str(row.reference),
                "contrast": str(row.contrast),
                "counts_printed": row.printed,
                "pooled": row is not evidence.index,
                "log_odds_ratio_observed": row.log_odds_ratio,
                **odds(evidence.alone[row.study]),
            }
            for row in [*evidence.cohorts, evidence.index]
        ),
        "cohorts_answers": pd.DataFrame(
            {"kind": kind, "change": change, **_answer(pooled)} for kind, change, pooled in answers
        ),
        "cohorts_weights": pd.DataFrame(_robust(row) for row in evidence.weights),
        "cohorts_prediction": pd.DataFrame(
            {
                "count": check.possible,
                "predicted": check.predicted,
                "observed": check.possible == check.observed,
            }
        ),
        "cohorts_components": pd.DataFrame(main.robust.prior.components, columns=["weight", "mean", "sd"]),
        "cohorts_context": pd.DataFrame(
            {
                "cohort": row.who,
                "why_not_pooled": row.why,
                "overlaps": "; ".join(row.overlaps),
                "printed": "; ".join(row.numbers),
            }
            for row in evidence.context
        ),
    }


def odds(distribution: GridDistribution) -> dict[str, float]:
    """Median and central 95 % of an odds ratio, and P(benefit)."""
    low, high = distribution.interval
    return {
        "odds_ratio": float(np.exp(distribution.median)),
        "low": float(np.exp(low)),
        "high": float(np.exp(high)),
        "p_benefit": distribution.above(0.0),
    }


def _answer(pooled: Pooled) -> dict[str, Any]:
    together = pooled.together
    return {
        "mu_mean": together.mu.mean,
        "mu_sd": together.mu.sd,
        "tau_median": together.tau.quantile(0.5),
        "tau_high": together.tau.quantile(0.975),
        **{f"predicted_{key}": value for key, value in odds(together.predictive).items()},
        "prediction_worth_patients": pooled.prediction_size.elir,
        "conflict_p_as_low": pooled.conflict.p_as_low,
        "conflict_p_as_rare": pooled.conflict.p_as_rare,
        **_robust(pooled.robust),
    }


def _robust(row: RobustPosterior) -> dict[str, float]:
    return {
        "vague_weight_prior": row.vague_before,
        "vague_weight_posterior": row.vague_after,
        "prior_worth_patients": row.prior_size.elir,
        "prior_worth_patients_moment": row.prior_size.moment,
        "prior_worth_patients_morita": row.prior_size.morita,
        **{f"index_{key}": value for key, value in odds(row.posterior).items()},
    }
