"""comparison.html: one self-contained page on which rule can be trusted with so few patients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.comparison.posterior import LEVEL_PRIOR
from mgbayes.comparison.run import Comparison
from mgbayes.report import words
from mgbayes.report.comparison_published import losses, papers
from mgbayes.report.comparison_simulated import part
from mgbayes.report.comparison_tables import rules, seen
from mgbayes.report.comparison_words import calibrated, short_answer
from mgbayes.report.picture import Picture
from mgbayes.report.render import render


def comparison_page(comparison: Comparison, drawn: Mapping[str, tuple[Picture, Path]]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to."""
    table = rules(comparison)
    m, n = comparison.tables.m, comparison.tables.n
    study = comparison.study
    context: dict[str, Any] = {
        "title": f"Which rule can be trusted with {m} and {n} patients?",
        "study": study,
        "m": m,
        "n": n,
        "count": len(comparison.tables.x),
        "sentences": short_answer(comparison),
        "simulations": [part(it) for it in (comparison.times, comparison.values) if it is not None],
        "calibrated": calibrated(comparison),
        "parts": [
            {"title": "Tests", "rows": [_row(row) for _, row in table[~table["bayesian"]].iterrows()]},
            {
                "title": "Bayesian rules that favour neither arm",
                "rows": [_row(row) for _, row in table[table["bayesian"] & table["symmetric"]].iterrows()],
            },
            {
                "title": "Bayesian rules whose prior favours an arm",
                "rows": [_row(row) for _, row in table[table["bayesian"] & ~table["symmetric"]].iterrows()],
            },
        ],
        "outcomes": _outcomes(comparison),
        "losses": losses(comparison),
        "papers": papers(comparison),
        "nulls": _list([row.reference for row in comparison.scenarios if row.odds_ratio == 1]),
        "effects": sorted({row.odds_ratio for row in comparison.scenarios if row.odds_ratio != 1}),
        "risks": _list(sorted({row.reference for row in comparison.scenarios if row.odds_ratio != 1})),
        "expected": f"{comparison.expected:g}",
        "design_sd": f"{comparison.design_sd:g}",
        "level": f"Normal({LEVEL_PRIOR[0]:g}, {LEVEL_PRIOR[1]:g})",
        "command": _command(comparison),
    }
    return render("comparison.html.j2", drawn, context)


def _command(comparison: Comparison) -> str:
    study, tables = comparison.study, comparison.tables
    what = study.id if study else f"--arms {tables.m} {tables.n}"
    simulated = [it for it in (comparison.times, comparison.values) if it is not None]
    repetitions = max(
        (row.studies for it in simulated for rows in it.sums.values() for row in rows), default=0
    )
    published = max((row.studies for rows in comparison.lost.values() for row in rows), default=0)
    return f"mgbayes compare {what} --repetitions {repetitions} --published {published}"


def _list(risks: list[float]) -> str:
    return ", ".join(f"{100 * risk:g} %" for risk in risks)


def _row(row: Any) -> dict[str, str]:
    return {
        "label": str(row["label"]),
        "asks": str(row["asks"]),
        "size": _percent(row["largest_size"]),
        "power": _percent(row["mean_power"]),
        "coverage": _percent(row["least_coverage"]),
        "bias": _number(row["median_bias_of_effects"]),
        "calibration": f"{row['calibration_error']:.3f}",
        "no_answer": _percent(row["most_without_answer"]),
    }


def _percent(value: float) -> str:
    return "none" if np.isnan(value) else f"{100 * value:.1f} %"


def _number(value: float) -> str:
    if np.isnan(value):
        return "none"
    return "infinite" if np.isinf(value) else f"{value:+.2f}"


def _outcomes(comparison: Comparison) -> list[dict[str, Any]]:
    """What every rule says of each table that the paper prints."""
    table = seen(comparison)
    labels = {rule.id: rule for rule in comparison.rules}
    outcomes = []
    for outcome in comparison.seen:
        rows = table[table["endpoint"] == outcome.endpoint]
        concluding = rows[rows["concludes"] != "neither"]
        outcomes.append(
            {
                "title": words.first_upper(outcome.label),
                "counts": f"{rows['contrast'].iloc[0]} against {rows['reference'].iloc[0]}",
                "summary": f"{len(concluding)} of {len(rows)} rules conclude",
                "rows": [
                    {
                        "label": labels[row["rule"]].label,
                        "asks": labels[row["rule"]].asks,
                        "says": _says(row),
                        "concludes": row["concludes"],
                    }
                    for _, row in rows.iterrows()
                ],
            }
        )
    return outcomes


def _says(row: Any) -> str:
    if row["p_benefit"] is not None and not np.isnan(row["p_benefit"]):
        return f"P = {row['p_benefit']:.3f}"
    if row["p"] is None or np.isnan(row["p"]):
        return "no answer: an empty cell"
    return f"p = {row['p']:.3f}"
