"""report.html: one self-contained page. The answer first, then claims, outcomes, and how sure; details are folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.inference.fit import Fit
from mgbayes.report import answer, conclusion, words
from mgbayes.report import document_tables as tables
from mgbayes.report.findings_table import findings_table
from mgbayes.report.live import live
from mgbayes.report.overall_words import overall_answer
from mgbayes.report.picture import Picture
from mgbayes.report.render import render
from mgbayes.report.results import Reanalysis
from mgbayes.verification.result import MEANING


def page(
    reanalysis: Reanalysis,
    drawn: Mapping[str, tuple[Picture, Path]],
    companions: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The page; ``drawn`` holds each figure with its SVG file, ``companions`` pages next to it and their questions.

    Everything from the study file is escaped; figures are held as data, nothing is fetched.
    """
    return render("report.html.j2", drawn, _context(reanalysis, drawn) | {"companions": companions})


def _context(reanalysis: Reanalysis, drawn: Mapping[str, tuple[Picture, Path]]) -> dict[str, Any]:
    study, ledger = reanalysis.study, reanalysis.ledger
    others = [row for row in reanalysis.summary_of_findings if not row.main]
    return {
        "study": study,
        "reference": study.reference,
        "contrast": study.contrast,
        "limitations": words.listed(study.limitations),
        "conclusion": conclusion.conclusion(reanalysis),
        "findings_table": findings_table(reanalysis, reanalysis.main_findings),
        "other_findings": replace(
            findings_table(reanalysis, others), caption="As in the summary of findings.", note=""
        ),
        "robustness": tables.robustness(reanalysis),
        "live": live(reanalysis),
        "short_answer": answer.short_answer(reanalysis),
        "tally": {str(verdict): count for verdict, count in ledger.tally().items()},
        "meaning": {str(verdict): text for verdict, text in MEANING.items()},
        "findings": ledger.findings,
        "claims": tables.claims(reanalysis),
        "published_use": tables.published_use(reanalysis),
        "claims_used": sum(bool(row.plans) for row in reanalysis.published_use),
        "plans": [_plan(reanalysis, fits, drawn) for fits in reanalysis.by_plan()],
        "not_modelled": reanalysis.not_modelled,
        "other_p": tables.reported_p(reanalysis, None),
        "overall": overall_answer(reanalysis),
        "overall_table": tables.overall(reanalysis),
        "measures": _measures(reanalysis),
        "priors": tables.priors(reanalysis),
        "diagnostics": tables.diagnostics(reanalysis),
        "diagnostic_words": DIAGNOSTICS,
        "software": tables.software(reanalysis),
        "patients": reanalysis.patients,
        "reconstructed": reanalysis.reconstructed,
    }


def _plan(
    reanalysis: Reanalysis, fits: list[Fit], drawn: Mapping[str, tuple[Picture, Path]]
) -> dict[str, Any]:
    first = fits[0].plan
    sentences = answer.plan_answer(reanalysis, fits)
    return {
        "id": f"outcome-{first.id}",
        "title": first.title,
        "question": first.question,
        "lead": sentences[0] if first.role == "balance" and sentences else "",
        "answer": sentences[1:] if first.role == "balance" else sentences,
        "figures": [name for name, (picture, _) in drawn.items() if picture.plan == first.id],
        "estimands": tables.estimands(reanalysis, fits, of_arms=True),
        "of_patients": tables.estimands(reanalysis, fits, of_arms=False),
        "reported_p": tables.reported_p(reanalysis, first.id),
        "predictive": [text for text in map(answer.predictive_answer, fits) if text],
        "failed": [answer.failure(fit) for fit in fits if fit.status == "failed"],
    }


def _measures(reanalysis: Reanalysis) -> set[str]:
    """How the ids of the estimands on the page begin, for its list of words."""
    return {"_".join(row.id.split("_")[:2]) for fit in reanalysis.fits for row in fit.estimands}
