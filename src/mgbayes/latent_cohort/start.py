"""Where chains start: tables that meet every statement, and parameters that they are likely under."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from mgbayes.errors import InputError, Problem
from mgbayes.latent.digits import Moments, meeting_all, on_grid
from mgbayes.latent_cohort.diagnostics import GROUPS
from mgbayes.latent_cohort.outcome import LOG_IMPOSSIBLE, Outcome, floored
from mgbayes.latent_cohort.pairs import pair, pairs
from mgbayes.latent_cohort.statements import Statement, Windows
from mgbayes.latent_cohort.table import Column, Floats, Rows, Steps, Tables
from mgbayes.study.statistics.counts import Categories
from mgbayes.study.statistics.means import MeanAndSpread, MeanSD
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantile, Quantiles

_APART = 0.7
"""SD of the log of the factor by which starts differ, so that R-hat sees chains that have not left theirs."""
_DRAWN = 100
"""Parameters drawn for each start."""
_MOST_APART = 50
"""Steps between two values of which a quantile is made."""
_MOST_TRIES = 2000


def starting_tables(
    rng: Generator,
    columns: Mapping[str, Column],
    arm: Steps,
    statements: Sequence[Statement],
    usual: Callable[[Column], Floats],
    chains: int,
) -> Tables:
    """Tables (K, n) whose columns meet the statements; chains of a group (diagnostics.py) start alike.

    ``usual`` draws likely values (n,) of a column without any. Raises InputError for a column that nothing meets.
    """
    order = sorted(columns.values(), key=lambda column: column.counted_in is not None)
    starts = []
    for _ in range(GROUPS):
        one = Tables(columns, arm, {})
        for column in order:
            about = [row for row in statements if row.column.name == column.name]
            one.steps[column.name] = _column(rng, column, one, about, usual)[None]
        starts.append(one)
    which = np.arange(chains) % len(starts)
    return Tables(
        columns, arm, {name: np.concatenate([one.steps[name] for one in starts])[which] for name in columns}
    )


def starting_parameters(rng: Generator, outcome: Outcome, tables: Tables, effect: Floats | None) -> Floats:
    """Parameters (GROUPS, d), for each group the likeliest of some draws from the prior, given its table.

    A single draw from a wide prior can lie where every way out is too long for steps of the other chains' scale.
    """
    drawn, group = outcome.layout.draw(rng, GROUPS * _DRAWN), np.repeat(np.arange(GROUPS), _DRAWN)
    every = tables.every(outcome.reads)
    rows = Rows(every.arm, {name: values[group] for name, values in every.values.items()})
    density = outcome.log_density(outcome.values(drawn), rows, None if effect is None else effect[group])
    likely = floored(density, LOG_IMPOSSIBLE).sum(axis=1).reshape(GROUPS, _DRAWN).argmax(axis=1)
    return drawn.reshape(GROUPS, _DRAWN, -1)[np.arange(GROUPS), likely]


def _column(
    rng: Generator,
    column: Column,
    tables: Tables,
    statements: Sequence[Statement],
    usual: Callable[[Column], Floats],
) -> Steps:
    if column.is_yes_no:
        return _yes_no(rng, tables.n, statements)
    counted = np.ones(tables.n, bool)
    if column.counted_in is not None:
        counted = tables.steps[column.counted_in][0] > 0
    drawn = np.maximum(np.round(usual(column) / column.unit), column.low)
    values = np.where(counted, drawn, 0).astype(np.int64)
    moments = [one for one in statements if isinstance(one.statistic, MeanAndSpread)]
    if moments:
        return _with_moments(rng, column, values, counted, moments)
    for statement in statements:
        if isinstance(statement.statistic, Quantiles):
            values[statement.who] = _with_quantiles(rng, column, statement)
        elif isinstance(statement.statistic, Categories):
            counts = [int(x) for x in statement.statistic.counts]
            values[statement.who] = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return values if column.high is None else np.minimum(values, column.high)


def _yes_no(rng: Generator, n: int, statements: Sequence[Statement]) -> Steps:
    """The narrowest groups first, so that a count of all is met by those that are left."""
    found, free = np.zeros(n, np.int64), np.ones(n, bool)
    for statement in sorted(statements, key=lambda one: int(one.who.sum())):
        assert statement.windows is not None
        left = statement.windows.low - int(found[statement.who].sum())
        places = np.flatnonzero(statement.who & free)
        if not 0 <= left <= len(places):
            raise _nothing_meets(statement)
        found[rng.choice(places, left, replace=False)] = 1
        free &= ~statement.who
    return np.where(free, rng.integers(0, 2, n), found)


def _with_moments(
    rng: Generator, column: Column, values: Steps, counted: np.ndarray, statements: Sequence[Statement]
) -> Steps:
    values = values.copy()
    asked = []
    for statement in statements:
        mean = statement.statistic
        assert isinstance(mean, MeanAndSpread)
        who = statement.who & counted
        asked.append((who, MeanSD(mean.mean, getattr(mean, "sd", f"{mean.sd_value:.6g}"), mean.n), statement))
    low = column.low * column.unit
    apart = np.sum([who for who, _, _ in asked], axis=0).max() <= 1
    for who, published, statement in asked:
        if statement.windows is not None and statement.windows.low > statement.windows.high:
            raise _nothing_meets(statement)  # no sum on the grid has this mean
        drawn = _like(rng, published, low)
        if apart:
            met = None
            if column.zeros:
                met = on_grid(rng, _with_zeros(rng, published), column.unit, Moments(published), low)
            if met is None:
                met = on_grid(rng, drawn, column.unit, Moments(published), low)
            if met is None:
                met = meeting_all(rng, drawn, column.unit, [Moments(published)], low)
            if met is None and statement.windows is not None:
                met = _by_a_pair(rng, drawn / column.unit, column, statement.windows)
            if met is None:
                raise _nothing_meets(statement)
            values[who] = np.round(met / column.unit).astype(np.int64)
        else:
            values[who] = np.round(drawn / column.unit).astype(np.int64)
    if not apart:
        everybody = np.any([who for who, _, _ in asked], axis=0)
        groups = [Moments(published, who[everybody]) for who, published, _ in asked]
        met = meeting_all(rng, np.asarray(values[everybody] * column.unit, float), column.unit, groups, low)
        if met is None:
            raise _nothing_meets(asked[0][2])
        values[everybody] = np.round(met / column.unit).astype(np.int64)
    told = np.any([who for who, _, _ in asked], axis=0)
    untold = counted & ~told
    if told.any() and untold.any():  # as those of the others are, but larger or smaller from start to start
        like = rng.choice(values[told], int(untold.sum())) * np.exp(rng.normal(0.0, _APART))
        values[untold] = np.maximum(np.round(like), column.low).astype(np.int64)
    return values


def _by_a_pair(rng: Generator, drawn: np.ndarray, column: Column, windows: Windows) -> np.ndarray | None:
    """All but two values near what is drawn, and two that then meet the mean and SD: of few values few do."""
    for k in range(10 * _MOST_TRIES):
        rest = np.maximum(
            np.round(drawn[2:] + (1 + k / 100) * rng.standard_normal(len(drawn) - 2)), column.low
        )
        total = int(rng.integers(windows.low, windows.high + 1))
        low, high = np.array(windows.squares(total)) - (rest**2).sum()
        both = int(total - rest.sum())
        least, count = pairs(both, low, high, column.low)
        if count > 0:
            return np.append(rest, pair(both, least, int(rng.integers(count)))) * column.unit
    return None


def _like(rng: Generator, published: MeanSD, low: float) -> np.ndarray:
    """Values with the mean and SD, where they can be above ``low``: skewed as gamma ones are."""
    n, mean, sd = published.n, published.mean_value, max(published.sd_value, 1e-9)
    if n == 1 or sd < 1e-6:
        return np.full(n, mean)
    for _ in range(200):
        drawn = rng.gamma((mean / sd) ** 2, sd**2 / mean, n) if mean > 0 else rng.normal(mean, sd, n)
        drawn = mean + (drawn - drawn.mean()) / drawn.std(ddof=1) * sd
        if drawn.min() >= low:
            break
    return np.maximum(drawn, low)


def _with_zeros(rng: Generator, published: MeanSD) -> np.ndarray:
    """The same with some zeros, of every number that the mean and SD allow: groups of chains start far apart.

    The other k values have the mean n m / k, and what is left of the sum of squares.
    """
    n, mean, sd = published.n, published.mean_value, published.sd_value
    k = np.arange(2, n + 1)
    variance = ((n - 1) * sd**2 + n * mean**2 - (n * mean) ** 2 / k) / (k - 1)
    if mean <= 0 or not (variance > 0).any():
        return np.full(n, mean)
    which = rng.choice(np.flatnonzero(variance > 0))
    rest = MeanSD(f"{n * mean / k[which]:.9g}", f"{np.sqrt(variance[which]):.9g}", int(k[which]))
    return rng.permutation(np.append(_like(rng, rest, 0.0), np.zeros(n - rest.n)))


def _with_quantiles(rng: Generator, column: Column, statement: Statement) -> Steps:
    """Values whose quantiles are the reported ones by some definition, the others anywhere between these."""
    published = statement.statistic
    assert isinstance(published, Quantiles)
    for definition in published.definitions:
        placed = _placed(column, published, definition)
        if placed is None:
            continue
        values = _between(rng, column, published.n, placed)
        if published.allows(values * column.unit):
            return rng.permutation(values)
    raise _nothing_meets(statement)


def _placed(column: Column, published: Quantiles, definition: QuantileDefinition) -> dict[int, int] | None:
    """By rank (from 1) the order statistics that quantiles are made of, as close together as can be.

    Depth first, since two quantiles of few values may share one.
    """
    quantiles = sorted(published.quantiles, key=lambda one: one.p)
    open_ends: list[tuple[int, dict[int, int]]] = [(0, {})]
    for _ in range(_MOST_TRIES):
        if not open_ends:
            return None
        told, placed = open_ends.pop()
        if told == len(quantiles):
            return placed
        pairs = _pairs(column, published.n, quantiles[told], definition, placed)
        open_ends += [(told + 1, placed | pair) for pair in reversed(list(pairs))]
    return None


def _pairs(
    column: Column, n: int, one: Quantile, definition: QuantileDefinition, placed: Mapping[int, int]
) -> Iterator[dict[int, int]]:
    """The two order statistics of a quantile, or the one, that agree with those that are placed."""
    j, g = definition.position(one.p, n)
    q = Fraction(one.text) / Fraction(column.unit).limit_denominator(10_000)
    least = max([column.low, *(step for rank, step in placed.items() if rank <= j)])
    for apart in range(_MOST_APART if g else 1):
        for low in _around(q - g * apart):
            pair = {j: low, j + 1: low + apart} if g else {j: low}
            agrees = all(placed.get(rank, step) == step for rank, step in pair.items())
            if low >= least and agrees and one.interval.allows((low + float(g) * apart) * column.unit):
                yield pair


def _around(x: Fraction) -> tuple[int, ...]:
    near = round(x)
    return near, near - 1, near + 1


def _between(rng: Generator, column: Column, n: int, placed: Mapping[int, int]) -> Steps:
    """n values in order, of which some are known: those between are anywhere, those outside trail off."""
    ranks = sorted(placed)
    first, last = placed[ranks[0]], placed[ranks[-1]]
    scale = max(last - first, abs(last) / 2, 1.0) * np.exp(rng.normal(0.0, _APART))
    below = np.maximum(first - rng.exponential(scale, ranks[0] - 1), column.low)
    above = last + rng.exponential(scale, n - ranks[-1])
    found = [*below, *above, *placed.values()]
    for one, other in pairwise(ranks):
        found += list(rng.integers(placed[one], placed[other] + 1, other - one - 1))
    high = np.inf if column.high is None else column.high
    return np.sort(np.minimum(np.round(found), high)).astype(np.int64)


def _nothing_meets(statement: Statement) -> InputError:
    problem = Problem(
        f'claim "{statement.claim}" → summaries of "{statement.group}"',
        statement.statistic.wording,
        f"numbers that values in steps of {statement.column.unit:g} can have; no table was found that has",
    )
    return InputError("the cohort behind the paper", [problem])
