"""The tables of a comparison of rules, as data frames; each becomes a CSV file."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from mgbayes.comparison.operating import BINS, RISKS
from mgbayes.comparison.run import Comparison
from mgbayes.report.comparison_published import average, lost, verdicts
from mgbayes.report.comparison_simulated import table


def rules(comparison: Comparison) -> pd.DataFrame:
    """One row a rule, with its worst and its mean figures."""
    effects = np.array([row.odds_ratio != 1 for row in comparison.scenarios])
    rows = []
    for i, rule in enumerate(comparison.rules):
        it = comparison.behaviours[i]
        known = rule.interval is not None
        rows.append(
            {
                "rule": rule.id,
                "label": rule.label,
                "asks": rule.asks,
                "bayesian": rule.bayesian,
                "symmetric": rule.symmetric,
                "largest_size": comparison.largest_size[i],
                "at_risk": RISKS[comparison.size[i].argmax()],
                "mean_power": comparison.mean_power[i],
                "least_coverage": it.coverage.min() if known else np.nan,
                "mean_coverage": it.coverage.mean() if known else np.nan,
                "median_bias_of_effects": it.bias[effects].mean() if known else np.nan,
                "most_without_answer": it.no_answer.max(),
                "calibration_error": comparison.calibrations[i].error,
            }
        )
    return pd.DataFrame(rows)


def scenarios(comparison: Comparison) -> pd.DataFrame:
    """One row a rule and scenario."""
    return pd.DataFrame(
        {
            "rule": rule.id,
            "scenario": row.label,
            "reference_risk": row.reference,
            "contrast_risk": row.contrast,
            "odds_ratio": row.odds_ratio,
        }
        | {name: values[j] for name, values in asdict(it).items()}
        for rule, it in zip(comparison.rules, comparison.behaviours, strict=True)
        for j, row in enumerate(comparison.scenarios)
    )


def size(comparison: Comparison) -> pd.DataFrame:
    """One row a hundredth of the shared risk, a column a rule."""
    step = (len(RISKS) - 1) // 100
    columns = {rule.id: row[::step] for rule, row in zip(comparison.rules, comparison.size, strict=True)}
    return pd.DataFrame({"risk": RISKS[::step]} | columns)


def calibration(comparison: Comparison) -> pd.DataFrame:
    """One row a rule and range of the stated probability."""
    return pd.DataFrame(
        {
            "rule": rule.id,
            "stated_from": BINS[k],
            "stated_to": BINS[k + 1],
            "share_of_tables": it.weight[k],
            "mean_stated": it.stated[k],
            "true": it.true[k],
        }
        for rule, it in zip(comparison.rules, comparison.calibrations, strict=True)
        for k in range(len(BINS) - 1)
    )


def seen(comparison: Comparison) -> pd.DataFrame:
    """One row a rule and an outcome whose counts the paper prints."""
    columns = ("endpoint", "outcome", "reference", "contrast", "rule", "p", "p_benefit", "concludes")
    rows = [
        _of_seen(comparison, i, j) for j in range(len(comparison.seen)) for i in range(len(comparison.rules))
    ]
    return pd.DataFrame(rows, columns=list(columns))


def _of_seen(comparison: Comparison, i: int, j: int) -> dict[str, object]:
    """What a rule says of the table that was seen; ``concludes``: for whom it is better."""
    rule, outcome = comparison.rules[i], comparison.seen[j]
    at = comparison.place(outcome)
    more = float(rule.chance[at])
    sign = {"higher": 1, "lower": -1, None: 0}[outcome.benefit]
    side = int(rule.decides[at]) * (sign or 1)
    words = (
        {1: "contrast better", -1: "reference better"} if sign else {1: "contrast more", -1: "reference more"}
    )
    study = comparison.study
    assert study is not None  # whose counts they are
    return {
        "endpoint": outcome.endpoint,
        "outcome": outcome.label,
        "reference": f"{outcome.reference}/{comparison.tables.m}",
        "contrast": f"{outcome.contrast}/{comparison.tables.n}",
        "rule": rule.id,
        "p": None if rule.bayesian or not rule.answers[at] else 2 * min(more, 1 - more),
        "p_benefit": None if not rule.bayesian else (1 - more if sign < 0 else more),
        "concludes": words.get(side, "neither"),
    }


def times(comparison: Comparison) -> pd.DataFrame:
    """One row a method and scenario of times."""
    return table(comparison.times)


def values(comparison: Comparison) -> pd.DataFrame:
    """One row a method and scenario of measured outcomes."""
    return table(comparison.values)


TABLES = {
    "rules": rules,
    "scenarios": scenarios,
    "size": size,
    "calibration": calibration,
    "seen": seen,
    "average": average,
    "lost": lost,
    "verdicts": verdicts,
    "times": times,
    "values": values,
}
