"""results.json: everything that a re-analysis found, for machines."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes import __version__
from mgbayes.cache import source_hash, versions
from mgbayes.estimands.summary import EstimandSummary
from mgbayes.grade.findings import Finding, findings
from mgbayes.inference.diagnostics import Status
from mgbayes.inference.fit import Fit
from mgbayes.inference.published_use import PublishedUse, published_use
from mgbayes.inference.store import LIBRARIES
from mgbayes.overall.benefit import OverallBenefit
from mgbayes.overall.main_outcomes import MainOutcomes, main_outcomes
from mgbayes.planning.missing import Missing
from mgbayes.report import words
from mgbayes.robustness.confounding import Confounded, confounded, is_asked
from mgbayes.robustness.reported_p import ReportedP, reported_p
from mgbayes.study.schema import Study
from mgbayes.verification.result import Ledger

if TYPE_CHECKING:
    import xarray as xr

SCHEMA_VERSION = 1
FLOAT = "%.10g"
"""Significant digits of a written number: fewer than those in which processors round differently."""


@dataclass(frozen=True)
class Patients:
    """What is told of a spreadsheet: how many patients each arm has, and whether they are made up."""

    by_arm: Mapping[str, int]
    synthetic: bool
    file_sha256: str | None
    masked_below: int | None = None
    hidden: tuple[str, ...] = ()
    """Endpoints of which nothing from the patients is told, since a cell is smaller than ``masked_below``."""

    @property
    def total(self) -> int:
        """All patients."""
        return sum(self.by_arm.values())


def about(patients: xr.Dataset) -> Patients:
    """What is told of a dataset of patients."""
    arms, counts = np.unique(patients["arm"].to_numpy().astype(str), return_counts=True)
    by_arm = dict(zip(arms.tolist(), counts.tolist(), strict=True))
    about_file = patients.attrs
    file, below = str(about_file["file_sha256"]) or None, about_file.get("masked_below")
    return Patients(by_arm, bool(about_file["synthetic"]), file, below, tuple(about_file.get("hidden", ())))


@dataclass(frozen=True)
class Reanalysis:
    """A study, its ledger, its fits, and what the fits say."""

    study: Study
    ledger: Ledger
    fits: tuple[Fit, ...]
    patients: Patients | None = None
    not_modelled: tuple[Missing, ...] = ()

    @cached_property
    def main_outcomes(self) -> MainOutcomes:
        """The benefit over all main outcomes, or why there is none."""
        return main_outcomes(self.study, self.fits, words.model_of)

    @property
    def overall(self) -> OverallBenefit | None:
        """The benefit over all main outcomes; None unless there are two, each with a fit that can be used."""
        return self.main_outcomes.benefit

    @cached_property
    def reported_p(self) -> tuple[ReportedP, ...]:
        """Every p value that the paper reports between the arms on its outcomes: used as evidence, or why not."""
        return reported_p(self.study, self.ledger, self.fits)

    @cached_property
    def published_use(self) -> tuple[PublishedUse, ...]:
        """Every claim with numbers: the plans whose model uses it, or why none does."""
        fits = (fit for fit in self.fits if fit.evidence == "published" and fit.module is not None)
        analyses = {fit.plan.id: (fit.plan, fit.module) for fit in fits}
        needed = {row.endpoint: row.needed for row in self.not_modelled}
        return published_use(self.study, analyses.values(), needed)

    @cached_property
    def summary_of_findings(self) -> tuple[Finding, ...]:
        """Of each outcome the effect, how robust it is, and the certainty of the evidence."""
        return findings(self.study, self.fits)

    @property
    def main_findings(self) -> tuple[Finding, ...]:
        """The main estimand of each outcome."""
        return tuple(row for row in self.summary_of_findings if row.main)

    @property
    def reconstructed(self) -> bool:
        """Whether any fit stands on patients that were reconstructed from curves."""
        return any(fit.pooled is not None for fit in self.fits)

    @property
    def evidence(self) -> str:
        """What the answers stand on first."""
        return "published" if self.patients is None else "patients"

    def summaries(self, fit: Fit) -> tuple[EstimandSummary, ...]:
        """The estimands of a fit in numbers; none from a failed fit."""
        return fit.summaries()

    def confounded(self, fit: Fit) -> dict[str, Confounded]:
        """What confounding could do to each comparison of outcomes; empty where patients were randomized."""
        return {
            row.id: confounded(self.study, fit.plan, row, fit.contrasts[row.id].to_numpy())
            for row in fit.estimands
            if is_asked(self.study, row)
        }

    def by_plan(self) -> list[list[Fit]]:
        """The fits of each plan, in the order in which they were made."""
        plans = dict.fromkeys(fit.plan.id for fit in self.fits)
        return [[fit for fit in self.fits if fit.plan.id == plan] for plan in plans]

    @property
    def failed(self) -> tuple[Fit, ...]:
        """The fits that failed their diagnostics.

        A printed p that no draw agrees with leaves no draws to diagnose: that is a finding about the
        print, told in the report, not a failure of the computation.
        """
        return tuple(
            fit
            for fit in self.fits
            if fit.diagnostics.status is Status.failed and (fit.agreement is None or fit.agreement.share > 0)
        )


def provenance(reanalysis: Reanalysis) -> dict[str, Any]:
    """What is needed to make the same numbers again. No time of day: equal input, equal output."""
    study = reanalysis.study.model_dump_json().encode()
    synthetic = reanalysis.patients is not None and reanalysis.patients.synthetic
    return {
        **({"synthetic_patients": True} if synthetic else {}),
        **({"reconstructed_patients": True} if reanalysis.reconstructed else {}),
        "mgbayes": __version__,
        "python": platform.python_version(),
        "versions": versions(LIBRARIES),
        "study_sha256": hashlib.sha256(study).hexdigest(),
        "source_sha256": source_hash(("models", "inference", "estimands")),
        "seeds": {fit.name: fit.plan.sampling.seed for fit in reanalysis.fits},
    }


def results_json(reanalysis: Reanalysis, files: Iterable[str] = ()) -> dict[str, Any]:
    """The whole of results.json; ``files`` are those written beside it."""
    ledger = reanalysis.ledger.to_json()
    return {
        "schema_version": SCHEMA_VERSION,
        "study": reanalysis.study.id,
        "evidence": reanalysis.evidence,
        "provenance": provenance(reanalysis),
        **({} if reanalysis.patients is None else {"patients": asdict(reanalysis.patients)}),
        "claims": ledger["claims"],
        "findings": ledger["findings"],
        "fits": [_fit_json(reanalysis, fit) for fit in reanalysis.fits],
        "reported_p": [row.to_json() for row in reanalysis.reported_p],
        "published_use": [row.to_json() for row in reanalysis.published_use],
        "summary_of_findings": [_finding_json(row) for row in reanalysis.summary_of_findings],
        "overall": _overall_json(reanalysis.overall),
        "not_modelled": [asdict(row) for row in reanalysis.not_modelled],
        "files": sorted(files),
    }


def _fit_json(reanalysis: Reanalysis, fit: Fit) -> dict[str, Any]:
    return (
        {
            "plan": fit.plan.id,
            "title": fit.plan.title,
            "model": fit.plan.model,
            "family": fit.family,
            "prior": "plan",
            "priors": {
                name: {"distribution": prior.call(), "why": prior.why, "chosen_by": "plan"}
                for name, prior in fit.priors.items()
            },
            "alternative": fit.alternative,
            "evidence": fit.evidence,
            "status": str(fit.status),
            "diagnostics": asdict(fit.diagnostics),
            "printed_p": _agreement_json(fit),
            "predictive_checks": [asdict(row) | {"inside": row.inside} for row in fit.checks],
            "estimands": _estimands_json(reanalysis, fit),
        }
        | _patients_json(fit)
        | _members_json(fit)
    )


def _estimands_json(reanalysis: Reanalysis, fit: Fit) -> list[dict[str, Any]]:
    """The estimands of a fit; where arms without randomization are compared, with what confounding could do."""
    confounded = reanalysis.confounded(fit)
    return [
        row.to_json()
        | ({"confounding": asdict(confounded[row.estimand.id])} if row.estimand.id in confounded else {})
        for row in reanalysis.summaries(fit)
    ]


def _finding_json(row: Finding) -> dict[str, Any]:
    """Of one outcome: where its numbers stand among the fits, and what is said of them together."""
    low, high = row.robustness.range
    return {
        "plan": row.plan.id,
        "fit": row.fit.name,
        "estimand": row.summary.estimand.id,
        "main": row.main,
        "absolute": None if row.absolute is None else row.absolute.estimand.id,
        "patients": list(row.patients) if isinstance(row.patients, tuple) else row.patients,
        "analyses": {
            "p_benefit_low": low,
            "p_benefit_high": high,
            "probability_asked": row.robustness.probability,
            "concluding": row.robustness.concluding.count(True),
            "too_close_to_call": row.robustness.concluding.count(None),
            "analyses": len(row.robustness.chances),
            "missing": row.robustness.missing,
            "conclusion": str(row.robustness.conclusion),
        },
        "certainty": {"level": row.certainty.level, "concerns": list(map(str, row.certainty.concerns))},
    }


def _overall_json(benefit: OverallBenefit | None) -> dict[str, Any] | None:
    """Benefit over all main outcomes: of each, of their mean, of how many, and what it depends on."""
    if benefit is None:
        return None
    return {
        "correlation": benefit.correlation,
        "prior": asdict(benefit.prior),
        "outcomes": [asdict(row) for row in benefit.contrasts],
        "answer": asdict(benefit.main),
        "agreement": [asdict(row) for row in benefit.agreement],
        "variations": [
            {"kind": row.kind, "change": row.change} | asdict(row.overall) for row in benefit.variations
        ],
        "missing": list(benefit.missing),
        "overlapping": list(benefit.overlapping),
    }


def _patients_json(fit: Fit) -> dict[str, Any]:
    """Of a fit on patients: how many it uses, and how well it foresees each."""
    if fit.used is None:
        return {}
    covariates = zip(
        np.asarray(fit.data.get("covariate_name", ())).tolist(),
        np.asarray(fit.data.get("covariate_label", ())).tolist(),
        strict=True,
    )
    return {
        "patients_used": fit.used,
        "adjusted": list(fit.adjusted),
        "covariates": [{"id": name, "label": label} for name, label in covariates],
        "covariates_left_out": np.asarray(fit.data.get("covariate_left_out", ())).tolist(),
        "leave_one_out": asdict(fit.leave_one_out) if fit.leave_one_out else None,
    }


def _members_json(fit: Fit) -> dict[str, Any]:
    """Of a fit on several data sets: their diagnostics, and the variances within and between them."""
    if fit.pooled is None:
        return {}
    return {
        "reconstructed": {
            "members": fit.pooled.members,
            "members_available": fit.pooled.available,
            "patients": fit.pooled.patients,
            "spread": [
                {
                    "id": row.id,
                    "variance_within": row.within,
                    "variance_between": row.between,
                    "share_between": row.share_between,
                }
                for row in fit.pooled.spread
            ],
            "diagnostics_by_member": [asdict(row) for row in fit.pooled.diagnostics],
        }
    }


def _agreement_json(fit: Fit) -> dict[str, Any] | None:
    if fit.agreement is None:
        return None
    return {
        "test": fit.test,
        "claims": list(dict.fromkeys(use.claim for use in fit.agreement.printed_p)),
        "share_of_draws_that_agree": fit.agreement.share,
        "draws": fit.agreement.drawn,
        "estimates_by": "chains of tables" if fit.agreement.by_tables else "selection",
    }


def dump(result: dict[str, Any]) -> str:
    """JSON text, each number to ``FLOAT``; one that is none (a diagnostic not to be computed) becomes null."""
    return json.dumps(_written(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _written(value: Any) -> Any:
    if isinstance(value, float):
        return float(FLOAT % value) if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value
