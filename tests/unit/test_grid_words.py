"""What is said of a grid where a decision hangs on simulation error."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mgbayes.models.plan import Sensitivity
from mgbayes.report.grid_words import sentences
from mgbayes.robustness.cell import Cell
from mgbayes.robustness.decision import flips
from mgbayes.robustness.tipping import Surface, Tipping
from tests.unit.test_decision import CELL, RULE


def _cell(belief: str, p: float) -> Cell:
    return replace(CELL, belief=belief, is_base=belief == "plan", p_benefit=p, mcse_p_benefit=0.003)


@pytest.mark.parametrize(
    ("planned", "others", "said"),
    [
        (
            0.88,
            (0.99, 0.952),
            "not drawn; of 3 cells with estimates 1 decides otherwise and 1 is too close to call.",
        ),
        (0.88, (0.90, 0.91), "not drawn; of 3 cells with estimates none decides otherwise."),
        (
            0.952,
            (0.99, 0.88),
            "P is 95 %, which is too close to call, so that there is no decision to compare with.",
        ),
    ],
)
def test_what_is_too_close_to_call_is_said_to_be(
    planned: float, others: tuple[float, ...], said: str
) -> None:
    cells = [_cell("plan", planned), *(_cell(f"prior {i}", p) for i, p in enumerate(others))]
    grid: Any = SimpleNamespace(tipping=(), flips=(flips(cells, RULE),))
    (text,) = sentences(grid)
    assert said in text


@pytest.mark.parametrize(
    ("p", "tipping", "said"),
    [
        ((0.5, 0.9), None, "No prior centred at no effect brings P to 0.95, from SD 0.1 to 1 (log scale)."),
        ((0.97, 0.99), None, "P is 0.95 or more under every prior centred at no effect, from SD 0.1 to 1"),
        ((0.5, 0.99), 0.6, "the prior must have an SD of at least 0.6 for P to reach 0.95."),
    ],
)
def test_priors_at_no_effect_that_never_or_always_reach_the_rule_are_told_apart(
    p: tuple[float, float], tipping: float | None, said: str
) -> None:
    row = flips([_cell("plan", 0.96)], RULE)
    surface = Surface(np.array([0.0]), np.array([0.1, 1.0]), np.array([p]), np.zeros((1, 2)))
    varied = Sensitivity(effect="log_ratio", estimand=row.estimand, expected=2.0, why="a test")
    tip = Tipping(row.plan, varied, surface, ((0.95, tipping),), refits=1, failed=0)
    grid: Any = SimpleNamespace(tipping=(tip,), flips=(row,))
    (text,) = sentences(grid)
    assert said in text
