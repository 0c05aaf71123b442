"""What the published numbers lose, and the same paper under every method: sentences and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mgbayes.comparison.lost import PATIENTS, Loss, Measure
from mgbayes.comparison.run import Comparison
from mgbayes.comparison.same_paper import Verdicts
from mgbayes.comparison.tables import ALPHA
from mgbayes.report import words

_TITLES = {"times": "Times to an event", "values": "Measured outcomes"}
_MEASURES = ("distance", "other_verdict", "width", "coverage", "stated", "true")


def lost(comparison: Comparison) -> pd.DataFrame:
    """One row a kind of evidence: every figure with its Monte Carlo error."""
    return pd.DataFrame(
        {"outcome": kind, "evidence": row.evidence, "label": row.label, "studies": row.studies}
        | {"no_answer": row.no_answer}
        | {name: getattr(row, name).value for name in _MEASURES}
        | {f"{name}_mcse": getattr(row, name).error for name in _MEASURES}
        for kind, rows in comparison.lost.items()
        for row in rows
    )


def verdicts(comparison: Comparison) -> pd.DataFrame:
    """One row a method and an outcome of the paper: its p over cohorts that have the published numbers."""
    return pd.DataFrame(
        {"endpoint": it.paper.id, "outcome": it.paper.label, "rule": name, "cohorts": it.cohorts}
        | dict(zip(("p_5", "p_50", "p_95"), _quantiles(it.p[name]), strict=True))
        | {"concludes": _concludes(it, name), "no_answer": float(np.isnan(it.p[name]).mean())}
        for it in comparison.verdicts
        for name in it.p
    )


def average(comparison: Comparison) -> pd.DataFrame:
    """One row a rule and outcome with printed counts: average power at the posterior of these counts."""
    return pd.DataFrame(
        {"rule": rule.id, "endpoint": seen.endpoint, "average_power": comparison.average[i, j]}
        for i, rule in enumerate(comparison.rules)
        for j, seen in enumerate(comparison.seen)
    )


def sentences(comparison: Comparison) -> list[str]:
    """How far each kind of published evidence leads away from the patients."""
    texts = []
    for kind, rows in comparison.lost.items():
        others = sorted((row for row in rows if row.evidence != PATIENTS), key=lambda row: row.distance.value)
        listed = "; ".join(f"{words.first_lower(row.label)} {_points(row.distance)}" for row in others)
        texts.append(
            f"{_TITLES[kind]}: the probability of benefit from published numbers lies off that from the patients by, "
            f"on average, so many percentage points: {listed}."
        )
    return texts


def losses(comparison: Comparison) -> list[dict[str, Any]]:
    """Tables of the page."""
    return [
        {"title": _TITLES[kind], "studies": rows[0].studies, "rows": [_row(row) for row in rows]}
        for kind, rows in comparison.lost.items()
    ]


def _row(row: Loss) -> dict[str, str]:
    own = row.evidence == PATIENTS
    return {
        "label": row.label,
        "distance": "" if own else _points(row.distance),
        "verdict": "" if own else _percent(row.other_verdict),
        "width": "" if own else _number(row.width),
        "coverage": _percent(row.coverage),
        "stated": f"{100 * row.stated.value:.1f} %",
        "true": _percent(row.true),
        "no_answer": f"{100 * row.no_answer:.1f} %",
    }


def papers(comparison: Comparison) -> list[dict[str, Any]]:
    """The paper's times and measured outcomes under every method."""
    return [_paper(it) for it in comparison.verdicts]


def _paper(it: Verdicts) -> dict[str, Any]:
    tests = [name for name in it.p if not name.startswith("bayesian")]
    some, pairs = it.disagreement(tests)
    printed = f"Published p = {', '.join(it.paper.p)}. " if it.paper.p else ""
    return {
        "title": words.first_upper(it.paper.label),
        "summary": (
            f"{printed}In {100 * some:.0f} % of {it.cohorts} cohorts with the published numbers at least two of "
            f"{len(tests)} tests differ in their verdict at {ALPHA:g}; two tests taken at random differ in "
            f"{100 * pairs:.0f} %."
        ),
        "rows": [
            {
                "label": it.labels[name],
                "p": "{1:.3f} ({0:.3f} to {2:.3f})".format(*_quantiles(it.p[name])),
                "concludes": f"{100 * _concludes(it, name):.0f} %",
            }
            for name in it.p
        ],
    }


def _concludes(it: Verdicts, name: str) -> float:
    return float((it.concludes(name) != 0).mean())


def _quantiles(p: np.ndarray) -> list[float]:
    known = p[np.isfinite(p)]
    return [float(np.quantile(known, q)) if len(known) else np.nan for q in (0.05, 0.5, 0.95)]


def _points(it: Measure) -> str:
    return f"{100 * it.value:.1f} ± {100 * it.error:.1f}"


def _percent(it: Measure) -> str:
    return "none" if np.isnan(it.value) else f"{100 * it.value:.1f} % ± {100 * it.error:.1f}"


def _number(it: Measure) -> str:
    return "none" if np.isnan(it.value) else f"{it.value:.2f} ± {it.error:.2f}"
