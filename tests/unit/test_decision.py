"""Decisions counted by brute force over every pair of cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mgbayes.inference.diagnostics import Status
from mgbayes.robustness.cell import Cell
from mgbayes.robustness.decision import FACTORS, Flips, Rule, flips, variance_explained

RULE = Rule("time ratio", "< 1", 0.95, "MuSK+")
CELL = Cell(
    "toy", "effect", "ratio", "plan", "a", "as published", "published", False, "", 0, 1, Status.ok, ""
)
PRIORS, FAMILIES, READINGS = ("plan", "skeptical", "hopeful"), ("a", "b"), ("as published", "slip")


def _cells(seed: int) -> list[Cell]:
    """A full grid with random probabilities, one cell failed and one whose printed p no draw agrees with."""
    rng = np.random.default_rng(seed)
    rows = [
        replace(
            CELL,
            belief=belief,
            family=family,
            numbers=numbers,
            is_base=(belief, family, numbers) == ("plan", "a", "as published"),
            p_benefit=float(rng.uniform(0.85, 1.0)),
        )
        for belief, family, numbers in product(PRIORS, FAMILIES, READINGS)
    ]
    rows[5] = replace(rows[5], status=Status.failed, p_benefit=None)
    rows[7] = replace(rows[7], status=Status.failed, p_benefit=None, agreeing_share=0.0)
    return rows


def _levels(cell: Cell) -> tuple[str, ...]:
    return (cell.belief, cell.family, cell.numbers, cell.evidence)


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_a_loop_over_all_pairs(seed: int) -> None:
    cells = _cells(seed)
    found = flips(cells, RULE)
    usable = [cell for cell in cells if cell.p_benefit is not None]
    base = usable[0]
    yes = {id(cell): (cell.p_benefit or 0) >= 0.95 for cell in usable}
    assert (found.cells, found.failed, found.disagreeing, found.usable) == (12, 1, 1, 10)
    assert found.apart == sum(yes[id(cell)] != yes[id(base)] for cell in usable)
    assert found.share_apart == pytest.approx((found.apart or 0) / 10)
    assert found.concluding == sum(yes.values())
    for at, driver in enumerate(found.drivers):
        pairs = [
            (one, other)
            for i, one in enumerate(usable)
            for other in usable[i + 1 :]
            if [k for k in range(4) if _levels(one)[k] != _levels(other)[k]] == [at]
        ]
        alone = [(one, other) for one, other in pairs if base in (one, other)]
        assert driver.factor == list(FACTORS)[at]
        assert driver.pairs == len(pairs)
        assert driver.pairs_apart == sum(yes[id(one)] != yes[id(other)] for one, other in pairs)
        assert driver.alone == len(alone)
        assert driver.alone_apart == sum(yes[id(one)] != yes[id(other)] for one, other in alone)


def test_the_variance_explained_in_a_balanced_grid_adds_up_to_one_without_interaction() -> None:
    a, b = np.meshgrid([0.0, 1.0, 5.0], [0.0, 3.0])
    y, rows, columns = (a + b).ravel(), [str(v) for v in b.ravel()], [str(v) for v in a.ravel()]
    parts = [variance_explained(y, rows), variance_explained(y, columns)]
    assert sum(part or 0 for part in parts) == pytest.approx(1)
    # by hand: between rows 6 (1.5)² = 13.5; between columns 2 (4 + 1 + 9) = 28
    assert parts == pytest.approx([13.5 / 41.5, 28 / 41.5])


def test_a_factor_with_one_level_explains_nothing_that_can_be_said() -> None:
    assert variance_explained([0.1, 0.9], ["a", "a"]) is None
    assert variance_explained([0.5, 0.5], ["a", "b"]) is None


def test_without_the_plans_own_fit_there_is_nothing_to_compare_with() -> None:
    cells = [replace(cell, is_base=False) for cell in _cells(1)]
    found: Flips = flips(cells, RULE)
    assert found.concludes is None
    assert found.apart is None
    assert found.share_apart is None


def test_all_cells_failed() -> None:
    found = flips([replace(CELL, status=Status.failed)] * 2, RULE)
    assert (found.usable, found.failed, found.low, found.high) == (0, 2, None, None)


def test_the_rule_is_a_sentence() -> None:
    assert RULE.sentence == ("Conclude that MuSK+ does better when P(time ratio < 1) is at least 0.95.")
    assert RULE.decides(0.95)
    assert not RULE.decides(0.9499)


@pytest.mark.parametrize(
    ("p", "mcse", "decision"),
    [(0.9508, 0.003, None), (0.9442, 0.003, None), (0.957, 0.003, True), (0.943, 0.003, False)],
)
def test_within_two_simulation_errors_of_the_rule_nothing_is_decided(
    p: float, mcse: float, decision: bool | None
) -> None:
    assert RULE.decides(p, mcse) is decision


def test_a_cell_too_close_to_call_is_counted_as_such_and_turns_nothing() -> None:
    base = replace(CELL, is_base=True, p_benefit=0.88, mcse_p_benefit=0.004)
    close = replace(CELL, evidence="published+p", p_benefit=0.951, mcse_p_benefit=0.003)
    clear = replace(CELL, belief="hopeful", p_benefit=0.99, mcse_p_benefit=0.001)
    found = flips([base, close, clear], RULE)
    assert (found.concludes, found.concluding, found.close, found.apart) == (False, 1, 1, 1)
    apart = {driver.factor: (driver.pairs_apart, driver.alone_apart) for driver in found.drivers}
    assert apart == {"prior": (1, 1), "family": (0, 0), "suspected misprints": (0, 0), "evidence": (0, 0)}


def test_a_plan_too_close_to_call_decides_nothing() -> None:
    base = replace(CELL, is_base=True, p_benefit=0.951, mcse_p_benefit=0.003)
    found = flips([base, replace(CELL, belief="hopeful", p_benefit=0.99, mcse_p_benefit=0.001)], RULE)
    assert (found.p_benefit, found.concludes, found.apart, found.share_apart) == (0.951, None, None, None)
    assert [driver.alone_apart for driver in found.drivers] == [0, 0, 0, 0]
