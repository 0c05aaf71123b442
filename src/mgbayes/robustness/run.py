"""How far the conclusion can be pushed: by priors, families, doubtful numbers and kinds of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.run import Job, jobs_of
from mgbayes.models.plan import Plan
from mgbayes.planning.check import checked_jobs
from mgbayes.planning.choose import plans_of
from mgbayes.robustness.cell import Cell, cell_by_refit, cell_from_parent, cell_key
from mgbayes.robustness.cohort_belief import speaks_of
from mgbayes.robustness.confounding_work import CONFOUNDING, PlanConfounding, own_settings
from mgbayes.robustness.decision import Flips, Rule, flips
from mgbayes.robustness.grid import settings
from mgbayes.robustness.kept_work import Crew, Work, finish
from mgbayes.robustness.power_scaling import POWERS, PowerScaling, power_settings
from mgbayes.robustness.tipping_fits import REFITS, Tipping, tipping, tipping_settings
from mgbayes.study.cohorts import context_cohorts, embedded_cohorts
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import CohortEvidence, cohort_evidence

Say = Callable[[str], None]
DEFAULT_PROBABILITY = 0.95

FROM_REPORTS: Work[Cell] = Work(
    "cells", cell_key, cell_from_parent, Cell.to_text, Cell.from_text, starts_from_reports=True
)
REFITTED: Work[Cell] = Work("cells", cell_key, cell_by_refit, Cell.to_text, Cell.from_text)


@dataclass(frozen=True)
class Grid:
    """Every cell of every plan, what they make of the conclusion, where it tips, and what each component does."""

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
        """Cells whose fit failed; a printed p that no draw agrees with is not among them."""
        return tuple(cell for cell in self.cells if not cell.usable and not cell.disagrees)


def sensitivity(
    study: Study,
    plans: Sequence[Plan] | None = None,
    *,
    cores: int = 2,
    use_cache: bool = True,
    surfaces: bool = True,
    cluster: str | None = None,
    say: Say = lambda text: None,
) -> Grid:
    """Make every cell of the plans' grids, and their tipping surfaces unless ``surfaces`` is false.

    ``plans`` defaults to those of ``reanalyze`` that vary a prior. Each result is
    kept on disk as soon as it is made. The same seed gives the same result whatever the number of processes, and
    on a Dask cluster of like machines whose scheduler listens at ``cluster``.
    Raises InputError, before anything is fitted, when a plan asks for what the study or its model lacks, or no
    cluster answers.
    """
    chosen = _varying(study) if plans is None else _asked(plans)
    checked_jobs(study, chosen, partial(jobs_of, study))
    crew = Crew(cores, cluster, use_cache)
    grid = [setting for plan in chosen for setting in settings(study, plan)]
    coarse = [tipping_settings(study, plan, row) for plan in chosen for row in plan.sensitivity if surfaces]
    own, shifted = power_settings(grid), own_settings(grid)
    first = iter(
        finish(
            [(FROM_REPORTS, setting) for setting in grid]
            + [(POWERS, setting) for setting in own]
            + [(CONFOUNDING, setting) for setting in shifted],
            crew,
            say,
        )
    )
    cells, powers, confounding = ([next(first) for _ in part] for part in (grid, own, shifted))
    far = [i for i, cell in enumerate(cells) if cell is None]
    made = finish(
        [(REFITTED, grid[i]) for i in far] + [(REFITS, point) for points in coarse for point in points],
        crew,
        say,
    )
    for i, cell in zip(far, made, strict=False):
        cells[i] = cell
    refits = iter(made[len(far) :])
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


def rule_of(study: Study, plan: Plan, estimand: Estimand) -> Rule:
    """The plan's rule for one of its estimands; those that it does not name are judged alike."""
    probability = plan.decision.probability if plan.decision else DEFAULT_PROBABILITY
    side = "<" if estimand.benefit == "lower" else ">"
    return Rule(estimand.label, f"{side} {estimand.null:g}", probability, study.contrast.label)


def _varying(study: Study) -> tuple[Plan, ...]:
    """The plans of a re-analysis of the print that vary a prior. Raises InputError where nothing can be modelled."""
    plans = plans_of(study).plans
    return tuple(plan for plan in plans if plan.sensitivity) or _asked(plans)


def _asked(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans that were asked for. Raises InputError for those that say nothing of what to vary."""
    problems = [
        Problem(f"plan {plan.id}", "no [[sensitivity]] table", "at least one effect whose prior is varied")
        for plan in plans
        if not plan.sensitivity
    ]
    if problems:
        raise InputError("sensitivity", problems, "The shipped plans of outcomes are examples.")
    return tuple(plans)


def _other_cohorts(study: Study, plans: Sequence[Plan]) -> CohortEvidence | None:
    """What other published cohorts say of a claim that a plan varies a prior about; None where they say nothing."""
    for plan in plans:
        for varied in plan.sensitivity:
            if varied.cohorts and speaks_of(study, varied.cohorts):
                return cohort_evidence(
                    study, embedded_cohorts(), claim=varied.cohorts, context=context_cohorts()
                )
    return None


def _flips(study: Study, plans: Sequence[Plan], cells: Sequence[Cell]) -> Iterator[Flips]:
    for plan in plans:
        declared = {row.id: row for row in Job(study, plan, plan.family).declared()}
        for varied in plan.sensitivity:
            mine = [
                cell
                for cell in cells
                if (cell.plan, cell.effect, cell.estimand) == (plan.id, varied.effect, varied.estimand)
            ]
            yield flips(mine, rule_of(study, plan, declared[varied.estimand]))
