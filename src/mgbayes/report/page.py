"""report.html: one self-contained page that a clinician reads from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgbayes.estimands.summary import PROB
from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.inference.fit import Fit
from mgbayes.report import answer, words
from mgbayes.report.overall_words import overall_answer, overall_rows
from mgbayes.report.picture import Picture
from mgbayes.report.render import render
from mgbayes.report.results import Reanalysis, provenance
from mgbayes.verification.result import MEANING, TestResult


def page(reanalysis: Reanalysis, drawn: Mapping[str, tuple[Picture, Path]]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to.

    Everything from the study file is escaped; figures are held as data, nothing is fetched.
    """
    return render("report.html.j2", drawn, _context(reanalysis, drawn))


def _context(reanalysis: Reanalysis, drawn: Mapping[str, tuple[Picture, Path]]) -> dict[str, Any]:
    study, ledger = reanalysis.study, reanalysis.ledger
    return {
        "study": study,
        "reference": study.reference,
        "contrast": study.contrast,
        "headlines": answer.headlines(reanalysis),
        "short_answer": answer.short_answer(reanalysis),
        "tally": {str(verdict): count for verdict, count in ledger.tally().items()},
        "meaning": {str(verdict): text for verdict, text in MEANING.items()},
        "findings": ledger.findings,
        "claims": ledger.claims,
        "p_range": _p_range,
        "plans": [_plan(reanalysis, fits, drawn) for fits in reanalysis.by_plan()],
        "not_modelled": reanalysis.not_modelled,
        "interval_kind": words.interval_kind(),
        "other_p": [row for row in reanalysis.reported_p if row.plan is None],
        "overall": overall_answer(reanalysis),
        "measures": _measures(reanalysis),
        "overall_rows": overall_rows(reanalysis),
        "priors": _priors(reanalysis),
        "diagnostics": DIAGNOSTICS,
        "fits": [_fit(fit) for fit in reanalysis.fits],
        "worst_mcse": _worst_mcse(reanalysis),
        "patients": reanalysis.patients,
        "reconstructed": reanalysis.reconstructed,
        "command": f"mgbayes reanalyze {study.id}"
        + (" --patients FILE" if reanalysis.patients else "")
        + (" --curves ENDPOINT=FILE" if reanalysis.reconstructed else ""),
        "provenance": provenance(reanalysis),
    }


def _p_range(test: TestResult) -> str:
    low, high = f"{test.p_low:.3g}", f"{test.p_high:.3g}"
    return f"p {low}" if low == high else f"p {low} to {high}"


def _plan(
    reanalysis: Reanalysis, fits: list[Fit], drawn: Mapping[str, tuple[Picture, Path]]
) -> dict[str, Any]:
    first = fits[0].plan
    return {
        "title": first.title,
        "question": first.question,
        "role": first.role,
        "answer": answer.plan_answer(reanalysis, fits),
        "figures": [name for name, (picture, _) in drawn.items() if picture.plan == first.id],
        "rows": [
            {
                "label": row.estimand.label,
                "family": words.model_of(fit),
                "interval": words.interval(row),
                "benefit": "" if row.p_benefit is None else words.percent(row.p_benefit),
                "important": ""
                if row.p_important is None
                else f"{words.percent(row.p_important)} (beyond {words.value(row.estimand, row.threshold or 0.0)})",
            }
            for fit in fits
            for row in reanalysis.summaries(fit)
            if row.estimand.of_arms
        ],
        "of_patients": [
            {
                "label": row.estimand.label,
                "family": words.model_of(fit),
                "interval": words.interval(row),
                "above": "" if row.estimand.null == 0 else words.percent(row.p_above_null),
            }
            for fit in fits
            for row in reanalysis.summaries(fit)
            if not row.estimand.of_arms
        ],
        "reported_p": [row for row in reanalysis.reported_p if row.plan == first.id],
        "predictive": [text for text in map(answer.predictive_answer, fits) if text],
        "failed": [answer.failure(fit) for fit in fits if fit.status == "failed"],
    }


def _priors(reanalysis: Reanalysis) -> list[dict[str, str]]:
    rows = []
    for fit in reanalysis.fits:
        for name, prior in fit.priors.items() if fit.agreement is None else ():
            around = prior.interval(PROB)
            rows.append(
                {
                    "plan": fit.plan.title,
                    "family": words.family(fit.family),
                    "parameter": name,
                    "prior": prior.call(),
                    "interval": ""
                    if around is None
                    else f"{words.number(around[0])} to {words.number(around[1])}",
                    "why": prior.why,
                }
            )
    return rows


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "title": f"{fit.plan.title}, {words.model_of(fit)}",
        "status": str(fit.status),
        "figures": [f"{getattr(fit.diagnostics, row.id):.4g}" for row in DIAGNOSTICS],
    }


def _measures(reanalysis: Reanalysis) -> set[str]:
    """How the ids of the estimands on the page begin, for its list of words."""
    return {"_".join(row.id.split("_")[:2]) for fit in reanalysis.fits for row in fit.estimands}


def _worst_mcse(reanalysis: Reanalysis) -> str:
    errors = [
        row.mcse_p_benefit
        for fit in reanalysis.fits
        for row in reanalysis.summaries(fit)
        if row.mcse_p_benefit is not None
    ]
    return f"{max(errors, default=0):.2g}"
