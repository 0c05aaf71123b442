"""What the cohort behind a paper says, as data frames; nothing of any single patient."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mgbayes.latent_cohort.predicted import farthest_first

if TYPE_CHECKING:
    from mgbayes.latent_cohort.answer import Answer, CohortAnswer


def tables(found: CohortAnswer) -> dict[str, pd.DataFrame]:
    """By name: estimands, dependence, correlations, reported_p, not_reported, moves, numbers and left_out.

    With p values as evidence also p_given_the_rest and estimands_given_p; with each number left out each_number; of
    outcomes of which only a p value is reported p_alone.
    """
    return {
        "estimands": estimands(found),
        "dependence": dependence(found),
        "correlations": pd.DataFrame(
            [
                {
                    "dependence": row.dependence,
                    "one": one,
                    "other": other,
                    "median": median,
                    "low_95": low,
                    "high_95": high,
                }
                for row in found.together
                for (one, other), (median, low, high) in row.correlations.items()
            ]
        ),
        "reported_p": reported_p(found),
        "p_given_the_rest": p_given_the_rest(found),
        "estimands_given_p": estimands_given_p(found),
        "each_number": each_number(found),
        "p_alone": p_alone(found),
        "not_reported": not_reported(found),
        "moves": pd.DataFrame(
            [{"move": name, "taken": share} for name, share in sorted(found.acceptance.items())]
        ),
        "numbers": pd.DataFrame([asdict(row) for row in found.numbers]),
        "left_out": pd.DataFrame([{"what": row.what, "why": row.why} for row in found.left_out]),
    }


def estimands(found: CohortAnswer) -> pd.DataFrame:
    """A row for each estimand; without numbers where its chains did not agree."""
    pairs = zip(found.answers, found.independent, strict=True)
    rows = [_estimand(row, p_benefit_independent=_p_benefit(alone)) for row, alone in pairs]
    return pd.DataFrame(rows)


def p_alone(found: CohortAnswer) -> pd.DataFrame:
    """The estimands of outcomes of which only a p value is reported, given this alone."""
    rows = []
    for one in found.p_alone:
        texts = "; ".join(dict.fromkeys(row.text for row in one.statements))
        for answer in one.answers:
            rows.append(_estimand(answer) | {"reported_p": texts, "prior_chance_of_p": one.chance})
    return pd.DataFrame(rows)


def _estimand(row: Answer, **more: float | None) -> dict[str, object]:
    known = row.convergence.ok
    low, high = row.interval() if known else (None, None)
    return {
        "outcome": row.outcome.name,
        "estimand": row.estimand.id,
        "label": row.estimand.label,
        "unit": row.estimand.unit,
        "median": row.median if known else None,
        "low_95": low,
        "high_95": high,
        "p_benefit": _p_benefit(row),
        **more,
        "rhat": row.convergence.rhat,
        "effective_draws": row.convergence.effective,
    }


def _p_benefit(row: Answer) -> float | None:
    return row.p_benefit if row.convergence.ok else None


def dependence(found: CohortAnswer) -> pd.DataFrame:
    """A row for each prior of dependence: P of each main outcome, of at least two and of all."""
    return pd.DataFrame(
        [
            {"dependence": row.dependence}
            | {f"p_{name}": p for name, p in row.single.items()}
            | {
                "p_at_least_two": row.at_least_two,
                "p_all": row.all,
                "least_possible": row.bounds[0],
                "most_possible": row.bounds[1],
            }
            for row in found.together
        ]
    )


def reported_p(found: CohortAnswer) -> pd.DataFrame:
    """A row for each reported p value and test that could stand behind it."""
    return pd.DataFrame(
        [
            {
                "claim": row.claim,
                "reported": row.published,
                "test": row.test,
                "median": row.middle[0],
                "low_90": row.middle[1],
                "high_90": row.middle[2],
                "share_reported_so": row.share,
            }
            for row in found.p_values
        ]
    )


def p_given_the_rest(found: CohortAnswer) -> pd.DataFrame:
    """A row for each reported p value and test: how probable it is given all other numbers, and what follows."""
    rows = found.given_p.rows if found.given_p else ()
    return pd.DataFrame(
        [
            {
                "claim": row.statement.claim,
                "reported": row.statement.text,
                "test": test.name,
                "reached": climb.reached,
                "starts": climb.starts,
                "probability": float(np.exp(climb.log_chance)) if climb.reached else None,
                "probability_at_most": None if climb.reached else float(np.exp(climb.log_chance)),
                "error_of_log_probability": climb.error,
                "nearest_p": climb.nearest_p,
                "p_of_test": row.of_tests[k] if row.of_tests else None,
                "misprint_before": row.prior,
                "misprint": row.misprint,
                "misprint_at_least": row.misprint_at_least,
            }
            for row in rows
            for k, (test, climb) in enumerate(zip(row.statement.tests, row.climbs, strict=True))
        ]
    )


def estimands_given_p(found: CohortAnswer) -> pd.DataFrame:
    """A row for each estimand given the reported p values that can be reached, where that was asked for."""
    return pd.DataFrame([_estimand(row) for row in (found.given_p.answers if found.given_p else ())])


def each_number(found: CohortAnswer) -> pd.DataFrame:
    """A row for each number that was left out, the most surprising first; without values where chains disagreed."""
    return pd.DataFrame(
        [
            {
                "claim": row.statement.claim,
                "group": row.statement.group,
                "visit": row.statement.column.visit,
                "number": row.number.name,
                "reported": row.number.text,
                "median": row.middle[0] if row.ok else None,
                "low_90": row.middle[1] if row.ok else None,
                "high_90": row.middle[2] if row.ok else None,
                "tail": row.tail if row.ok else None,
                "misprint_before": row.prior,
                "misprint": row.misprint if row.ok else None,
                "misprint_is_at_least": row.beyond if row.ok else None,
            }
            for row in farthest_first(found.predicted)
        ]
    )


def not_reported(found: CohortAnswer) -> pd.DataFrame:
    """A row for each number of patients that the paper does not report."""
    return pd.DataFrame(
        [
            {
                "what": row.what,
                "arm": row.arm,
                "patients": row.n,
                "likeliest": row.likeliest,
                "low_95": row.between()[0],
                "high_95": row.between()[1],
                "fewest": row.ends[0],
                "most": row.ends[1],
                "least_possible": row.possible[0] if row.possible else None,
                "most_possible": row.possible[1] if row.possible else None,
            }
            for row in found.unpublished
        ]
    )
