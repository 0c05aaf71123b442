"""Overall benefit as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgbayes.overall.agreement import at_least
from mgbayes.overall.benefit import OverallBenefit

if TYPE_CHECKING:
    import pandas as pd


def agreement(benefit: OverallBenefit) -> pd.DataFrame:
    """One row a number of outcomes: the probability that at least so many favour the contrast arm.

    The bounds hold for the separate fits. ``shared`` lets the outcomes inform one another and may lie outside:
    then it follows from the exchangeability of the outcomes, and not from the data of each.
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
    bounds = [at_least(len(row.p_separate), row.p_separate) for *_, row in rows]
    return pd.DataFrame(
        {
            "kind": kind,
            "change": change,
            "outcomes": len(row.outcomes),
            "mu_mean": row.mu_mean,
            "mu_low": row.mu_low,
            "mu_high": row.mu_high,
            "p_mu": row.p_mu,
            "p_mean": row.p_mean,
            "p_all": row.p_at_least[-1],
            "p_all_but_one": row.p_at_least[-2],
            "all_low_any_dependence": every.low,
            "all_high_any_dependence": every.high,
            "tau_median": row.tau_median,
            "tau_high": row.tau_high,
        }
        for (kind, change, row), every in zip(rows, bounds, strict=True)
    )
