"""The data of the live part of the page: stored draws, priors and words, for its script."""

from __future__ import annotations

from base64 import b64encode
from math import isfinite, isinf
from typing import Any

import numpy as np

from mgbayes.grade.explorer import Evidence, Explorable, explorables
from mgbayes.models.priors import Prior
from mgbayes.report import words
from mgbayes.report.results import Reanalysis

_LEVELS = 65_535
_EVIDENCE = 8  # analyses to choose from: the file stays small


def live(reanalysis: Reanalysis) -> list[dict[str, Any]]:
    """One entry an outcome; none where no effect has a prior that can be moved."""
    return [_outcome(row) for row in explorables(reanalysis.summary_of_findings, reanalysis.fits)]


def _outcome(row: Explorable) -> dict[str, Any]:
    estimand = row.finding.summary.estimand
    ratio = estimand.null == 1
    sds = [named.sd for named in row.priors if isfinite(named.sd)]
    means = [named.mean for named in row.priors]
    reach = max(2 * row.varied.unit, 1.5 * max(map(abs, means)))
    return {
        "id": f"{row.finding.plan.id}-{estimand.id}",
        "label": words.first_upper(estimand.label),
        "unit": estimand.unit,
        "ratio": ratio,
        "null": estimand.null,
        "higher": estimand.benefit == "higher",
        "threshold": row.finding.summary.threshold,
        "effect": row.varied.effect.replace("_", " "),
        "priors": [
            {"name": words.first_upper(named.name), "mean": named.mean, "sd": _finite(named.sd)}
            | {"parts": parts(named.prior)}
            for named in row.priors
        ],
        "reach": reach,
        "widest": min(max(sds), 5 * row.varied.unit),
        "evidence": [_evidence(part, estimand.id, ratio=ratio) for part in row.evidence[:_EVIDENCE]],
    }


def _evidence(row: Evidence, estimand: str, *, ratio: bool) -> dict[str, Any]:
    """The draws, and under ``exact`` what all draws say under the plan's own prior: what the tables have.

    No draws of the effect where they are those of the contrast.
    """
    contrast = np.log(row.contrast) if ratio else row.contrast
    summary = next(one for one in row.fit.summaries() if one.estimand.id == estimand)
    return {
        "exact": {
            "benefit": summary.p_benefit,
            "error": summary.mcse_p_benefit,
            "important": summary.p_important,
            "median": summary.median,
            "low": summary.low,
            "high": summary.high,
        },
        "label": words.first_upper(words.model_of(row.fit)),
        "effect": None if np.allclose(row.effect, contrast, atol=1e-6) else _packed(row.effect),
        "contrast": _packed(contrast),
        "own": parts(row.own),
        "error": row.error,
    }


def _packed(values: np.ndarray) -> dict[str, Any]:
    """Draws as whole numbers of two bytes between the least and the largest."""
    low, high = float(values.min()), float(values.max())
    step = (high - low) / _LEVELS or 1.0
    whole = np.rint((values - low) / step).astype("<u2")
    return {"low": low, "step": step, "data": b64encode(whole.tobytes()).decode()}


def parts(prior: Prior) -> list[dict[str, float | None]]:
    """The components; no degrees of freedom: normal. ``peak`` is the log density at 0 of the standard form."""
    from scipy import stats

    values = prior.as_mixture().values
    return [
        {
            "weight": weight,
            "centre": centre,
            "scale": scale,
            "df": None if isinf(df) else df,
            "peak": float(stats.norm.logpdf(0) if isinf(df) else stats.t.logpdf(0, df)),
        }
        for weight, centre, scale, df in (values[:4], values[4:])
        if weight > 0
    ]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
