"""What is said of a grid where a decision hangs on simulation error."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from mgbayes.report.grid_words import sentences
from mgbayes.sensitivity.cell import Cell
from mgbayes.sensitivity.decision import flips
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
