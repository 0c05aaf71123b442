"""Overall benefit as data frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mgbayes.overall.benefit import OverallBenefit
from mgbayes.overall.frechet import all_of
from mgbayes.overall.posterior import Overall

if TYPE_CHECKING:
    import pandas as pd


def contrasts(benefit: OverallBenefit) -> pd.DataFrame:
    """One row an outcome: its contrast on the common scale, by itself and after sharing information."""
    import pandas as pd

    frame = pd.DataFrame(asdict(row) for row in benefit.contrasts)
    return frame.assign(p_benefit_shared=benefit.main.p_each)


def agreement(benefit: OverallBenefit) -> pd.DataFrame:
    """One row a number of outcomes: the chance that at least so many favour the contrast arm.

    The bounds hold for the separate fits. ``shared`` lets the outcomes inform one another and may lie outside:
    then it is the exchangeability of the outcomes that speaks, and not the data of each.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "at_least": row.m,
            "of": row.outcomes,
            "low_any_dependence": row.bounds.low,
            "high_any_dependence": row.bounds.high,
            **{f"correlation_{rho:g}": p for rho, p in row.by_correlation},
            "shared": shared,
            "shared_within_bounds": row.bounds.low <= shared <= row.bounds.high,
        }
        for row, shared in zip(benefit.agreement, benefit.main.p_at_least, strict=True)
    )


def answers(benefit: OverallBenefit) -> pd.DataFrame:
    """One row an analysis: the main one, each outcome left out, other correlations, scale and priors."""
    import pandas as pd

    rows = [("main", "as assumed", benefit.main)]
    rows += [(row.kind, row.change, row.overall) for row in benefit.variations]
    return pd.DataFrame({"kind": kind, "change": change, **_answer(row)} for kind, change, row in rows)


def tables(benefit: OverallBenefit) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table with its name."""
    for make in (contrasts, agreement, answers):
        yield f"overall_{make.__name__}", make(benefit)


def _answer(row: Overall) -> dict[str, Any]:
    bounds = all_of(row.p_separate)
    return {
        "outcomes": len(row.outcomes),
        "mu_mean": row.mu_mean,
        "mu_low": row.mu_low,
        "mu_high": row.mu_high,
        "p_mu": row.p_mu,
        "p_mean": row.p_mean,
        "p_all": row.p_at_least[-1],
        "p_all_but_one": row.p_at_least[-2],
        "all_low_any_dependence": bounds.low,
        "all_high_any_dependence": bounds.high,
        "tau_median": row.tau_median,
        "tau_high": row.tau_high,
    }
