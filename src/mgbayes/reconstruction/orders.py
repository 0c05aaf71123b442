"""Which drops come before which published number at risk.

A drop within the time error of a published number's time may lie on either side of it. The orders are gone through
from left to right, and those kept that whole numbers of patients can give.
"""

from __future__ import annotations

import numpy as np

from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.lattice import Lattice, Resolution, Stuck, lattice
from mgbayes.reconstruction.levels import Drop
from mgbayes.reconstruction.timeline import Outline, published_counts, timeline

_MOST = 6  # orders that are followed side by side


def outlines(
    curve: DigitizedCurve, drops: tuple[Drop, ...], resolution: Resolution, rng: np.random.Generator
) -> tuple[list[Outline], Stuck | None]:
    """The orders that can be, likeliest first; or where the last of them got stuck."""
    candidates, stuck = [Outline(curve, drops, ())], None
    for count in published_counts(curve):
        least = sum(drop.latest < count.time for drop in drops)
        most = max(least, sum(drop.earliest < count.time for drop in drops))
        tried = [
            Outline(curve, drops, (*outline.before, k))
            for outline in candidates
            for k in range(least, most + 1)
            if not outline.before or k >= outline.before[-1]
        ]
        if len(tried) > 1:
            tried, stuck = _possible(tried, resolution, rng)
        if not tried:
            return [], stuck
        candidates = tried
    return candidates, None


def _possible(
    tried: list[Outline], resolution: Resolution, rng: np.random.Generator
) -> tuple[list[Outline], Stuck | None]:
    """Those of which the part up to the last count can be, likeliest first."""
    results = [lattice(timeline(one.first_part(), rng, 1.0), one.curve.n, None, resolution) for one in tried]
    solved = [(r.log_evidence, i) for i, r in enumerate(results) if isinstance(r, Lattice)]
    stuck = next((result for result in results if isinstance(result, Stuck)), None)
    return [tried[i] for _, i in sorted(solved, reverse=True)[:_MOST]], stuck
