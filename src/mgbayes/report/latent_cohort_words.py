"""The cohort behind a paper in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgbayes.report import words
from mgbayes.report.words_of_numbers import surprising_numbers
from mgbayes.report.words_of_p import doubted

if TYPE_CHECKING:
    from mgbayes.latent_cohort.answer import Answer, CohortAnswer
    from mgbayes.latent_cohort.tests_on_tables import PublishedP

RARE = 0.01
"""A reported p is called surprising where fewer of the cohorts have it, under every test that was tried."""


def short_answer(behind: CohortAnswer) -> Iterator[str]:
    """All outcomes together, each of them, what is likely though not reported, and what is surprising."""
    if behind.failed:
        names = "; ".join(words.first_lower(row.estimand.label) for row in behind.failed)
        yield f"Without an estimate, since chains did not agree: {names}."
    main = [row for row in behind.main() if row.convergence.ok]
    if len(main) > 1 and len(main) == len(behind.together[0].single):
        yield _together(behind)
    for row in main:
        better = (
            f"better for {behind.study.contrast.label} with a probability of {words.chance(row.p_benefit)}"
        )
        yield f"{words.first_upper(row.estimand.label)}: {of_answer(row)}; {better}."
    yield from _of_p_alone(behind)
    yield from _not_reported(behind)
    yield from _surprising(behind)
    yield from doubted(behind)
    yield from surprising_numbers(behind)


def of_answer(row: Answer) -> str:
    """Median and central 95 % interval, with the unit."""
    low, high = row.interval()
    unit = f" {row.estimand.unit}" if row.estimand.unit else ""
    return f"{words.number(row.median)} (central 95 % interval {words.number(low)} to {words.number(high)}){unit}"


def why_it_differs(behind: CohortAnswer) -> Iterator[str]:
    """Why the answer to an outcome is another than that of its separate analysis."""
    yield "a patient’s other outcomes say something of each (the last two columns differ by this)"
    for outcome in behind.cohort.outcomes:
        here, there = (words.family(name) for name in (outcome.job.family, outcome.plan.family))
        if here != there:
            yield f"{words.first_lower(outcome.plan.title)}: {here} here, {there} there"
    if behind.cohort.relations:
        yield "definitions hold between outcomes"
    yield "every table has all numbers that are listed below, and a separate analysis may use a part of them"


def _together(behind: CohortAnswer) -> str:
    first = behind.together[0]
    every = sorted(row.all for row in behind.together)
    low, high = words.percent(every[0]), words.percent(every[-1])
    over = low if low == high else f"{low} to {high}"
    several = len(first.single)
    every_one = "both" if several == 2 else f"all {several}"
    at_least = f", in at least two with {words.percent(first.at_least_two)}" if several > 2 else ""
    return (
        f"{behind.study.contrast.label} does better in {every_one} main outcomes with a probability of "
        f"{words.percent(first.all)}{at_least}. The probability of {every_one} is {over} as the outcomes of a "
        "patient are taken to depend on each other not at all or much."
    )


def _of_p_alone(behind: CohortAnswer) -> Iterator[str]:
    """Outcomes of which only a p value is reported: the first estimand of each, given this alone."""
    for one in behind.p_alone:
        row = one.answers[0]
        if row.p_benefit is not None:
            has_direction = any(stated.direction for stated in one.statements)
            by = (
                "its prior, this p value and its direction" if has_direction else "its prior and this p value"
            )
            yield (
                f"{words.first_upper(row.estimand.label)}, of which only a p value is reported: {of_answer(row)}; "
                f"better for {behind.study.contrast.label} with a probability of {words.chance(row.p_benefit)}, by "
                f"{by} alone."
            )


def _not_reported(behind: CohortAnswer) -> Iterator[str]:
    """The counts that the numbers tell most about: by arm, those whose range is the smallest part of the arm."""
    varying = [row for row in behind.unpublished if row.ends[1] > row.ends[0] and row.likeliest > 0]
    narrow = sorted(varying, key=lambda row: (row.between()[1] - row.between()[0]) / row.n)[:3]
    for row in narrow:
        low, high = row.between()
        yield (
            f"Not reported, but implied: {row.what}, {row.likeliest} of {row.n} {row.arm} patients most likely "
            f"(central 95 % interval {low} to {high})."
        )


def _surprising(behind: CohortAnswer) -> Iterator[str]:
    for claim, rows in by_claim(behind).items():
        best = max(rows, key=lambda row: row.share)
        if best.share < RARE:
            tests = ", ".join(dict.fromkeys(row.test for row in rows))
            yield (
                f"Surprising: p = {best.published} for {claim}. Fewer than {100 * RARE:g} % of the cohorts that have "
                f"the paper's other numbers give it, by any of the tests tried ({tests})."
            )


def by_claim(behind: CohortAnswer) -> dict[str, list[PublishedP]]:
    """The reported p values, each with the tests that were tried."""
    grouped: dict[str, list[PublishedP]] = {}
    for row in behind.p_values:
        grouped.setdefault(f"{row.what}", []).append(row)
    return grouped
