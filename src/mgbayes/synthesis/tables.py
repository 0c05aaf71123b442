"""The evidence from other cohorts as data frames; odds ratios are the contrast arm against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.synthesis.cohorts import CohortEvidence, Pooled
from mgbayes.synthesis.distribution import GridDistribution
from mgbayes.synthesis.robust_prior import RobustPosterior

if TYPE_CHECKING:
    import pandas as pd


def studies(evidence: CohortEvidence) -> pd.DataFrame:
    """One row a study: its counts, and its odds ratio by itself."""
    import pandas as pd

    rows = [*evidence.cohorts, evidence.index]
    return pd.DataFrame(
        {
            "study": row.study,
            "outcome": row.outcome,
            "reference": str(row.reference),
            "contrast": str(row.contrast),
            "counts_printed": row.printed,
            "pooled": row is not evidence.index,
            "log_odds_ratio_observed": row.log_odds_ratio,
            **_odds(evidence.alone[row.study]),
        }
        for row in rows
    )


def answers(evidence: CohortEvidence) -> pd.DataFrame:
    """One row an analysis: the main one, each cohort left out, other outcomes, other priors."""
    import pandas as pd

    rows = [("main", "as assumed", evidence.main)]
    rows += [(row.kind, row.change, row.pooled) for row in evidence.variations]
    return pd.DataFrame({"kind": kind, "change": change, **_answer(pooled)} for kind, change, pooled in rows)


def weights(evidence: CohortEvidence) -> pd.DataFrame:
    """One row a weight of the vague component: before and after the index study's counts."""
    import pandas as pd

    return pd.DataFrame(_robust(row) for row in evidence.weights)


def prediction(evidence: CohortEvidence) -> pd.DataFrame:
    """One row a possible count of the contrast arm: what the cohorts predict, and what was seen."""
    import pandas as pd

    check = evidence.main.conflict
    return pd.DataFrame(
        {"count": check.possible, "predicted": check.predicted, "observed": check.possible == check.observed}
    )


def components(evidence: CohortEvidence) -> pd.DataFrame:
    """The robust prior of the log odds ratio, one row a component, the vague one last."""
    import pandas as pd

    return pd.DataFrame(evidence.main.robust.prior.components, columns=["weight", "mean", "sd"])


def context(evidence: CohortEvidence) -> pd.DataFrame:
    """The cohorts that are shown and never pooled, with the reason."""
    import pandas as pd

    return pd.DataFrame(
        {
            "cohort": row.who,
            "why_not_pooled": row.why,
            "overlaps": "; ".join(row.overlaps),
            "printed": "; ".join(row.numbers),
        }
        for row in evidence.context
    )


def tables(evidence: CohortEvidence) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table with its name."""
    for make in (studies, answers, weights, prediction, components, context):
        yield f"cohorts_{make.__name__}", make(evidence)


def _odds(distribution: GridDistribution) -> dict[str, float]:
    low, high = distribution.interval
    return {
        "odds_ratio": float(np.exp(distribution.median)),
        "low": float(np.exp(low)),
        "high": float(np.exp(high)),
        "p_benefit": distribution.above(0.0),
    }


def _answer(pooled: Pooled) -> dict[str, Any]:
    together, check = pooled.together, pooled.conflict
    return {
        "mu_mean": together.mu.mean,
        "mu_sd": together.mu.sd,
        "tau_median": together.tau.quantile(0.5),
        "tau_high": together.tau.quantile(0.975),
        **{f"predicted_{key}": value for key, value in _odds(together.predictive).items()},
        "prediction_worth_patients": pooled.prediction_size.elir,
        "conflict_p_as_low": check.p_as_low,
        "conflict_p_as_rare": check.p_as_rare,
        **_robust(pooled.robust),
    }


def _robust(row: RobustPosterior) -> dict[str, float]:
    return {
        "vague_weight_prior": row.vague_before,
        "vague_weight_posterior": row.vague_after,
        "prior_worth_patients": row.prior_size.elir,
        "prior_worth_patients_moment": row.prior_size.moment,
        "prior_worth_patients_morita": row.prior_size.morita,
        **{f"index_{key}": value for key, value in _odds(row.posterior).items()},
    }
