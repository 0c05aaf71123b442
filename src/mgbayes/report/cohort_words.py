"""The evidence from other cohorts in words: their prediction, its conflict with the study, its weight as a prior."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgbayes.report import words
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import CohortEvidence, Pooled
from mgbayes.synthesis.hierarchy import GridDistribution


def cohort_part(study: Study, evidence: CohortEvidence) -> dict[str, Any]:
    """What the page says of them."""
    rows = [("as assumed", evidence.main)]
    rows += [(f"{row.kind}: {row.change}", row.pooled) for row in evidence.variations]
    return {
        "text": _text(study, evidence),
        "figures": ["cohorts_forest", "cohorts_conflict"],
        "rows": [_row(name, pooled) for name, pooled in rows],
        "context": [{"who": row.who, "why": row.why} for row in evidence.context],
    }


def _text(study: Study, evidence: CohortEvidence) -> str:
    main, alone = evidence.main, evidence.alone[evidence.index.study]
    robust, better = main.robust, f"{study.contrast.label} patients do better"
    predicted = main.together.predictive
    return (
        f"{len(evidence.cohorts)} other cohorts with both arms predict an odds ratio of {_odds(predicted)} for a new "
        f"study, above 1 with probability {_above(predicted)}. The study's own counts give {_odds(alone)}, above 1 "
        f"with probability {_above(alone)}. A count of {study.contrast.label} patients as low as published had "
        f"a predictive probability of {words.percent(main.conflict.p_as_low)}. As a prior, the prediction is worth "
        f"{words.number(robust.prior_size.elir)} patients; its vague component has weight {robust.vague_before:.2f} "
        f"before and {robust.vague_after:.2f} after the study's counts, and the chance that {better} becomes "
        f"{_above(robust.posterior)}."
    )


def _above(distribution: GridDistribution) -> str:
    return words.percent(distribution.above(0.0))


def _row(name: str, pooled: Pooled) -> dict[str, str]:
    return {
        "name": name,
        "predicted": _odds(pooled.together.predictive),
        "conflict": words.percent(pooled.conflict.p_as_low),
        "weights": f"{pooled.robust.vague_before:.2f}, {pooled.robust.vague_after:.2f}",
        "patients": words.number(pooled.robust.prior_size.elir),
        "index": _odds(pooled.robust.posterior),
        "chance": words.percent(pooled.robust.posterior.above(0.0)),
    }


def _odds(distribution: GridDistribution) -> str:
    low, high = (float(np.exp(value)) for value in distribution.interval)
    return f"{words.number(float(np.exp(distribution.median)))} ({words.number(low)} to {words.number(high)})"
