"""Which p values are possible, when a test needs the patients and only summaries are printed?

Random data sets that reproduce the printed summaries are made in many shapes (skewed, heavy-tailed,
two-humped, with and without zeros), then the most extreme ones are varied further to push p down,
up and towards the printed value. What is found is possible, with the data set as witness; what is not
found may still be possible: a search is not a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mgbayes.frequentist.log_rank import log_rank
from mgbayes.frequentist.ranks import mann_whitney
from mgbayes.frequentist.samples import FollowUp, TwoGroups
from mgbayes.reconstruction.from_summary import PrintedSample, samples
from mgbayes.study.rounding import Interval
from mgbayes.study.statistics.p_value import ReportedP

SETS = 4000
_GENERATION = 240
_GENERATIONS = 60
_PATIENCE = 12
_COOLING = 0.97
_SURVIVORS = 24


@dataclass(frozen=True)
class Found:
    """What a search saw."""

    p: Interval
    share: float
    sets: int
    reached: bool


@dataclass(frozen=True)
class Censoring:
    """How long patients were followed: mean, SD and least, as printed."""

    mean: float
    sd: float
    least: float

    def days(self, normal: np.ndarray) -> np.ndarray:
        """Whole days for normal scores: a gamma distribution above the least, matched to mean and SD.

        All were followed for the mean where the SD is zero.
        """
        from scipy.special import gammaincinv, ndtr

        if self.sd == 0:
            return np.full(normal.shape, self.mean)
        above = self.mean - self.least
        shape, scale = (above / self.sd) ** 2, self.sd**2 / above
        return np.rint(self.least + scale * gammaincinv(shape, ndtr(normal)))


@dataclass(frozen=True)
class Genome:
    """What a data set is made of: shapes for each group, zeros for each group, follow-up."""

    z: tuple[np.ndarray, ...]
    zeros: tuple[np.ndarray, ...]
    extra: tuple[np.ndarray, ...]

    def take(self, rows: np.ndarray) -> Genome:
        """Some of the data sets."""
        return Genome(
            tuple(z[rows] for z in self.z),
            tuple(k[rows] for k in self.zeros),
            tuple(e[rows] for e in self.extra),
        )


Evaluate = Callable[[np.random.Generator, Genome], tuple[np.ndarray, np.ndarray]]


def search_mann_whitney(
    rng: np.random.Generator, first: PrintedSample, second: PrintedSample, printed: ReportedP
) -> Found:
    """The Mann-Whitney p values of data sets with these printed summaries."""

    def evaluate(rng: np.random.Generator, genome: Genome) -> tuple[np.ndarray, np.ndarray]:
        (x, good_x), (y, good_y) = (
            samples(rng, part, z, zeros)
            for part, z, zeros in zip((first, second), genome.z, genome.zeros, strict=True)
        )
        tested = mann_whitney(TwoGroups(_to_the_print(x), _to_the_print(y)))
        return np.nan_to_num(tested.p, nan=1.0), good_x & good_y

    return _search(rng, (first, second), (), evaluate, printed)


def search_log_rank(
    rng: np.random.Generator,
    events: tuple[PrintedSample, ...],
    event_counts: tuple[int, int],
    group_sizes: tuple[int, int],
    censoring: Censoring,
    printed: ReportedP,
) -> Found:
    """The log-rank p values when those without the event are censored at their follow-up.

    ``events`` holds the times of those with the event: one sample an arm, or one for both arms
    together (then who of them is in which arm is unknown too, and varied).
    """
    d1, d2 = event_counts
    m, n = group_sizes
    censored = (m - d1, n - d2)
    event = np.repeat([True, False], [d1 + d2, sum(censored)])
    contrast = np.repeat([False, True, False, True], [d1, d2, m - d1, n - d2])

    def evaluate(rng: np.random.Generator, genome: Genome) -> tuple[np.ndarray, np.ndarray]:
        drawn = [
            samples(rng, part, z, zeros)
            for part, z, zeros in zip(events, genome.z, genome.zeros, strict=True)
        ]
        followed = [censoring.days(extra) for extra in genome.extra]
        times = np.concatenate([values for values, _ in drawn] + followed, axis=1)
        good = np.all([ok for _, ok in drawn], axis=0)
        return np.nan_to_num(log_rank(FollowUp(times, event, contrast)).p, nan=1.0), good

    return _search(rng, events, censored, evaluate, printed)


def _to_the_print(values: np.ndarray) -> np.ndarray:
    """Values that differ by rounding noise only are ties."""
    return np.round(values, 9)


def _search(
    rng: np.random.Generator,
    parts: tuple[PrintedSample, ...],
    extra: tuple[int, ...],
    evaluate: Evaluate,
    printed: ReportedP,
) -> Found:
    genome = _random(rng, parts, extra, SETS)
    p, good = evaluate(rng, genome)
    if not good.any():
        return Found(Interval(1.0, 0.0), 0.0, 0, reached=False)
    agrees = (p >= printed.interval.low) & (p <= printed.interval.high)
    share = float((agrees & good).sum() / max(good.sum(), 1))
    low, high, reached = 1.0, 0.0, bool((agrees & good).any())
    goals: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
        lambda p: p,
        lambda p: -p,
        lambda p: np.abs(np.log(np.maximum(p, 1e-12) / max(printed.value, 1e-12))),
    )
    for goal in goals if not reached else goals[:2]:
        for seen in _climb(rng, genome, p, good, goal, evaluate):
            low, high = min(low, seen.min()), max(high, seen.max())
            reached |= bool(((seen >= printed.interval.low) & (seen <= printed.interval.high)).any())
    return Found(Interval(float(low), float(high)), share, int(good.sum()), reached)


def _random(
    rng: np.random.Generator, parts: tuple[PrintedSample, ...], extra: tuple[int, ...], size: int
) -> Genome:
    """Shapes of many kinds, so that the search is not blind to odd data."""
    return Genome(
        tuple(_shapes(rng, size, part.n) for part in parts),
        tuple(_zero_counts(rng, size, part) for part in parts),
        tuple(rng.standard_normal((size, patients)) for patients in extra),
    )


def _shapes(rng: np.random.Generator, size: int, n: int) -> np.ndarray:
    kinds = np.stack(
        [
            rng.standard_normal((size, n)),
            rng.exponential(size=(size, n)),
            -rng.exponential(size=(size, n)),
            rng.standard_t(3, size=(size, n)),
            rng.standard_normal((size, n)) * 0.3 + 3 * (rng.random((size, n)) < rng.random((size, 1))),
        ]
    )
    return kinds[rng.integers(len(kinds), size=size), np.arange(size)]


def _zero_counts(rng: np.random.Generator, size: int, part: PrintedSample) -> np.ndarray:
    """Half of the data sets without zeros, the others with any number that fits."""
    if part.whole:
        return np.zeros(size, int)
    return np.where(rng.random(size) < 0.5, 0, rng.integers(part.zeros_allowed() + 1, size=size))


def _climb(
    rng: np.random.Generator,
    genome: Genome,
    p: np.ndarray,
    good: np.ndarray,
    goal: Callable[[np.ndarray], np.ndarray],
    evaluate: Evaluate,
) -> list[np.ndarray]:
    """Vary the best data sets until that stops helping; returns the p values of the good ones seen."""
    seen = [p[good]] if good.any() else []
    reached, at = np.inf, 0
    for generation in range(_GENERATIONS):
        worth = np.where(good, goal(p), np.inf)
        rank = np.argsort(worth)[:_SURVIVORS]
        if worth[rank[0]] < reached:
            reached, at = worth[rank[0]], generation
        elif generation - at >= _PATIENCE:
            break
        best, parents = genome.take(rank), genome.take(np.repeat(rank, _GENERATION // _SURVIVORS))
        genome = _vary(rng, parents, step=_COOLING**generation)
        genome = Genome(
            tuple(np.concatenate(pair) for pair in zip(genome.z, best.z, strict=True)),
            tuple(np.concatenate(pair) for pair in zip(genome.zeros, best.zeros, strict=True)),
            tuple(np.concatenate(pair) for pair in zip(genome.extra, best.extra, strict=True)),
        )
        p, good = evaluate(rng, genome)
        seen.append(p[good])
    return [values for values in seen if len(values)]


def _vary(rng: np.random.Generator, genome: Genome, step: float) -> Genome:
    """Move some of the patients, now few and now most of them, and the follow-up of each group as a whole."""

    def move(shape: tuple[int, int]) -> np.ndarray:
        return step * rng.standard_normal(shape) * (rng.random(shape) < rng.random((shape[0], 1)))

    return Genome(
        tuple(z + z.std(axis=1, keepdims=True) * move(z.shape) for z in genome.z),
        genome.zeros,
        tuple(e + move(e.shape) + step * rng.standard_normal((len(e), 1)) for e in genome.extra),
    )
