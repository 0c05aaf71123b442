"""Methods for times and measured outcomes on the same simulated studies, each figure with its Monte Carlo error.

Studies come in blocks of their own seed, so that the figures are the same for any number of processes; a finished
block is kept on disk. A method that gives no answer to a study is counted, and concludes nothing there.

Source of the Monte Carlo errors: Morris, White and Crowther (2019), Stat Med 38:2074.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.cache import cache_folder, content_key, write_text
from mgbayes.comparison import times, values
from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.bayesian_times import bayesian_weibull
from mgbayes.comparison.tables import ALPHA, Floats
from mgbayes.comparison.truths import TimesTruth, ValuesTruth
from mgbayes.robustness.reference_priors import SKEPTICAL_SD

if TYPE_CHECKING:
    import xarray as xr

BLOCK = 1000
SEED = 20200216
Truth = TimesTruth | ValuesTruth
BAYESIAN_TIMES: dict[str, Method] = {
    f"bayesian_weibull_{name}": Method(
        f"Bayesian Weibull (log hazard ratio Normal(0, {sd:g}))",
        bayesian_weibull(0.0, sd),
        estimates_effect=True,
    )
    for name, sd in (("usual", 1.0), ("skeptical", SKEPTICAL_SD["moderate"]))
}
METHODS: Mapping[type, Mapping[str, Method]] = {
    TimesTruth: times.METHODS | BAYESIAN_TIMES,
    ValuesTruth: values.METHODS,
}


@dataclass(frozen=True)
class Sums:
    """Of one method over the studies of a block: counts and sums, from which every figure follows."""

    studies: int = 0
    answered: int = 0
    right: int = 0
    wrong: int = 0
    estimated: int = 0
    covered: int = 0
    away: float = 0.0
    away_squared: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{row.name: getattr(self, row.name) + getattr(other, row.name) for row in fields(Sums)})


@dataclass(frozen=True)
class Simulated:
    """Sums by method and scenario."""

    kind: type
    labels: Mapping[str, str]
    truths: tuple[Truth, ...]
    sums: Mapping[str, tuple[Sums, ...]]

    @property
    def dataset(self) -> xr.Dataset:
        """(rule, scenario): measures, and the Monte Carlo error of each as ``..._mcse``.

        Methods are rules here, since ``sel`` of xarray has another use for the word method.
        """
        import xarray as xr

        measures: dict[str, Floats] = {}
        for name, rows in self.sums.items():
            for j, row in enumerate(rows):
                for measure, value in _measures(row, self.truths[j]).items():
                    shape = (len(self.sums), len(self.truths))
                    place = list(self.sums).index(name), j
                    measures.setdefault(measure, np.full(shape, np.nan))[place] = value
        return xr.Dataset(
            {name: (("rule", "scenario"), found) for name, found in measures.items()},
            coords={
                "rule": list(self.sums),
                "label": ("rule", [self.labels[name] for name in self.sums]),
                "scenario": [truth.label for truth in self.truths],
                "effect": ("scenario", [truth.effect for truth in self.truths]),
            },
        )


def _measures(row: Sums, truth: Truth) -> dict[str, float]:
    """Size or power, wrong side, answers, coverage and bias, with their Monte Carlo errors."""
    null = truth.effect == 0
    found = {
        "concludes_by_mistake": (row.right + row.wrong) / row.studies if null else np.nan,
        "power": np.nan if null else row.right / row.studies,
        "wrong_side": np.nan if null else row.wrong / row.studies,
        "no_answer": 1 - row.answered / row.studies,
    }
    errors = {f"{name}_mcse": _share_error(value, row.studies) for name, value in found.items()}
    if row.estimated > 1 and np.isfinite(truth.estimand):
        bias = row.away / row.estimated
        variance = max(0.0, row.away_squared / row.estimated - bias**2)
        coverage = row.covered / row.estimated
        found |= {"coverage": coverage, "bias": bias}
        errors |= {
            "coverage_mcse": _share_error(coverage, row.estimated),
            "bias_mcse": float(np.sqrt(variance / row.estimated)),
        }
    return found | errors


def _share_error(share: float, of: int) -> float:
    return float(np.sqrt(share * (1 - share) / of))


def simulate(
    truths: Sequence[Truth],
    m: int,
    n: int,
    *,
    repetitions: int,
    cores: int = 2,
    use_cache: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Simulated:
    """Every method of the truths' kind on ``repetitions`` studies of each truth, m and n patients an arm."""
    from joblib import Parallel, delayed

    kind = type(truths[0])
    blocks = [
        (j, b, min(BLOCK, repetitions - b * BLOCK))
        for j in range(len(truths))
        for b in range(-(-repetitions // BLOCK))
    ]
    parallel = Parallel(n_jobs=cores, return_as="generator")
    found = parallel(delayed(_block)(truths[j], m, n, b, size, use_cache) for j, b, size in blocks)
    sums = {name: [Sums()] * len(truths) for name in METHODS[kind]}
    for done, ((j, _, _), made) in enumerate(zip(blocks, found, strict=True), start=1):
        for name, row in made.items():
            sums[name][j] = sums[name][j] + row
        say(f"simulated studies: {done} of {len(blocks)} blocks")
    labels = {name: method.label for name, method in METHODS[kind].items()}
    return Simulated(kind, labels, tuple(truths), {name: tuple(rows) for name, rows in sums.items()})


def _block(truth: Truth, m: int, n: int, block: int, size: int, use_cache: bool) -> dict[str, Sums]:
    """The sums of one block, read where they were kept."""
    content = {
        "truth": [type(truth).__name__, asdict(truth)],
        "arms": [m, n],
        "block": block,
        "size": size,
        "seed": SEED,
    }
    path = (
        cache_folder("comparisons")
        / f"{content_key(('comparison', 'frequentist'), ('numpy', 'scipy'), content)}.json"
    )
    if use_cache:
        with suppress(OSError, ValueError, TypeError):
            return {name: Sums(**row) for name, row in json.loads(path.read_text("utf-8")).items()}
    studies = truth.draw(np.random.default_rng([SEED, block]), size, m, n)
    methods = METHODS[type(truth)]
    found = {name: _summed(method, studies, truth, size) for name, method in methods.items()}
    if use_cache:
        with suppress(OSError):
            write_text(path, json.dumps({name: asdict(row) for name, row in found.items()}))
    return found


def _summed(method: Method, studies: Any, truth: Truth, size: int) -> Sums:
    answers: Answers = method.answer(studies)
    answered = np.isfinite(answers.p)
    concludes = answered & (np.where(answered, answers.p, 1.0) <= ALPHA)
    side = 1.0 if truth.effect > 0 else -1.0
    right = concludes & (answers.side == side)
    sums = Sums(
        studies=size,
        answered=int(answered.sum()),
        right=int(right.sum()),
        wrong=int((concludes & ~right).sum()),
    )
    if not method.estimates_effect or np.isnan(truth.estimand):
        return sums
    if answers.estimate is None or answers.low is None or answers.high is None:
        raise TypeError(f"{method.label} has no estimate with an interval")
    known = np.isfinite(answers.estimate)
    away = answers.estimate[known] - truth.estimand
    covered = (answers.low[known] <= truth.estimand) & (truth.estimand <= answers.high[known])
    return sums + Sums(
        estimated=int(known.sum()),
        covered=int(covered.sum()),
        away=float(away.sum()),
        away_squared=float((away**2).sum()),
    )
