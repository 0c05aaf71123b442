"""Every kind of published statistic through the whole verification, against every sample that there can be.

For each kind all small samples are gone through, and all that they print in three conventions of rounding. A true
print must pass. One with a number moved by a few units of its last digit must pass where some sample prints it, and
must be caught where none does; of kinds whose checks only bound what is possible, a part is caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache
from itertools import combinations_with_replacement, product
from statistics import median as middle
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.stats.contingency import odds_ratio

from mgbayes.errors import InputError
from mgbayes.study.load import parse_study
from mgbayes.study.statistics import Followed, MedianSurvival, SurvivalAt
from mgbayes.verification import Verdict, verify

CONVENTIONS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
Texts = tuple[str, ...]

HEAD = """
schema_version = 1
id = "small"
title = "A small paper"
citation = "none"
question = "Does the second arm do better?"
sources = [{ id = "paper", what = "generated" }]
arms = [{ id = "one", label = "one", n = "N", reference = true }, { id = "two", label = "two", n = "M" }]
visits = [{ id = "before", label = "before" }, { id = "after", label = "after" }]
endpoints = [
  { id = "cure", label = "cure", kind = "binary", benefit = "higher" },
  { id = "days", label = "days", kind = "continuous", whole = true, benefit = "lower" },
  { id = "class", label = "class", kind = "ordinal", levels = ["0", "1", "2"], benefit = "lower" },
  { id = "time", label = "time", kind = "time_to_event", benefit = "higher" },
]
[methods]
software = "R version 4.2"
[[claims]]
id = "claim"
what = "what is claimed"
source = ["paper"]
"""


def rounded(value: float, places: int) -> set[str]:
    """A value in every convention; floats are cut to ten decimals first, so that 0.35 is no 0.3499…9."""
    exact = Decimal(repr(round(float(value), 10)))
    found = (exact.quantize(Decimal(1).scaleb(-places), rounding=one) for one in CONVENTIONS)
    return {str(abs(one) if one == 0 else one) for one in found}


def printed(values: Iterable[tuple[float, int]]) -> Iterator[Texts]:
    """Each number in every convention of its own; a whole count is itself."""
    return product(*(rounded(value, places) for value, places in values))


@dataclass(frozen=True)
class Statistic:
    """A kind: the sizes of the arms, the numbers of every sample, and how a study file says them.

    ``settles``: its checks find everything that no sample prints; else they find a part. ``defined``: which prints
    are asked about.
    """

    n: tuple[int, int]
    samples: Callable[[], Iterator[Iterable[tuple[float, int]]]]
    toml: str
    settles: bool = True
    defined: Callable[[Texts], bool] = lambda texts: True

    def prints(self) -> frozenset[Texts]:
        return _prints(self)

    def passes(self, texts: Texts) -> bool:
        """Whether a study file with these numbers is read and nothing in it is called wrong."""
        head = HEAD.replace('"N"', f'"{self.n[0]}"').replace('"M"', f'"{self.n[1]}"')
        try:
            study = parse_study(head + self.toml.format(*texts), "small.toml")
        except InputError:
            return False
        (claim,) = verify(study, search=False, use_cache=False).claims
        assert claim.checks
        return all(check.holds for check in claim.checks) and claim.verdict is not Verdict.inconsistent


@cache
def _prints(kind: Statistic) -> frozenset[Texts]:
    return frozenset(texts for sample in kind.samples() for texts in printed(sample))


def _counted(n: int, places: int) -> Callable[[], Iterator[Any]]:
    return lambda: iter([[(x, 0), (100 * x / n, places)] for x in range(n + 1)])


def _percents(n: int, places: int) -> Callable[[], Iterator[Any]]:
    return lambda: iter([[(100 * x / n, places)] for x in range(n + 1)])


def _means(n: int, top: int, places: tuple[int, int], spread: Callable[[Any], float]) -> Callable[[], Any]:
    every = list(combinations_with_replacement(range(top + 1), n))
    return lambda: iter([[(float(np.mean(x)), places[0]), (spread(x), places[1])] for x in every])


def _levels(n: int) -> Iterator[Any]:
    for one, two in product(range(n + 1), repeat=2):
        if one + two <= n:
            counts = (one, two, n - one - two)
            yield [pair for x in counts for pair in ((x, 0), (100 * x / n, 1))]


def _ordinal(n: int) -> Iterator[Any]:
    for x in combinations_with_replacement(range(3), n):
        yield [*((x.count(k), 0) for k in range(3)), (middle(x), 0)]


def _five(n: int, top: int) -> Iterator[Any]:
    for x in combinations_with_replacement(range(top + 1), n):
        five = np.quantile(x, (0, 0.25, 0.5, 0.75, 1))  # type 7, that of R
        yield [*((float(q), 1) for q in five), (float(np.mean(x)), 1), (_sd(x), 1)]


def _effects(n: tuple[int, int], value: Callable[[int, int], float], places: int) -> Callable[[], Any]:
    pairs = list(product(range(1, n[0]), range(1, n[1])))
    return lambda: iter([[(x, 0), (y, 0), (value(x, y), places)] for x, y in pairs])


def _odds_ratios(n: tuple[int, int]) -> Iterator[Any]:
    """By the counts, and conditional on the margins, as R's fisher.test has it."""
    for x, y in product(range(1, n[0]), range(1, n[1])):
        table = [[y, n[1] - y], [x, n[0] - x]]
        for value in (table[0][0] * table[1][1] / (table[0][1] * table[1][0]), odds_ratio(table).statistic):
            yield [(x, 0), (y, 0), (float(value), 2)]


def _sd(x: Any) -> float:
    return float(np.std(x, ddof=1))


def _changes(n: int, top: int) -> Iterator[Any]:
    every = list(product(range(top + 1), repeat=n))
    for before, after in product(list(combinations_with_replacement(range(top + 1), n)), every):
        change = np.subtract(after, before)
        rows = (before, after, change)
        yield [pair for x in rows for pair in ((float(np.mean(x)), 1), (_sd(x), 1))]


def _intervals(n: int, top: int) -> Iterator[Any]:
    t = stats.t.ppf(0.975, n - 1)
    for x in combinations_with_replacement(range(top + 1), n):
        half = t * _sd(x) / np.sqrt(n)
        if half > 0:
            mean = float(np.mean(x))
            yield [(mean, 2), (_sd(x), 2), (mean - half, 2), (mean + half, 2)]


def _followed(n: int) -> Iterator[Any]:
    patients = list(product((1.0, 2.0, 3.0, 4.0), (0.0, 1.0)))
    for rows in combinations_with_replacement(patients, n):
        times, events = (np.array(column) for column in zip(*rows, strict=True))
        followed = Followed(times, events)
        median = MedianSurvival("0").of(followed)[0]
        if np.isfinite(median):
            percents = [(SurvivalAt(at, "0").of(followed)[0], 1) for at in ("1.5", "3.5")]
            at_risk = [(float((times >= at).sum()), 0) for at in (1.5, 3.5)]
            yield [*percents, *at_risk, (median, 0)]


def _pair(x: int, m: int, y: int, n: int) -> tuple[float, float]:
    """A log odds ratio and its standard error (Woolf)."""
    return np.log(y * (m - x) / (x * (n - y))), np.sqrt(1 / x + 1 / (m - x) + 1 / y + 1 / (n - y))


def _woolf(n: tuple[int, int]) -> Iterator[Any]:
    for x, y in product(range(1, n[0]), range(1, n[1])):
        log_ratio, error = _pair(x, n[0], y, n[1])
        three = np.exp(log_ratio + error * np.array([0, -1, 1]) * stats.norm.ppf(0.975))
        yield [(x, 0), (y, 0), *((float(value), 2) for value in three)]


def _no_empty_cell(texts: Texts) -> bool:
    """With an empty cell estimators differ (0, infinity, half a patient added), and nothing is checked."""
    return 0 < int(texts[0]) < 9 and 0 < int(texts[1]) < 11


def _all_are_enumerated(texts: Texts) -> bool:
    """Four whole numbers of zero or more, of a sum of at most 16, have none above 16."""
    return float(texts[0]) < 4


CLASS = 'endpoint = "class"\nsummaries = ['
LEVELS = ("0", "1", "2")
BOTH = 'endpoint = "cure"\nsummaries = [{{ group = "one", count = "{0}" }}, {{ group = "two", count = "{1}" }}]\n'
KINDS = {
    "count and percentage": Statistic(
        (17, 9),
        _counted(17, 1),
        'endpoint = "cure"\nsummaries = [{{ group = "one", count = "{0}", percent = "{1}" }}]',
    ),
    "percentage without a count": Statistic(
        (23, 9), _percents(23, 1), 'endpoint = "cure"\nsummaries = [{{ group = "one", percent = "{0}" }}]'
    ),
    "categories with percentages": Statistic(
        (11, 9),
        lambda: _levels(11),
        CLASS
        + ", ".join(
            f'{{{{ group = "one", level = "{level}", count = "{{{2 * k}}}", percent = "{{{2 * k + 1}}}" }}}}'
            for k, level in enumerate(LEVELS)
        )
        + "]",
    ),
    "median of categories": Statistic(
        (7, 9),
        lambda: _ordinal(7),
        CLASS
        + ", ".join(
            f'{{{{ group = "one", level = "{level}", count = "{{{k}}}" }}}}' for k, level in enumerate(LEVELS)
        )
        + ', {{ group = "one", median = "{3}" }}]',
    ),
    "median, quartiles, range, mean and SD": Statistic(
        (6, 9),
        lambda: _five(6, 5),
        'endpoint = "days"\nsummaries = [{{ group = "one", median = "{2}", iqr = ["{1}", "{3}"], '
        'range = ["{0}", "{4}"], mean = "{5}", sd = "{6}" }}]',
        settles=False,  # whether quantiles, mean and SD are of one sample is settled by pairs alone
    ),
    "mean and SD of whole numbers": Statistic(
        (4, 9),
        _means(4, 16, (1, 2), _sd),
        'endpoint = "days"\nsummaries = [{{ group = "one", mean = "{0}", sd = "{1}" }}]',
        defined=_all_are_enumerated,
    ),
    "mean and standard error of whole numbers": Statistic(
        (4, 9),
        _means(4, 16, (2, 2), lambda x: _sd(x) / 2),
        'endpoint = "days"\nsummaries = [{{ group = "one", mean = "{0}", se = "{1}" }}]',
        defined=_all_are_enumerated,
    ),
    "odds ratio of counts": Statistic(
        (9, 11),
        lambda: _odds_ratios((9, 11)),
        BOTH + 'effects = [{{ odds_ratio = "{2}", adjusted = false }}]',
        defined=_no_empty_cell,
    ),
    "risk ratio of counts": Statistic(
        (9, 11),
        _effects((9, 11), lambda x, y: (y / 11) / (x / 9), 2),
        BOTH + 'effects = [{{ risk_ratio = "{2}", adjusted = false }}]',
        defined=_no_empty_cell,
    ),
    "risk difference of counts": Statistic(
        (9, 11),
        _effects((9, 11), lambda x, y: 100 * (y / 11 - x / 9), 1),
        BOTH + 'effects = [{{ risk_difference = "{2}", adjusted = false }}]',
    ),
    "odds ratio with its interval": Statistic(
        (9, 11),
        lambda: _woolf((9, 11)),
        BOTH + 'effects = [{{ odds_ratio = "{2}", ci = ["{3}", "{4}"], adjusted = false }}]',
        settles=False,
        defined=_no_empty_cell,
    ),
    "mean, SD and interval": Statistic(
        (6, 9),
        lambda: _intervals(6, 5),
        'endpoint = "days"\nsummaries = [{{ group = "one", mean = "{0}", sd = "{1}", ci = ["{2}", "{3}"] }}]',
        settles=False,
    ),
    "change between two visits": Statistic(
        (3, 9),
        lambda: _changes(3, 3),
        'endpoint = "days"\nsummaries = ['
        '{{ group = "one", visit = "before", mean = "{0}", sd = "{1}" }}, '
        '{{ group = "one", visit = "after", mean = "{2}", sd = "{3}" }}, '
        '{{ group = "one", visit = "after", change_from = "before", mean = "{4}", sd = "{5}" }}]',
        settles=False,
    ),
    "survival, numbers at risk and median": Statistic(
        (5, 9),
        lambda: _followed(5),
        'endpoint = "time"\nsummaries = ['
        '{{ group = "one", at = "1.5", survival = "{0}", at_risk = "{2}" }}, '
        '{{ group = "one", at = "3.5", survival = "{1}", at_risk = "{3}" }}, '
        '{{ group = "one", median_survival = "{4}" }}]',
        settles=False,
    ),
}


def moved(rng: np.random.Generator, texts: Texts) -> Texts:
    """One number moved by one to three units of its last digit, never below zero unless it was."""
    k, units = int(rng.integers(len(texts))), int(rng.choice((-3, -2, -1, 1, 2, 3)))
    value = Decimal(texts[k]) + Decimal(units).scaleb(-len(texts[k].partition(".")[2]))
    if value < 0 <= Decimal(texts[k]):
        value = -value
    return (*texts[:k], str(abs(value) if value == 0 else value), *texts[k + 1 :])


@dataclass(frozen=True)
class Found:
    """Prints of some sample that were refused; altered prints of none, and those of them that passed."""

    refused: list[Texts]
    absent: int
    missed: list[Texts]


def found(name: str, count: int) -> Found:
    kind, rng = KINDS[name], np.random.default_rng([11, list(KINDS).index(name)])
    true = sorted(texts for texts in kind.prints() if kind.defined(texts))
    result = Found([], 0, [])
    for i in rng.integers(len(true), size=count):
        altered = moved(rng, true[i])
        while not kind.defined(altered):
            altered = moved(rng, true[i])
        for texts in (true[i], altered):
            passes = kind.passes(texts)
            if texts in kind.prints():
                result.refused.extend([] if passes else [texts])
            else:
                result = Found(result.refused, result.absent + 1, result.missed + [texts] * passes)
    return result


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("count", [40, pytest.param(1500, marks=pytest.mark.evidence)])
def test_what_some_sample_prints_passes_and_what_none_prints_is_caught(name: str, count: int) -> None:
    result = found(name, count)
    assert result.refused == []
    assert result.absent > count / 2
    if KINDS[name].settles:
        assert result.missed == []
    else:
        assert len(result.missed) < 0.75 * result.absent
