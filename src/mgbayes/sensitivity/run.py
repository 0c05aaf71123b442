"""How far the conclusion can be pushed: by priors, families, doubtful numbers and kinds of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.run import Job, applies, evidence_of
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan, shipped_plans
from mgbayes.sensitivity.cell import Cell, cell_key, make_cell
from mgbayes.sensitivity.decision import Flips, Rule, flips
from mgbayes.sensitivity.grid import settings
from mgbayes.sensitivity.kept_work import Work, finish
from mgbayes.sensitivity.tipping_fits import REFITS, Tipping, tipping, tipping_settings
from mgbayes.study.schema import Study

Say = Callable[[str], None]
DEFAULT_PROBABILITY = 0.95

CELLS: Work[Cell] = Work("cells", cell_key, make_cell, Cell.to_text, Cell.from_text)


@dataclass(frozen=True)
class Grid:
    """Every cell of every plan, what they make of the conclusion, and where it tips."""

    study: Study
    plans: tuple[Plan, ...]
    cells: tuple[Cell, ...]
    flips: tuple[Flips, ...]
    tipping: tuple[Tipping, ...]

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
    say: Say = lambda text: None,
) -> Grid:
    """Fit every cell of the plans' grids, and their tipping surfaces unless ``surfaces`` is false.

    ``plans`` defaults to the shipped ones that the study has the endpoints of and that vary a prior. Each fit is
    kept on disk as soon as it is made. The same seed gives the same result whatever the number of processes.
    Raises InputError, before anything is fitted, when a plan asks for what the study or its model lacks.
    """
    chosen = _varying(study) if plans is None else _asked(plans)
    grid = [setting for plan in chosen for setting in settings(study, plan)]
    coarse = [tipping_settings(study, plan, row) for plan in chosen for row in plan.sensitivity if surfaces]
    cells = finish(CELLS, grid, cores=cores, use_cache=use_cache, say=say)
    flat = [setting for points in coarse for setting in points]
    refits = iter(finish(REFITS, flat, cores=cores, use_cache=use_cache, say=say))
    say("tipping surfaces")
    return Grid(
        study=study,
        plans=chosen,
        cells=tuple(cells),
        flips=tuple(_flips(study, chosen, cells)),
        tipping=tuple(tipping(points, [next(refits) for _ in points]) for points in coarse),
    )


def rule_of(study: Study, plan: Plan, estimand: Estimand) -> Rule:
    """The plan's rule for one of its estimands; those that it does not name are judged alike."""
    probability = plan.decision.probability if plan.decision else DEFAULT_PROBABILITY
    side = "<" if estimand.benefit == "lower" else ">"
    return Rule(estimand.label, f"{side} {estimand.null:g}", probability, study.contrast.label)


def _varying(study: Study) -> tuple[Plan, ...]:
    return tuple(plan for plan in shipped_plans() if plan.sensitivity and applies(study, plan))


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


def _flips(study: Study, plans: Sequence[Plan], cells: Sequence[Cell]) -> Iterator[Flips]:
    for plan in plans:
        module = MODELS[plan.model].load()
        data = evidence_of(module, Job(study, plan, plan.family))
        declared = {row.id: row for row in module.declared(data)}
        for varied in plan.sensitivity:
            mine = [
                cell
                for cell in cells
                if (cell.plan, cell.effect, cell.estimand) == (plan.id, varied.effect, varied.estimand)
            ]
            yield flips(mine, rule_of(study, plan, declared[varied.estimand]))
