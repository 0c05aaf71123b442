"""How often the conclusion would differ, and which choice it depends on.

A cell concludes that the contrast arm does better when P(benefit) reaches the plan's probability. Draws know P only
to a Monte Carlo standard error: a cell within two of them of that probability is too close to call, and decides
neither way. Three measures of what drives the decision, none of which knows how credible each cell is (a grid is not
a sample of anything):

    variance explained   for each factor, the sum of squares between its levels over the total sum of squares
                         of p_benefit (eta squared: main effects alone, so that they need not add up to one);
    pairs that differ    of all pairs of cells that differ in this factor alone, the share with different decisions;
    one at a time        of the cells that differ from the plan as it stands in this factor alone, how many
                         decide otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter

import numpy as np

from mgbayes.robustness.cell import Cell

FACTORS: Mapping[str, Callable[[Cell], str]] = {
    "prior": attrgetter("belief"),
    "family": attrgetter("family"),
    "suspected misprints": attrgetter("numbers"),
    "evidence": attrgetter("evidence"),
}

CLOSE = 2.0
"""Monte Carlo standard errors from the rule's probability within which a cell decides neither way."""


def concludes(p_benefit: float, mcse: float, probability: float) -> bool | None:
    """Whether P(benefit) reaches a probability; None where draws that know it to ``mcse`` cannot tell."""
    if abs(p_benefit - probability) < CLOSE * mcse:
        return None
    return p_benefit >= probability


@dataclass(frozen=True)
class Rule:
    """When one concludes that the contrast arm does better."""

    label: str
    better: str
    probability: float
    arm: str

    @property
    def sentence(self) -> str:
        """``Conclude that New care does better when P(time ratio < 1) is at least 0.95.``"""
        return (
            f"Conclude that {self.arm} does better when P({self.label} {self.better}) "
            f"is at least {self.probability:g}."
        )

    def decides(self, p_benefit: float, mcse: float = 0.0) -> bool | None:
        """Whether the conclusion is drawn; None where P(benefit) is too close to the rule's probability to call."""
        return concludes(p_benefit, mcse, self.probability)


@dataclass(frozen=True)
class Driver:
    """The effect of one factor on the conclusion, over all cells with estimates."""

    factor: str
    levels: int
    variance_explained: float | None
    pairs: int
    pairs_apart: int
    alone: int
    alone_apart: int


@dataclass(frozen=True)
class Flips:
    """How often cells of one estimand decide otherwise than the plan as it stands.

    ``concludes`` and ``p_benefit`` are those of the plan as it stands, None where that fit failed; ``concludes`` is
    None too where it is too close to call, and without it so is ``apart``. ``close`` counts the cells too close to
    call; ``low`` and ``high`` are the extreme p_benefit over the usable cells.
    """

    plan: str
    estimand: str
    rule: Rule
    cells: int
    failed: int
    disagreeing: int
    p_benefit: float | None
    concludes: bool | None
    concluding: int
    close: int
    apart: int | None
    low: float | None
    high: float | None
    drivers: tuple[Driver, ...]

    @property
    def usable(self) -> int:
        """The cells that have estimates."""
        return self.cells - self.failed - self.disagreeing

    @property
    def share_apart(self) -> float | None:
        """The share of usable cells that decide otherwise."""
        return None if self.apart is None or not self.usable else self.apart / self.usable


def flips(cells: Sequence[Cell], rule: Rule) -> Flips:
    """Count over the cells of one estimand."""
    usable = [_Decided.by(rule, cell) for cell in cells if cell.usable]
    p = [row.p for row in usable]
    base = next((row for row in usable if row.cell.is_base), None)
    conclusion = base.conclusion if base else None
    decided = Counter(row.conclusion for row in usable)
    return Flips(
        plan=cells[0].plan,
        estimand=cells[0].estimand,
        rule=rule,
        cells=len(cells),
        failed=sum(not cell.usable and not cell.disagrees for cell in cells),
        disagreeing=sum(not cell.usable and cell.disagrees for cell in cells),
        p_benefit=base.p if base else None,
        concludes=conclusion,
        concluding=decided[True],
        close=decided[None],
        apart=None if conclusion is None else decided[not conclusion],
        low=min(p, default=None),
        high=max(p, default=None),
        drivers=tuple(_driver(factor, usable, base) for factor in FACTORS),
    )


def variance_explained(values: Sequence[float], levels: Sequence[str]) -> float | None:
    """Eta squared: the sum of squares between levels over the total; None where nothing varies."""
    x, level = np.asarray(values, float), np.asarray(levels)
    if len(set(levels)) < 2 or np.ptp(x) == 0:
        return None
    between = sum(
        (level == name).sum() * (x[level == name].mean() - x.mean()) ** 2 for name in np.unique(level)
    )
    return float(between / np.square(x - x.mean()).sum())


@dataclass(frozen=True, eq=False)
class _Decided:
    """A usable cell with its P(benefit) and its decision."""

    cell: Cell
    p: float
    conclusion: bool | None

    @classmethod
    def by(cls, rule: Rule, cell: Cell) -> _Decided:
        assert cell.p_benefit is not None
        return cls(cell, cell.p_benefit, rule.decides(cell.p_benefit, cell.mcse_p_benefit or 0.0))

    def apart(self, other: _Decided) -> bool:
        """Whether one concludes and the other does not; a cell too close to call is apart from none."""
        return {self.conclusion, other.conclusion} == {True, False}


def _driver(factor: str, usable: Sequence[_Decided], base: _Decided | None) -> Driver:
    levels = [FACTORS[factor](row.cell) for row in usable]
    alike: dict[tuple[str, ...], list[_Decided]] = {}  # but for this factor
    for row in usable:
        rest = tuple(read(row.cell) for name, read in FACTORS.items() if name != factor)
        alike.setdefault(rest, []).append(row)
    pairs = [pair for group in alike.values() for pair in combinations(group, 2)]
    alone = [pair for pair in pairs if base in pair]
    return Driver(
        factor=factor,
        levels=len(set(levels)),
        variance_explained=variance_explained([row.p for row in usable], levels),
        pairs=len(pairs),
        pairs_apart=sum(one.apart(other) for one, other in pairs),
        alone=len(alone),
        alone_apart=sum(one.apart(other) for one, other in alone),
    )
