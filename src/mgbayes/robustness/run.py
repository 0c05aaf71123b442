"""Sensitivity of the conclusion to priors, model families, suspected misprints, the evidence used and confounding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mgbayes.errors import InputError, Problem
from mgbayes.executor import Executor
from mgbayes.inference.job import Job, jobs_of
from mgbayes.models.plan import Plan
from mgbayes.planning.check import checked_jobs
from mgbayes.planning.choose import plans_of
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.robustness.cell import FROM_REPORTS, REFITTED, Cell
from mgbayes.robustness.confounding import CONFOUNDING, PlanConfounding, confounding_settings
from mgbayes.robustness.decision import Flips, Rule, flips
from mgbayes.robustness.power_scaling import POWERS, PowerScaling, power_settings
from mgbayes.robustness.reference_priors import has_cohorts
from mgbayes.robustness.settings import Setting, settings
from mgbayes.robustness.tasks import Kind, results_of
from mgbayes.robustness.tipping import REFITS, Tipping, tipping, tipping_settings
from mgbayes.study.cohorts import context_cohorts, embedded_cohorts
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import CohortEvidence, cohort_evidence


@dataclass(frozen=True)
class Grid:
    """Every cell of every plan, its decisions and tipping points, power scaling, other cohorts and confounding."""

    study: Study
    plans: tuple[Plan, ...]
    cells: tuple[Cell, ...]
    flips: tuple[Flips, ...]
    tipping: tuple[Tipping, ...]
    powers: tuple[PowerScaling, ...] = ()
    cohorts: CohortEvidence | None = None
    confounding: tuple[PlanConfounding, ...] = ()

    @property
    def failed(self) -> tuple[Cell, ...]:
        """Cells whose fit failed; a reported p value that no draw agrees with is not among them."""
        return tuple(cell for cell in self.cells if not cell.usable and not cell.disagrees)


@on_a_bar
def sensitivity(
    study: Study,
    plans: Sequence[Plan] | None = None,
    *,
    cores: int = 2,
    use_cache: bool = True,
    surfaces: bool = True,
    cluster: str | None = None,
    say: Say = quiet,
) -> Grid:
    """Make every cell of the plans' grids, and their tipping surfaces unless ``surfaces`` is false.

    ``plans`` defaults to those of ``reanalyze`` that vary a prior. Each result is cached as soon as it is made. The
    same seed gives the same result whatever the number of processes, and on a Dask cluster of like machines whose
    scheduler listens at ``cluster``. Raises InputError, before anything is fitted, when a plan names what the study
    or its model lacks, or no cluster answers.

    Example:
        >>> import mgbayes as mb
        >>> plan = mb.load_plan("binary")
        >>> grid = mb.sensitivity(mb.load_study("litchman2020"), [plan], surfaces=False)
        >>> len(grid.failed), {cell.belief for cell in grid.cells} >= {"plan", "skeptical, strong"}
        (0, True)
    """
    chosen = _varying(study) if plans is None else _checked(plans)
    checked_jobs(study, chosen, partial(jobs_of, study))
    results = partial(results_of, executor=Executor(cores, cluster), use_cache=use_cache, say=say)
    grid = [setting for plan in chosen for setting in settings(study, plan)]
    coarse = [tipping_settings(study, plan, row) for plan in chosen for row in plan.sensitivity if surfaces]
    first: dict[Kind[Any], list[Setting]] = {
        FROM_REPORTS: grid,
        POWERS: power_settings(grid),
        CONFOUNDING: confounding_settings(grid),
    }
    first_results = iter(results([(kind, setting) for kind, rows in first.items() for setting in rows]))
    cells, powers, confounding = ([next(first_results) for _ in rows] for rows in first.values())
    far = [i for i, cell in enumerate(cells) if cell is None]
    refits = iter(
        results(
            [(REFITTED, grid[i]) for i in far] + [(REFITS, point) for points in coarse for point in points]
        )
    )
    for i in far:
        cells[i] = next(refits)
    say("tipping surfaces")
    return Grid(
        study=study,
        plans=chosen,
        cells=tuple(cells),
        flips=tuple(_flips(study, chosen, cells)),
        tipping=tuple(tipping(points, [next(refits) for _ in points]) for points in coarse),
        powers=tuple(powers),
        cohorts=_other_cohorts(study, chosen),
        confounding=tuple(confounding),
    )


def _varying(study: Study) -> tuple[Plan, ...]:
    """The plans of a re-analysis of the paper that vary a prior. Raises InputError where nothing can be modelled."""
    plans = plans_of(study).plans
    return tuple(plan for plan in plans if plan.sensitivity) or _checked(plans)


def _checked(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans of the user. Raises InputError for those that vary nothing."""
    problems = [
        Problem(f"plan {plan.id}", "no [[sensitivity]] table", "at least one effect whose prior is varied")
        for plan in plans
        if not plan.sensitivity
    ]
    if problems:
        raise InputError("sensitivity", problems, "The shipped plans of outcomes are examples.")
    return tuple(plans)


def _other_cohorts(study: Study, plans: Sequence[Plan]) -> CohortEvidence | None:
    """The evidence from other cohorts for the first claim that a plan names; None without any."""
    claims = [varied.cohorts for plan in plans for varied in plan.sensitivity if varied.cohorts]
    claim = next((name for name in claims if has_cohorts(study, name)), None)
    if claim is None:
        return None
    return cohort_evidence(study, embedded_cohorts(), claim=claim, context=context_cohorts())


def _flips(study: Study, plans: Sequence[Plan], cells: Sequence[Cell]) -> Iterator[Flips]:
    for plan in plans:
        declared = {row.id: row for row in Job(study, plan, plan.family).declared()}
        for varied in plan.sensitivity:
            about = (plan.id, varied.effect, varied.estimand)
            mine = [cell for cell in cells if (cell.plan, cell.effect, cell.estimand) == about]
            estimand = declared[varied.estimand]
            side = "<" if estimand.benefit == "lower" else ">"
            rule = Rule(
                estimand.label, f"{side} {estimand.null:g}", plan.rule_probability, study.contrast.label
            )
            yield flips(mine, rule)
