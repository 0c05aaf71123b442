"""The grid as data frames; each becomes a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.robustness.cell import Cell
from mgbayes.robustness.confounding import AfterBias, Confounded
from mgbayes.robustness.power_scaling import Powered, Sensitivities
from mgbayes.robustness.run import Grid
from mgbayes.robustness.tipping import Tipping

if TYPE_CHECKING:
    import pandas as pd

Rows = Iterator[dict[str, Any]]


def cells_frame(cells: Iterable[Cell]) -> pd.DataFrame:
    """One row a cell. One that failed has its status and reason, and no estimates."""
    import pandas as pd

    return pd.DataFrame(asdict(cell) | {"status": str(cell.status)} for cell in cells)


def _decisions(grid: Grid) -> Rows:
    """One row an estimand: the rule, the decision of the plan as it stands, and how many cells decide otherwise."""
    for row in grid.flips:
        yield {
            "plan": row.plan,
            "estimand": row.estimand,
            "rule": row.rule.sentence,
            "cells": row.cells,
            "failed": row.failed,
            "no_draw_agrees": row.disagreeing,
            "usable": row.usable,
            "p_benefit_as_planned": row.p_benefit,
            "concludes_as_planned": row.concludes,
            "cells_concluding": row.concluding,
            "cells_too_close_to_call": row.close,
            "cells_deciding_otherwise": row.apart,
            "share_deciding_otherwise": row.share_apart,
            "p_benefit_low": row.low,
            "p_benefit_high": row.high,
        }


def _drivers(grid: Grid) -> Rows:
    """One row an estimand and factor: the effect of the factor on P(benefit) and on the decision."""
    for row in grid.flips:
        for driver in row.drivers:
            yield {"plan": row.plan, "estimand": row.estimand} | asdict(driver)


_EFFECT = ("plan", "effect", "estimand")
_TIPPING = (*_EFFECT, "p_benefit", "tipping_sd", "refits", "refits_failed")
_SURFACES = (*_EFFECT, "prior_mean", "prior_sd", "p_benefit", "pareto_k", "trusted")


def _tipping(grid: Grid) -> Rows:
    """One row an estimand and level: the SD of the prior centred at no effect that just gives the level."""
    for row in grid.tipping:
        effect = (row.plan, row.varied.effect, row.varied.estimand)
        for level, sd in row.sds:
            yield dict(zip(_TIPPING, (*effect, level, sd, row.refits, row.failed), strict=True))


def surfaces_frame(tipping: Iterable[Tipping]) -> pd.DataFrame:
    """One row a point of a tipping surface; untrusted where Pareto k is too large or no refit is near."""
    import pandas as pd

    return pd.DataFrame(_points(tipping), columns=list(_SURFACES))


def _points(tipping: Iterable[Tipping]) -> Rows:
    for row in tipping:
        effect, surface = (row.plan, row.varied.effect, row.varied.estimand), row.surface
        for i, j in np.ndindex(surface.p_benefit.shape):
            point = (surface.means[i], surface.sds[j], surface.p_benefit[i, j], surface.pareto_k[i, j])
            values = (*effect, *map(float, point), bool(surface.trusted[i, j]))
            yield dict(zip(_SURFACES, values, strict=True))


def _power_scaling(grid: Grid) -> Rows:
    """One row an estimand: how far it moves with the power of the prior and of the likelihood, and the verdict."""
    for plan in grid.powers:
        for row in plan.sensitivities:
            yield asdict(row) | {"verdict": str(row.verdict)}


def _powered(grid: Grid) -> Rows:
    """One row an estimand, component and power: the answer, and the Pareto k of the weights behind it."""
    for plan in grid.powers:
        yield from map(asdict, plan.powered)


CONFOUNDING_COLUMNS = (
    *("plan", "estimand", "label", "unit", "measure", "outcome_taken_as_rare", "outcome_sd", "bias_prior"),
    *("median", "low", "high", "p_benefit", "e_value", "e_value_limit"),
    *("tipping_probability", "tipping_bias", "tipping_factor", "tipping_flatters_contrast"),
    *("tipping_strength", "tipping_confounder_ratio"),
)


def confounding_rows(row: Confounded) -> Rows:
    """Without a prior of the bias, and with the plan's, if it has one; E-values are of the former."""
    about = (row.plan, row.estimand, row.label, row.unit, str(row.measure), row.rare_outcome, row.outcome_sd)
    answers: list[Confounded | AfterBias] = [row, *([row.after] if row.after else [])]
    for answer in answers:
        prior = answer.prior if isinstance(answer, AfterBias) else None
        e_values = (None, None) if isinstance(answer, AfterBias) else (row.e_value, row.e_value_limit)
        numbers = (answer.median, answer.low, answer.high, answer.p_benefit)
        for tip in answer.tips:
            tipping = (
                tip.probability,
                tip.bias,
                tip.factor,
                tip.flatters,
                tip.strength,
                tip.confounder_ratio,
            )
            values = (*about, prior, *numbers, *e_values, *tipping)
            yield dict(zip(CONFOUNDING_COLUMNS, values, strict=True))


def _confounding(grid: Grid) -> Rows:
    """One row an estimand, prior of the bias and probability: the tipping bias, and the E-values."""
    for plan in grid.confounding:
        for row in plan.rows:
            yield from confounding_rows(row)


_TABLES: Mapping[str, tuple[Callable[[Grid], Rows], tuple[str, ...] | None]] = {
    "decisions": (_decisions, None),
    "drivers": (_drivers, None),
    "tipping": (_tipping, _TIPPING),
    "power_scaling": (_power_scaling, tuple(field.name for field in fields(Sensitivities))),
    "powered": (_powered, tuple(field.name for field in fields(Powered))),
    "confounding": (_confounding, CONFOUNDING_COLUMNS),
}
"""The rows of each table, and the columns of one that may be empty."""


def tables(grid: Grid) -> dict[str, pd.DataFrame]:
    """Every table by its name."""
    import pandas as pd

    frames = {
        name: pd.DataFrame(rows(grid), columns=None if columns is None else list(columns))
        for name, (rows, columns) in _TABLES.items()
    }
    return {"cells": cells_frame(grid.cells), "surfaces": surfaces_frame(grid.tipping), **frames}
