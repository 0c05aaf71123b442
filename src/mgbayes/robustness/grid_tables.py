"""The grid as data frames; each becomes a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from mgbayes.robustness.confounding_tables import CONFOUNDING_COLUMNS, confounding_rows
from mgbayes.robustness.power_scaling import Powered, Sensitivities
from mgbayes.robustness.run import Grid

if TYPE_CHECKING:
    import pandas as pd


def cells(grid: Grid) -> pd.DataFrame:
    """One row a cell. One that failed has its status and reason, and no estimates."""
    import pandas as pd

    return pd.DataFrame(asdict(cell) | {"status": str(cell.status)} for cell in grid.cells)


def decisions(grid: Grid) -> pd.DataFrame:
    """One row an estimand: the rule, what the plan as it stands decides, and how many cells decide otherwise."""
    import pandas as pd

    return pd.DataFrame(
        {
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
        for row in grid.flips
    )


def drivers(grid: Grid) -> pd.DataFrame:
    """One row an estimand and factor: what the factor does to P(benefit) and to the decision."""
    import pandas as pd

    return pd.DataFrame(
        {"plan": row.plan, "estimand": row.estimand} | asdict(driver)
        for row in grid.flips
        for driver in row.drivers
    )


def tipping(grid: Grid) -> pd.DataFrame:
    """One row an estimand and level: the SD of the prior centred at no effect that just gives the level."""
    import pandas as pd

    columns = ["plan", "effect", "estimand", "p_benefit", "tipping_sd", "refits", "refits_failed"]
    rows = [
        (row.plan, row.varied.effect, row.varied.estimand, level, sd, row.refits, row.failed)
        for row in grid.tipping
        for level, sd in row.sds
    ]
    return pd.DataFrame(rows, columns=columns)


def surfaces(grid: Grid) -> pd.DataFrame:
    """One row a point of a tipping surface; untrusted where Pareto k is too large or no refit is near."""
    import pandas as pd

    columns = ["plan", "effect", "estimand", "prior_mean", "prior_sd", "p_benefit", "pareto_k", "trusted"]
    rows = [
        (
            row.plan,
            row.varied.effect,
            row.varied.estimand,
            float(mean),
            float(sd),
            float(p),
            float(k),
            bool(ok),
        )
        for row in grid.tipping
        for mean, ps, ks, oks in zip(
            row.surface.means, row.surface.p_benefit, row.surface.pareto_k, row.surface.trusted, strict=True
        )
        for sd, p, k, ok in zip(row.surface.sds, ps, ks, oks, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)


def power_scaling(grid: Grid) -> pd.DataFrame:
    """One row an estimand: how far it moves with the power of the prior and of the likelihood, and the verdict."""
    import pandas as pd

    columns = [field.name for field in fields(Sensitivities)]
    rows = [asdict(row) | {"verdict": str(row.verdict)} for plan in grid.powers for row in plan.sensitivities]
    return pd.DataFrame(rows, columns=columns)


def powered(grid: Grid) -> pd.DataFrame:
    """One row an estimand, component and power: the answer, and the Pareto k of the weights behind it."""
    import pandas as pd

    columns = [field.name for field in fields(Powered)]
    return pd.DataFrame([asdict(row) for plan in grid.powers for row in plan.powered], columns=columns)


def confounding(grid: Grid) -> pd.DataFrame:
    """One row an estimand and probability: the bias at which P(benefit) is just that, and the E-values."""
    import pandas as pd

    return pd.DataFrame(
        [row for plan in grid.confounding for one in plan.rows for row in confounding_rows(one)],
        columns=list(CONFOUNDING_COLUMNS),
    )


TABLES: Mapping[str, Callable[[Grid], pd.DataFrame]] = {
    "cells": cells,
    "decisions": decisions,
    "drivers": drivers,
    "tipping": tipping,
    "surfaces": surfaces,
    "power_scaling": power_scaling,
    "powered": powered,
    "confounding": confounding,
}
