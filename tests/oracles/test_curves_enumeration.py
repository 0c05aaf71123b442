"""The lattice against all ways in whole numbers, gone through one by one (brute force)."""

from __future__ import annotations

from collections import Counter
from math import comb, exp, log

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from mgbayes.reconstruction.digitized import DigitizedCurve, Series
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.lattice import COARSE, FINE, Lattice, Resolution, Stuck, lattice
from mgbayes.reconstruction.paths import draw_path
from mgbayes.reconstruction.timeline import Count, Fall, Gap, Step

DRAWS = 4000


def _ways(steps: list[Step], n: int, total: int | None) -> dict[tuple[int, ...], float]:
    """The probability of each way: binomial censoring, 1 / d for d events, the level's interval."""
    ways = {(): (n, 1.0, 0, 1.0)}
    for step in steps:
        after = {}
        for path, (left, survival, events, weight) in ways.items():
            for gone in range(left + 1):
                s, w, e = survival, weight, events
                if isinstance(step, Gap):
                    if gone == left and left:
                        continue
                    w *= comb(left, gone) * step.chance**gone * (1 - step.chance) ** (left - gone)
                elif isinstance(step, Fall):
                    if gone < step.least or left == 0:
                        continue
                    s, e, w = survival * (1 - gone / left), events + gone, weight / max(gone, 1)
                    if not step.low <= s <= step.high:
                        continue
                elif gone or left != step.number:
                    continue
                after[(*path, gone)] = (left - gone, s, e, w)
        ways = after
    return {path: w for path, (_, _, e, w) in ways.items() if total is None or e == total}


WITHOUT_TABLE = [
    Gap(0, 1, 0.2, None),
    Fall(1, 0.80, 0.90, 1),
    Gap(1, 2, 0.3, None),
    Fall(2, 0.55, 0.72, 1),
    Gap(2, 3, 0.1, None),
    Fall(3, 0.30, 0.62, 0),
    Gap(3, 4, 0.4, None),
]
WITH_TABLE = [*WITHOUT_TABLE[:4], Gap(2, 2.5, 0.2, None), Count(2.5, 4), *WITHOUT_TABLE[4:]]


@pytest.mark.parametrize("resolution", [COARSE, FINE])
@pytest.mark.parametrize(("steps", "total"), [(WITHOUT_TABLE, None), (WITHOUT_TABLE, 4), (WITH_TABLE, None)])
def test_paths_come_as_often_as_enumeration_says(
    steps: list[Step], total: int | None, resolution: Resolution
) -> None:
    ways = _ways(steps, 9, total)
    found = lattice(steps, 9, total, resolution)
    assert isinstance(found, Lattice)
    rng = np.random.default_rng(21)
    drawn = Counter(tuple(draw_path(found, rng) or ()) for _ in range(DRAWS))
    assert set(drawn) <= set(ways)
    whole = sum(ways.values())
    often = [path for path, weight in ways.items() if DRAWS * weight / whole >= 8]
    assert len(often) > 10
    seen = [drawn[path] for path in often]
    expected = [DRAWS * ways[path] / whole for path in often]
    rest = (DRAWS - sum(seen), DRAWS - sum(expected))
    assert chisquare([*seen, rest[0]], [*expected, rest[1]]).pvalue > 1e-3
    assert exp(found.log_evidence - log(whole)) == pytest.approx(1, abs=0.02)  # bins blur the edges a little


def test_where_there_is_no_way_none_is_found() -> None:
    # 9 patients: 1/9 or 2/9 can be lost at once, never 0.15 ± 0.01 of all; fewer only after someone left.
    steps: list[Step] = [Gap(0, 1, 0.0, None), Fall(1, 0.84, 0.86, 1)]
    assert not any(_ways(steps, 9, None).values())
    stuck = lattice(steps, 9, None, FINE)
    assert isinstance(stuck, Stuck)
    assert stuck.step == steps[1]


def test_censoring_times_are_uniform_within_their_stretch_and_vary_over_members() -> None:
    # 20 patients, one event at 10 of 20 (0.95), one at 20 of 15: 4 were censored between 10 and 20.
    points = Series(
        np.array([0.0, 10, 10, 20, 20, 30]), np.array([1, 1, 0.95, 0.95, 0.95 * 14 / 15, 0.95 * 14 / 15])
    )
    curve = DigitizedCurve(
        "a", points, 20, survival_error=1e-7, at_risk=Series(np.array([20.0]), np.array([15.0]))
    )
    time, event = (reconstruct([curve], members=200).data[name].values for name in ("time", "event"))
    between = time[(time > 10) & (time < 20) & ~event]
    assert between.size == 4 * 200
    assert kstest((between - 10) / 10, "uniform").pvalue > 1e-3
