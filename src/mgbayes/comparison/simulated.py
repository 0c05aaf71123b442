"""Methods for times and measured outcomes on the same simulated studies, each figure with its Monte Carlo error.

Studies come in blocks of their own seed, so that the figures are the same for any number of processes; a finished
block is kept on disk. A method that gives no answer to a study is counted, and concludes nothing there.

Source of the Monte Carlo errors: Morris, White and Crowther (2019), Stat Med 38:2074.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.comparison import bayesian_times, bayesian_values, times, values
from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.blocks import Block, Work
from mgbayes.comparison.operating import BINS
from mgbayes.comparison.tables import ALPHA, Floats
from mgbayes.comparison.truths import Drawn, TimesTruth, ValuesTruth
from mgbayes.robustness.reweighting import PARETO_K

if TYPE_CHECKING:
    import xarray as xr

BLOCK = 1000
SEED = 20200216
Truth = TimesTruth | ValuesTruth
METHODS: Mapping[type, Mapping[str, Method]] = {
    TimesTruth: {**times.METHODS, **bayesian_times.METHODS},
    ValuesTruth: {**values.METHODS, **bayesian_values.METHODS},
}


@dataclass(frozen=True)
class Sums:
    """Of one method over the studies of a block: counts and sums, from which every figure follows.

    ``by_nuts``: posteriors that NUTS drew from since Pareto's k was above 0.7. ``stated``, by range of the stated
    probability of an effect above 0, where each study has an effect of its own: how many, the sum of these
    probabilities, how many effects were above 0. ``jointly``: in how many studies the method and each of all methods
    conclude, on the side of the effect where there is one.
    """

    studies: int = 0
    answered: int = 0
    by_nuts: int = 0
    right: int = 0
    wrong: int = 0
    estimated: int = 0
    covered: int = 0
    away: float = 0.0
    away_squared: float = 0.0
    width: float = 0.0
    stated: tuple[tuple[float, ...], ...] = ((0.0,) * (len(BINS) - 1),) * 3
    jointly: tuple[int, ...] = (0,)

    def __add__(self, other: Sums) -> Sums:
        added = {row.name: np.add(getattr(self, row.name), getattr(other, row.name)) for row in fields(Sums)}
        return Sums(**{name: value.tolist() for name, value in added.items()})


@dataclass(frozen=True)
class Simulated:
    """Sums by method and scenario."""

    kind: type
    methods: Mapping[str, Method]
    truths: tuple[Truth, ...]
    sums: Mapping[str, tuple[Sums, ...]]

    @property
    def dataset(self) -> xr.Dataset:
        """(rule, scenario): measures, and the Monte Carlo error of each as ``..._mcse``; (rule, scenario, range).

        ``difference_mcse`` (rule, scenario, other): of the difference of two methods on the same studies.
        Methods are rules here, since ``sel`` of xarray has another use for the word method.
        """
        import xarray as xr

        shape = (len(self.sums), len(self.truths))
        tables: dict[str, Floats] = {}
        stated = np.array([[row.stated for row in rows] for rows in self.sums.values()])
        for i, rows in enumerate(self.sums.values()):
            for j, row in enumerate(rows):
                for measure, value in measures(row, self.truths[j]).items():
                    tables.setdefault(measure, np.full(shape, np.nan))[i, j] = value
        jointly = np.array([[row.jointly for row in rows] for rows in self.sums.values()])
        studies = np.array([[[row.studies] for row in rows] for rows in self.sums.values()])
        calibration = zip(("weight", "stated", "true"), np.moveaxis(stated, 2, 0), strict=True)
        return xr.Dataset(
            {name: (("rule", "scenario"), found) for name, found in tables.items()}
            | {f"calibration_{name}": (("rule", "scenario", "range"), found) for name, found in calibration}
            | {"difference_mcse": (("rule", "scenario", "other"), _difference_error(jointly, studies))},
            coords={
                "rule": list(self.sums),
                "other": list(self.sums),
                "label": ("rule", [self.methods[name].label for name in self.sums]),
                "scenario": [truth.label for truth in self.truths],
                "effect": ("scenario", [truth.effect for truth in self.truths]),
                "range": [f"{a:g} to {b:g}" for a, b in pairwise(BINS)],
            },
        )


def measures(row: Sums, truth: Truth) -> dict[str, float]:
    """Size or power, wrong side, answers, coverage, bias and width, with their Monte Carlo errors."""
    null = truth.effect == 0
    found = {
        "concludes_by_mistake": (row.right + row.wrong) / row.studies if null else np.nan,
        "power": np.nan if null else row.right / row.studies,
        "wrong_side": np.nan if null else row.wrong / row.studies,
        "no_answer": 1 - row.answered / row.studies,
        "by_nuts": row.by_nuts / row.studies,
    }
    errors = {f"{name}_mcse": _share_error(value, row.studies) for name, value in found.items()}
    if row.estimated > 1:
        bias = row.away / row.estimated
        variance = max(0.0, row.away_squared / row.estimated - bias**2) * row.estimated / (row.estimated - 1)
        coverage = row.covered / row.estimated
        found |= {"coverage": coverage, "bias": bias, "empirical_se": float(np.sqrt(variance))}
        found |= {"width": row.width / row.estimated}
        errors |= {
            "coverage_mcse": _share_error(coverage, row.estimated),
            "bias_mcse": float(np.sqrt(variance / row.estimated)),
            "empirical_se_mcse": float(np.sqrt(variance / (2 * (row.estimated - 1)))),
        }
    return found | errors


def _share_error(share: float, of: int) -> float:
    return float(np.sqrt(share * (1 - share) / of))


def _difference_error(jointly: Floats, studies: Floats) -> Floats:
    """Of the difference of two shares of the same studies, (rule, scenario, other)."""
    other = np.diagonal(jointly, axis1=0, axis2=2)
    one = other.T[..., None]
    share, square = (one - other) / studies, (one + other - 2 * jointly) / studies
    found: Floats = np.sqrt(np.maximum(square - share**2, 0.0) / studies)
    return found


def simulate(
    truths: Sequence[Truth],
    m: int,
    n: int,
    *,
    repetitions: int,
    methods: Mapping[str, Method] | None = None,
    work: Work | None = None,
) -> Simulated:
    """Methods of the truths' kind on ``repetitions`` studies of each truth, m and n patients an arm.

    ``methods``, by id: those of METHODS by default. Blocks of others than these are not kept.
    """
    kind = type(truths[0])
    chosen, work = METHODS[kind] if methods is None else methods, work or Work()
    shipped = all(METHODS[kind].get(name) is method for name, method in chosen.items())
    sizes = [min(BLOCK, repetitions - start) for start in range(0, repetitions, BLOCK)]
    places = [(j, b, size) for j in range(len(truths)) for b, size in enumerate(sizes)]
    blocks = [
        Block(
            partial(_block, truths[j], m, n, b, size, chosen),
            [kind.__name__, asdict(truths[j]), m, n, b, size, SEED, list(chosen)] if shipped else None,
        )
        for j, b, size in places
    ]
    done = work.each(blocks, f"simulated studies, {'times' if kind is TimesTruth else 'values'}")
    sums = {name: [Sums()] * len(truths) for name in chosen}
    for (j, _, _), made in zip(places, done, strict=True):
        for name, row in made.items():
            sums[name][j] = sums[name][j] + Sums(**row)
    return Simulated(kind, chosen, tuple(truths), {name: tuple(rows) for name, rows in sums.items()})


def _block(
    truth: Truth, m: int, n: int, block: int, size: int, methods: Mapping[str, Method]
) -> dict[str, dict[str, Any]]:
    """The sums of one block by method."""
    drawn = truth.draw(np.random.default_rng([SEED, block]), size, m, n)
    parts = {name: _summed(method, drawn, truth) for name, method in methods.items()}
    concludes = np.stack([concluding for _, concluding in parts.values()]).astype(int)
    jointly = map(tuple, (concludes @ concludes.T).tolist())
    return {
        name: asdict(replace(sums, jointly=row))
        for (name, (sums, _)), row in zip(parts.items(), jointly, strict=True)
    }


def intervals(simulated: Simulated, truth: Truth, names: Sequence[str], m: int, n: int) -> dict[str, Answers]:
    """Estimates with their intervals in the first block of a scenario, by method: what a zip plot shows."""
    drawn = truth.draw(np.random.default_rng([SEED, 0]), BLOCK, m, n)
    return {name: simulated.methods[name].answer(drawn.studies) for name in names}


def _summed(method: Method, drawn: Drawn, truth: Truth) -> tuple[Sums, NDArray[np.bool_]]:
    """The sums, and in which studies the method concludes, on the side of the effect where there is one."""
    answers: Answers = method.answer(drawn.studies)
    answered = np.isfinite(answers.p)
    p = np.where(answered, answers.p, 1.0)
    concludes = answered & (p <= ALPHA)
    right = concludes & (answers.side == np.where(drawn.effect > 0, 1.0, -1.0))
    sums = Sums(
        studies=len(drawn.effect),
        answered=int(answered.sum()),
        by_nuts=0 if answers.pareto_k is None else int((answers.pareto_k > PARETO_K).sum()),
        right=int(right.sum()),
        wrong=int((concludes & ~right).sum()),
    )
    if truth.random:
        above = np.where(answers.side > 0, 1 - p / 2, np.where(answers.side < 0, p / 2, 0.5))[answered]
        place = np.clip(np.searchsorted(BINS, above, side="right") - 1, 0, len(BINS) - 2)
        parts = (np.ones(len(above)), above, (drawn.effect > 0)[answered])
        stated = [np.bincount(place, part, len(BINS) - 1).tolist() for part in parts]
        sums += Sums(stated=tuple(map(tuple, stated)))
    if method.estimates_effect:
        sums += _estimated(method, answers, drawn.estimand)
    return sums, concludes if truth.effect == 0 else right


def _estimated(method: Method, answers: Answers, estimand: Floats) -> Sums:
    if answers.estimate is None or answers.low is None or answers.high is None:
        raise TypeError(f"{method.label} has no estimate with an interval")
    known = np.isfinite(answers.estimate) & np.isfinite(estimand)
    estimate, low, high, true = (x[known] for x in (answers.estimate, answers.low, answers.high, estimand))
    return Sums(
        estimated=int(known.sum()),
        covered=int(((low <= true) & (true <= high)).sum()),
        away=float((estimate - true).sum()),
        away_squared=float(((estimate - true) ** 2).sum()),
        width=float((high - low).sum()),
    )
