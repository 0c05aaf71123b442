"""Reported p values against the rest of a paper, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log
from typing import TYPE_CHECKING

from mgbayes.latent_cohort.diagnostics import GROUPS
from mgbayes.report import words

if TYPE_CHECKING:
    from mgbayes.latent_cohort.answer import CohortAnswer
    from mgbayes.latent_cohort.p_evidence import ReportedPValue
    from mgbayes.latent_cohort.p_statements import PStatement
    from mgbayes.latent_cohort.tempering import Climb

_DOUBT = 0.1
"""From this probability of a misprint on the answer speaks of it."""


def doubted(behind: CohortAnswer) -> Iterator[str]:
    """The p values that the other numbers disbelieve, the most doubted first."""
    rows = sorted(behind.given_p.rows if behind.given_p else (), key=lambda row: -row.misprint)
    for row in rows:
        if row.misprint >= _DOUBT:
            yield (
                f"The other numbers disbelieve {reported(row.statement)} for {row.statement.what}: the "
                f"probability of a misprint, or of a test or patients that the paper does not name, rises from "
                f"{words.percent(row.prior)} to {words.percent(row.misprint)}."
            )


def reported(stated: PStatement) -> str:
    """``p = 0.05`` or ``p <0.001``."""
    return f"p {stated.text}" if stated.text.lstrip()[0] in "<>=" else f"p = {stated.text}"


def which_test(row: ReportedPValue) -> str:
    """The most probable test."""
    if row.of_tests is None:
        return "none of these tests"
    best = max(range(len(row.of_tests)), key=lambda k: row.of_tests[k] if row.of_tests else 0.0)
    return f"{row.statement.tests[best].name} ({words.percent(row.of_tests[best])})"


def of_climb(climb: Climb) -> str:
    """Whether chains came to it, and how probable it is."""
    if climb.reached:
        return f"{chance(climb.log_chance)} (reached from {climb.starts} of {GROUPS} starts)"
    nearest = f", nearest p {climb.nearest_p:.2g}" if climb.nearest_p == climb.nearest_p else ""
    return f"not reached from {GROUPS} starts{nearest}"


def chance(log_chance: float) -> str:
    """A probability, also one too small for percent: about 1 in 10^12."""
    tens = log_chance / log(10)
    if tens > -3:
        return words.chance(10**tens)
    whole = floor(-tens)
    return f"about 1 in {10 ** (-tens):.0f}" if whole < 6 else f"about 1 in 10^{-tens:.0f}"
