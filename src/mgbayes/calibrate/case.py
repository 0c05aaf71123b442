"""What is calibrated: a plan's model under one family, on published summaries or on patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan


@dataclass(frozen=True)
class Case:
    """A plan (with its family), the form of its data, and what its model takes of patients besides."""

    plan: Plan
    on_patients: bool = False
    adjusted: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The case in one word, which also names its evidence."""
        form = ["patients"] if self.on_patients else []
        return "-".join((self.plan.id, self.plan.family, *form, *self.adjusted))

    def path(self, folder: Path) -> Path:
        """Where the evidence is stored."""
        return folder / f"{self.name}.json"

    @property
    def command(self) -> str:
        """The command that makes the evidence."""
        form = ["--patients"] if self.on_patients else []
        taken = [f"--adjusted {name}" for name in self.adjusted]
        return " ".join(["mgbayes calibrate", self.plan.id, "--family", self.plan.family, *form, *taken])


def required(plans: Sequence[Plan]) -> tuple[Case, ...]:
    """The evidence that plans ask for: every family in each form of data that it takes, and the adjusted fits."""
    return tuple(case for plan in plans if plan.role == "outcome" for case in _cases(plan))


def _cases(plan: Plan) -> list[Case]:
    row = MODELS[plan.model]
    families = [plan.with_family(family) for family in (plan.family, *plan.alternative_families)]
    cases = [Case(each) for each in families if not row.needs_patients(each.family)]
    if row.takes_patients:
        cases += [Case(each, True) for each in families if each.family not in row.from_print_only]
        cases += [Case(plan, True, adjusted) for adjusted in _adjustments(plan)]
    return cases


def _adjustments(plan: Plan) -> list[tuple[str, ...]]:
    """Covariates, and a frailty besides, where the plan has them."""
    covariates = ("covariates",) if plan.patients.covariates else ()
    frailty = [(*covariates, "frailty")] if plan.patients.frailty else []
    return ([covariates] if covariates else []) + frailty
