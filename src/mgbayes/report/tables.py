"""The tables of a re-analysis, as data frames; each becomes a CSV file."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from mgbayes.estimands.summary import KIND, PROB
from mgbayes.inference.fit import Fit
from mgbayes.overall.tables import agreement as agreement_of
from mgbayes.overall.tables import answers
from mgbayes.report.results import Reanalysis


def _which(fit: Fit) -> dict[str, str | None]:
    """What tells a fit from others of its study."""
    return {
        "plan": fit.plan.id,
        "family": fit.family,
        "evidence": fit.evidence,
        "printed_p": fit.test,
        "adjusted": " ".join(fit.adjusted) or None,
    }


def claims(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a claim: what is printed, and what became of it."""
    return reanalysis.ledger.to_dataframe()


def tests(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a re-computed test."""
    return pd.DataFrame(
        {
            "claim": claim.id,
            "p_printed": claim.p_printed,
            "test": test.name,
            "visit": test.visit,
            "reading": test.reading,
            "p_low": test.p_low,
            "p_high": test.p_high,
            "named_in_methods": test.named,
            "matches": test.matches,
            "data_sets_searched": test.searched,
            "share_that_rounds_to_print": test.share,
        }
        for claim in reanalysis.ledger.claims
        for test in claim.tests
    )


def findings(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row for each thing that a rule found odd."""
    return pd.DataFrame(
        {"rule": row.rule, "claims": "; ".join(row.claims), "text": row.text}
        for row in reanalysis.ledger.findings
    )


def estimands(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row an estimand of each fit that passed its diagnostics."""
    return pd.DataFrame(
        {
            **_which(fit),
            "alternative": fit.alternative,
            "estimand": row.estimand.id,
            "label": row.estimand.label,
            "unit": row.estimand.unit,
            "null": row.estimand.null,
            "benefit": row.estimand.benefit,
            "mean": row.mean,
            "median": row.median,
            "sd": row.sd,
            "interval_kind": KIND,
            "interval_prob": PROB,
            "low": row.low,
            "high": row.high,
            "p_benefit": row.p_benefit,
            "mcse_p_benefit": row.mcse_p_benefit,
            "important_threshold": row.threshold,
            "p_important": row.p_important,
            "ess_bulk": row.ess_bulk,
            "ess_tail": row.ess_tail,
        }
        for fit in reanalysis.fits
        for row in reanalysis.summaries(fit)
    )


def diagnostics(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a fit, the failed ones too."""
    return pd.DataFrame(
        {
            **_which(fit),
            "alternative": fit.alternative,
            "status": str(fit.status),
        }
        | asdict(fit.diagnostics)
        for fit in reanalysis.fits
    )


def priors(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a prior of each fit, with its central 95 % interval and its reason."""
    rows = []
    for fit in reanalysis.fits:
        for name, prior in fit.priors.items():
            low, high = prior.interval(PROB) or (None, None)
            rows.append(
                {
                    "plan": fit.plan.id,
                    "family": fit.family,
                    "adjusted": " ".join(fit.adjusted) or None,
                    "parameter": name,
                    "prior": prior.call(),
                    "low": low,
                    "high": high,
                    "why": prior.why,
                    "chosen_by": "plan",
                }
            )
    return pd.DataFrame(rows)


def predictive(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a printed number of each fit: what the model expects there, before and after the data."""
    return pd.DataFrame(
        {
            **_which(fit),
            "quantity": row.quantity,
            "arm": row.arm,
            "unit": row.unit,
            "printed": row.printed,
            "prior_low": row.prior[0],
            "prior_median": row.prior[1],
            "prior_high": row.prior[2],
            "posterior_low": row.posterior[0],
            "posterior_median": row.posterior[1],
            "posterior_high": row.posterior[2],
            "inside": row.inside,
        }
        for fit in reanalysis.fits
        for row in fit.checks
    )


def reported_p(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a p value between the arms: the tests under which it is evidence, or why it is not."""
    columns = ["plan", "claim", "what", "p", "used", "why_not", "effect"]
    rows = [row.to_json() | {"used": "; ".join(row.used)} for row in reanalysis.reported_p]
    return pd.DataFrame(rows, columns=columns)


def published_use(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a claim with numbers: the plans whose model uses it, or why none does."""
    rows = [row.to_json() | {"plans": "; ".join(row.plans)} for row in reanalysis.published_use]
    return pd.DataFrame(rows, columns=["claim", "plans", "why_not"])


def overall(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row an analysis of all main outcomes together; none where an outcome has no usable fit."""
    return answers(reanalysis.overall) if reanalysis.overall else pd.DataFrame({"kind": [], "change": []})


def agreement(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row a number of main outcomes: the chance that at least so many favour the contrast arm."""
    return agreement_of(reanalysis.overall) if reanalysis.overall else pd.DataFrame({"at_least": []})


def summary_of_findings(reanalysis: Reanalysis) -> pd.DataFrame:
    """One row for each estimand that a plan puts first: effect, robustness and certainty."""
    return pd.DataFrame(
        {
            "plan": row.plan.id,
            "estimand": row.summary.estimand.id,
            "label": row.summary.estimand.label,
            "main": row.main,
            "median": row.summary.median,
            "low": row.summary.low,
            "high": row.summary.high,
            "absolute": row.absolute.estimand.id if row.absolute else None,
            "absolute_unit": row.absolute.estimand.unit if row.absolute else None,
            "absolute_median": row.absolute.median if row.absolute else None,
            "absolute_low": row.absolute.low if row.absolute else None,
            "absolute_high": row.absolute.high if row.absolute else None,
            "p_benefit": row.summary.p_benefit,
            "important_threshold": row.summary.threshold,
            "p_important": row.summary.p_important,
            "lowest_p_benefit": row.robustness.range[0],
            "highest_p_benefit": row.robustness.range[1],
            "conclusion": str(row.robustness.conclusion),
            "certainty": row.certainty.level,
            "concerns": "; ".join(map(str, row.certainty.concerns)),
        }
        for row in reanalysis.summary_of_findings
    )


TABLES = {
    "summary_of_findings": summary_of_findings,
    "claims": claims,
    "tests": tests,
    "findings": findings,
    "estimands": estimands,
    "diagnostics": diagnostics,
    "priors": priors,
    "predictive": predictive,
    "reported_p": reported_p,
    "published_use": published_use,
    "overall": overall,
    "agreement": agreement,
}
