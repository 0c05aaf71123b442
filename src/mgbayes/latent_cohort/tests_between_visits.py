"""Tests of patients' changes from one visit to another, on many tables at once.

The signed rank test is compiled, since a chain runs it at every move. All are those of mgbayes.frequentist: tests
hold them together, ties and patients without a change included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from numba import njit
from scipy import special

from mgbayes.frequentist import mcnemar
from mgbayes.frequentist.exact_ranks import signed_rank_distribution
from mgbayes.frequentist.ranks import EXACT_BELOW
from mgbayes.latent_cohort.table import Column, Floats, Mask, Steps, Tables
from mgbayes.latent_cohort.table_test import PValues, TableTest
from mgbayes.study.schema import TestFamily


def visit_tests(first: Column, later: Column, who: Mask) -> Iterator[TableTest]:
    """Tests of the change of a column in some patients (n,): of an amount or class, or of a yes/no outcome."""
    read, counts = (first.name, later.name), partial(_on_counts, first.name, later.name, who)
    if first.is_yes_no:
        yield TableTest("McNemar, exact", TestFamily.mcnemar, read, partial(counts, mcnemar.exact))
        corrected = partial(counts, mcnemar.chi_square_corrected)
        yield TableTest("McNemar, chi-square", TestFamily.mcnemar, read, corrected)
        return
    for name, family, on in (
        ("paired t", TestFamily.t, _paired_t),
        ("Wilcoxon signed rank", TestFamily.signed_rank, _signed_rank),
    ):
        yield TableTest(name, family, read, partial(_on_changes, on, first.name, later.name, who))
    yield TableTest("sign test", None, read, partial(counts, mcnemar.exact))


def _changes(first: str, later: str, who: Mask, tables: Tables) -> Steps:
    changes: Steps = tables.steps[later][:, who] - tables.steps[first][:, who]
    return changes


def _on_changes(
    test: Callable[[Steps], PValues], first: str, later: str, who: Mask, tables: Tables
) -> PValues:
    return test(_changes(first, later, who, tables))


def _on_counts(
    first: str, later: str, who: Mask, test: Callable[[Steps, Steps], Floats], tables: Tables
) -> PValues:
    """Of how many fell and how many rose; 1 where nobody changed."""
    changes = _changes(first, later, who, tables)
    fell, rose = (changes < 0).sum(axis=1), (changes > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(fell + rose > 0, test(fell, rose), 1.0)
    return PValues(p, np.sign(rose - fell).astype(float))


def _paired_t(changes: Steps) -> PValues:
    """1 where nobody changed."""
    n, mean = changes.shape[1], changes.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean / (changes.std(axis=1, ddof=1) / np.sqrt(n))
    p = 2 * special.stdtr(n - 1, -np.abs(t))
    return PValues(np.where((changes == 0).all(axis=1), 1.0, p), np.sign(mean))


def _signed_rank(changes: Steps) -> PValues:
    """Exact where every patient changed, by another amount each; else normal, corrected for ties and continuity.

    1 where nobody changed.
    """
    risen, ties, moved = _signed_ranks(changes)
    expected, n = moved * (moved + 1) / 4, changes.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(expected * (2 * moved + 1) / 6 - ties / 48)
        z = (np.abs(risen - expected) - 0.5) / sd
    p = np.minimum(2 * special.ndtr(-z), 1.0)
    exact = (ties == 0) & (moved == n) & (n < EXACT_BELOW)
    p[exact] = _exact_p(n)[risen[exact].astype(np.int64)]
    return PValues(np.where(moved > 0, p, 1.0), np.sign(risen - expected))


@njit(error_model="numpy")
def _signed_ranks(changes: Steps) -> Floats:
    """The rank sum of those who rose, the sum of t³ - t over ties of t sizes, and how many changed: (3, K)."""
    found = np.zeros((3, len(changes)))
    for k in range(len(changes)):
        size = np.abs(changes[k])
        for i in range(len(size)):
            if size[i] == 0:
                continue
            smaller, alike = 0, 0
            for j in range(len(size)):
                smaller += 0 < size[j] < size[i]
                alike += size[j] == size[i]
            found[0, k] += (smaller + (alike + 1) / 2) * (changes[k, i] > 0)
            found[1, k] += alike * alike - 1
            found[2, k] += 1
    return found


@cache
def _exact_p(n: int) -> Floats:
    """The two-sided p of a rank sum of 0, 1, ..., n (n + 1) / 2 without ties."""
    chance = signed_rank_distribution(2 * np.arange(1, n + 1))[::2]
    upper = np.cumsum(chance[::-1])[::-1]
    sums = np.arange(len(chance))
    return np.minimum(2 * upper[np.maximum(sums, len(chance) - 1 - sums)], 1.0)
