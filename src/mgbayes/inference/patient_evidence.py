"""What the models take from patients: the same plans, with outcomes observed instead of latent.

Beside the patients' own values stand the summaries that a paper would have printed of them, so that a fitted model
is held against the same numbers either way. A patient counts for an outcome whose values are not missing; ``row``
is the patient's place in the spreadsheet, for those who influence a fit.

Baseline covariates are those that a plan asks for. A yes/no is centred, so that its coefficient is of yes against no;
a number is centred and divided by its SD, so that its coefficient is of one SD more; a category is a yes/no for each
level but the first. What cannot tell patients apart (nobody has a value, all have the same) is left out, with a word
for the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Evidence
from mgbayes.models.plan import CovariateRule, Plan
from mgbayes.models.plan_file import shipped_plans
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.patients.subset import RELATIONS
from mgbayes.study.patient_map import Covariate
from mgbayes.study.schema import Study

_WORDS = {">=": "at_least", "<=": "at_most", ">": "above", "<": "below"}
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}


def from_patients(
    study: Study,
    plan: Plan,
    patients: xr.Dataset,
    adjusted: tuple[str, ...] = (),
    family: str | None = None,
) -> Evidence:
    """What a plan's model takes, with what a fit is ``adjusted`` for, and as a family can hold them.

    Raises NotPrinted when the spreadsheet lacks what it needs, InputError for a covariate that nobody knows.
    """
    covariates = covariates_of(study, plan, patients) if "covariates" in adjusted else None
    rows = PatientRows(study, patients if covariates is None else covariates.complete(patients))
    found = MODELS[plan.model].of(study, plan).from_patients(study, plan, rows, family or plan.family)
    if covariates is not None:
        found |= covariates.data(found["row"], found["present"])
    return found | ({"frailty": np.ones(1)} if "frailty" in adjusted else {})


@dataclass(frozen=True)
class _Column:
    """One column of the design: its values by patient, NaN where missing; its unit, where it is a number."""

    name: str
    label: str
    values: np.ndarray
    unit: str | None = None


@dataclass(frozen=True)
class Covariates:
    """Those that can be used, and what is said of those that cannot."""

    columns: tuple[_Column, ...]
    left_out: tuple[str, ...]
    patient: np.ndarray

    def complete(self, patients: xr.Dataset) -> xr.Dataset:
        """The patients who have all of them."""
        has = np.isfinite([column.values for column in self.columns]).all(axis=0)
        return patients.isel(patient=np.flatnonzero(has))

    def data(self, row: np.ndarray, present: np.ndarray) -> dict[str, np.ndarray]:
        """A model's data of covariates, for the patients in these rows, (2, L)."""
        from mgbayes.models.adjusted import covariate_data  # symbolic too, and heavy to load

        at = np.searchsorted(self.patient, np.where(present == 1, row, self.patient[0]).astype(int))
        parts = [_scaled(column, at, present) for column in self.columns]
        values, labels = np.stack([part for part, _ in parts], axis=-1), [label for _, label in parts]
        names = [column.name for column in self.columns]
        return covariate_data(values, present, names, labels) | {
            "covariate_left_out": np.array(self.left_out, dtype=np.str_)
        }


def _scaled(column: _Column, at: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, str]:
    """Values (2, L) centred over the patients present, and a label that says the unit of its coefficient."""
    values = column.values[at]
    used = values[present == 1]
    centred = values - used.mean()
    if column.unit is None:
        return centred, f"{column.label}, yes against no"
    sd = float(used.std(ddof=1)) or 1.0
    return centred / sd, f"{column.label}, {f'{sd:.3g} {column.unit}'.strip()} (one SD) more"


def covariates_of(study: Study, plan: Plan, patients: xr.Dataset) -> Covariates:
    """The plan's covariates of these patients.

    Raises InputError for one that neither the patient map nor the study knows, unless the plan is a shipped one,
    which is for any study: there it is left out like one that has no values.
    """
    mapped = {row.name: row for row in study.patients.covariates} if study.patients is not None else {}
    _check(study, plan, set(mapped))
    columns: list[_Column] = []
    left_out: list[str] = []
    for rule, text in zip(plan.patients.rules, plan.patients.covariates, strict=True):
        variable = f"covariate.{rule.name}"
        if rule.name not in mapped or variable not in patients:
            left_out.append(f"{text}: the spreadsheet has no such column")
            continue
        for column in _columns(rule, mapped[rule.name], patients[variable].to_numpy().astype(float)):
            known = column.values[np.isfinite(column.values)]
            if not len(known):
                left_out.append(f"{column.label}: no patient has a value")
            elif np.ptp(known) == 0:
                left_out.append(f"{column.label}: the same in all patients")
            else:
                columns.append(column)
    return Covariates(tuple(columns), tuple(left_out), patients["patient"].to_numpy())


def adjustments(study: Study, plan: Plan, patients: xr.Dataset) -> Iterator[tuple[str, ...]]:
    """What the plan's fits on these patients are adjusted for, beside the one that is for nothing.

    Raises InputError as ``covariates_of`` does.
    """
    asked: tuple[str, ...] = ()
    if plan.patients.covariates and covariates_of(study, plan, patients).columns:
        asked = ("covariates",)
        yield asked
    if plan.patients.frailty:
        yield (*asked, "frailty")


def _check(study: Study, plan: Plan, mapped: set[str]) -> None:
    known = mapped | {endpoint.id for endpoint in study.endpoints}
    unknown = [
        text
        for rule, text in zip(plan.patients.rules, plan.patients.covariates, strict=True)
        if rule.name not in known
    ]
    if unknown and plan not in shipped_plans():
        accepted = f"covariates of the patient map: {', '.join(sorted(mapped)) or 'it has none'}"
        raise InputError(
            f"{study.id} with plan {plan.id}",
            [Problem("patients → covariates", repr(text), accepted) for text in unknown],
        )


def _columns(rule: CovariateRule, mapped: Covariate, values: np.ndarray) -> Iterator[_Column]:
    label = mapped.label or mapped.name.replace("_", " ")
    if rule.relation:
        yes = np.where(np.isfinite(values), RELATIONS[rule.relation](values, rule.bound), np.nan)
        bound = f"{rule.bound:g}"
        name = f"{rule.name}_{_WORDS[rule.relation]}_{bound.replace('.', '_').replace('-', 'minus_')}"
        yield _Column(name, f"{label} {_SIGNS[rule.relation]} {bound}", yes)
    elif mapped.kind == "category":
        levels = list(mapped.values)
        for k, level in enumerate(levels[1:], start=1):
            yes = np.where(np.isfinite(values), values == k, np.nan)
            yield _Column(f"{rule.name}_{level}", f"{label} {level.replace('_', ' ')}", yes)
    else:
        yield _Column(rule.name, label, values, mapped.unit if mapped.kind == "number" else None)
