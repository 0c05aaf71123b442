"""Unmeasured confounding as rows of a table: one for each estimand, prior of the bias and probability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mgbayes.robustness.confounding import Confounded, Tip

CONFOUNDING_COLUMNS = (
    "plan",
    "estimand",
    "label",
    "unit",
    "measure",
    "outcome_taken_as_rare",
    "outcome_sd",
    "bias_prior",
    "median",
    "low",
    "high",
    "p_benefit",
    "e_value",
    "e_value_limit",
    "tipping_probability",
    "tipping_bias",
    "tipping_factor",
    "tipping_flatters_contrast",
    "tipping_strength",
    "tipping_confounder_ratio",
)


def confounding_rows(row: Confounded) -> Iterator[dict[str, Any]]:
    """Without a prior of the bias, and with the plan's, if it has one; E-values are of the former."""
    about = {
        "plan": row.plan,
        "estimand": row.estimand,
        "label": row.label,
        "unit": row.unit,
        "measure": str(row.measure),
        "outcome_taken_as_rare": row.rare_outcome,
        "outcome_sd": row.outcome_sd,
    }
    plain = {"bias_prior": None, "e_value": row.e_value, "e_value_limit": row.e_value_limit}
    for tip in row.tips:
        yield about | plain | _numbers(row.median, row.low, row.high, row.p_benefit) | _tip(tip)
    after = row.after
    for tip in after.tips if after else ():
        assert after is not None
        shifted = {"bias_prior": after.prior, "e_value": None, "e_value_limit": None}
        yield about | shifted | _numbers(after.median, after.low, after.high, after.p_benefit) | _tip(tip)


def _numbers(median: float, low: float, high: float, p_benefit: float) -> dict[str, float]:
    return {"median": median, "low": low, "high": high, "p_benefit": p_benefit}


def _tip(tip: Tip) -> dict[str, Any]:
    return {
        "tipping_probability": tip.probability,
        "tipping_bias": tip.bias,
        "tipping_factor": tip.factor,
        "tipping_flatters_contrast": tip.flatters,
        "tipping_strength": tip.strength,
        "tipping_confounder_ratio": tip.confounder_ratio,
    }
