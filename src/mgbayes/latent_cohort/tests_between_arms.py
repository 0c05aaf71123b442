r"""Tests between the arms on many tables at once, as a reported p value could come from them.

Log-rank and rank tests are compiled, since a chain runs them at every move; the others stand on counts, means and
SDs. All are those of mgbayes.frequentist: tests hold them together, ties and all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from numba import njit
from scipy import special

from mgbayes.frequentist.exact_ranks import rank_sum_distribution
from mgbayes.frequentist.proportions import fisher, pearson, yates
from mgbayes.frequentist.ranks import EXACT_BELOW
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import TwoGroups
from mgbayes.frequentist.t_tests import summary_p
from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.table import Column, Floats, Mask, Steps, Tables
from mgbayes.latent_cohort.table_test import PValues, TableTest
from mgbayes.study.schema import TestFamily

_OF_COUNTS = {
    "Fisher": (TestFamily.fisher, fisher),
    "chi-square": (TestFamily.chi_square, pearson),
    "chi-square, Yates": (TestFamily.chi_square, yates),
}


def column_tests(column: Column) -> Iterator[TableTest]:
    """Tests of an amount or class, or of a time to an event; none of yes/no columns, whose counts are reported."""
    if column.is_yes_no:
        return
    if column.counted_in is None:
        yield from _of_values(column.name, None, "")
        return
    read = (column.name, column.counted_in, FOLLOWUP)
    on_times = partial(_on_times, column.name, column.counted_in)
    yield TableTest("log-rank", TestFamily.log_rank, read, partial(on_times, False), of_values=False)
    yield TableTest("Gehan-Wilcoxon", None, read, partial(on_times, True), of_values=False)
    yield from _of_values(column.name, column.counted_in, ", those with the event")


def count_tests(defined: Derived, before: Column | None = None, when: str = "") -> Iterator[TableTest]:
    """Tests of a yes/no outcome that an amount defines: of all patients, and of those with more of it before."""
    name = defined.column.name
    for test, (family, _) in _OF_COUNTS.items():
        yield TableTest(test, family, (name,), partial(_on_counts, defined, test, None))
        if before is not None:
            on = partial(_on_counts, defined, test, before.name)
            yield TableTest(f"{test}, of those above it at {when}", family, (name, before.name), on)


def _of_values(name: str, event: str | None, among: str) -> Iterator[TableTest]:
    read = (name,) if event is None else (name, event)
    for test, equal in (("Student's t", True), ("Welch's t", False)):
        yield TableTest(test + among, TestFamily.t, read, partial(_t, name, event, equal))
    rank_sums = partial(_mann_whitney, name, event)
    yield TableTest("Mann-Whitney" + among, TestFamily.mann_whitney, read, rank_sums)


def _on_times(name: str, event_name: str, gehan: bool, tables: Tables) -> PValues:
    event = tables.steps[event_name] > 0
    time = np.where(event, tables.value(name), tables.value(FOLLOWUP))
    excess, variance = _log_rank(time, event, tables.arm == 1, gehan)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 0, excess**2 / variance, np.nan)
    return PValues(special.chdtrc(1, statistic), -np.sign(excess))  # a higher hazard is an earlier event


@njit(error_model="numpy")
def _log_rank(time: Floats, event: Mask, contrast: Mask, by_at_risk: bool) -> Floats:
    """O - E of the contrast arm and its variance, (2, K); each time weighs 1, or as many as are at risk."""
    found = np.zeros((2, len(time)))
    for k in range(len(time)):
        order = np.argsort(time[k])
        at_risk, of_contrast, i = len(contrast), contrast.sum(), 0
        while i < len(order):
            events, theirs, j, leave = 0, 0, i, 0
            while j < len(order) and time[k, order[j]] == time[k, order[i]]:
                events += event[k, order[j]]
                theirs += event[k, order[j]] and contrast[order[j]]
                leave += contrast[order[j]]
                j += 1
            share, weight = of_contrast / at_risk, at_risk if by_at_risk else 1.0
            found[0, k] += weight * (theirs - events * share)
            others = (at_risk - events) / max(at_risk - 1, 1)
            found[1, k] += weight**2 * events * share * (1 - share) * others
            at_risk, of_contrast, i = at_risk - (j - i), of_contrast - leave, j
    return found


def _counted(tables: Tables, name: str, event: str | None) -> Mask:
    return np.ones(tables.steps[name].shape, bool) if event is None else tables.steps[event] > 0


def _mann_whitney(name: str, event: str | None, tables: Tables) -> PValues:
    return mann_whitney_of(tables.steps[name], _counted(tables, name, event), tables.arm == 1)


def mann_whitney_of(value: Steps, counted: Mask, contrast: Mask) -> PValues:
    """Of values (K, n) of those counted: exact without ties, else normal, corrected for ties and continuity."""
    u, ties, m, n = _rank_sums(value, counted, contrast)
    size = m + n
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(m * n / 12 * (size + 1 - ties / (size * (size - 1))))
        z = (np.abs(u - m * n / 2) - 0.5) / sd
    p = np.minimum(2 * special.ndtr(-np.where(sd > 0, z, 0.0)), 1.0)
    exact = (ties == 0) & (np.maximum(m, n) < EXACT_BELOW)
    for one, other in set(zip(m[exact], n[exact], strict=True)):
        rows = exact & (m == one) & (n == other)
        if one > 0 and other > 0:
            p[rows] = _exact_p(int(one), int(other))[u[rows].astype(np.int64)]
    return PValues(np.where((m > 0) & (n > 0), p, np.nan), np.sign(u - m * n / 2))


@njit(error_model="numpy")
def _rank_sums(value: Steps, counted: Mask, contrast: Mask) -> Floats:
    """U of the contrast arm, the sum of t³ - t over ties of t values, and the sizes of both arms: (4, K)."""
    found = np.zeros((4, len(value)))
    for k in range(len(value)):
        for i in range(len(contrast)):
            if not counted[k, i]:
                continue
            found[3 if contrast[i] else 2, k] += 1
            alike = 0
            for j in range(len(contrast)):
                if counted[k, j]:
                    alike += value[k, i] == value[k, j]
                    if contrast[i] and not contrast[j]:
                        found[0, k] += (value[k, i] > value[k, j]) + 0.5 * (value[k, i] == value[k, j])
            found[1, k] += alike * alike - 1
    return found


@cache
def _exact_p(m: int, n: int) -> Floats:
    """The two-sided p of U = 0, 1, ..., m n without ties."""
    doubled = rank_sum_distribution(2 * np.arange(1, m + n + 1), n)[n * (n + 1) :: 2]
    upper = np.cumsum(doubled[::-1])[::-1]
    far = np.maximum(np.arange(m * n + 1), m * n - np.arange(m * n + 1))
    return np.minimum(2 * upper[far], 1.0)


def _t(name: str, event: str | None, equal_variances: bool, tables: Tables) -> PValues:
    value, counted = tables.value(name), _counted(tables, name, event)
    (m, one, sd_one), (n, other, sd_other) = (
        _moments(value, counted & (tables.arm == arm)) for arm in (0, 1)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        p = summary_p(other - one, sd_other, n, sd_one, m, equal_variances=equal_variances)
    return PValues(np.where((m > 1) & (n > 1), p, np.nan), np.sign(other - one))


def _moments(value: Floats, counted: Mask) -> tuple[Floats, Floats, Floats]:
    n = counted.sum(axis=1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(counted, value, 0.0).sum(axis=1) / n
        squares = np.where(counted, (value - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return n, mean, np.sqrt(squares / (n - 1))


def _on_counts(defined: Derived, test: str, before: str | None, tables: Tables) -> PValues:
    having = defined.which(tables)
    counted = np.ones_like(having) if before is None else tables.steps[before] > defined.most
    arms = [counted & (tables.arm == arm) for arm in (0, 1)]
    cells = np.stack([part.sum(axis=1) for arm in arms for part in (having & arm, arm)], axis=1)
    unique, which = np.unique(cells, axis=0, return_inverse=True)
    p = np.array([_p_of_counts(test, *map(int, cell)) for cell in unique])[which.ravel()]
    x, n, y, m = cells.T
    return PValues(p, np.sign(y * n - x * m).astype(float))


@cache
def _p_of_counts(test: str, x: int, n: int, y: int, m: int) -> float:
    """p of x of n against y of m patients; 1 where a test has none, as where nobody has it; NaN without patients."""
    if n == 0 or m == 0:
        return float("nan")
    run: Callable[[TwoGroups], Result] = _OF_COUNTS[test][1]
    groups = TwoGroups(*((np.arange(size) < count).astype(float) for count, size in ((x, n), (y, m))))
    p = run(groups).p
    return 1.0 if p is None or p != p else float(p)
