"""Do survival percentages, numbers at risk and the median survival of a group agree with each other?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from mgbayes.study.numbers import size_of, statistics_of
from mgbayes.study.schema import Claim, Study
from mgbayes.study.statistics.statistic import PublishedStatistic
from mgbayes.study.statistics.survival import NOT_REACHED, AtRisk, MedianSurvival, SurvivalAt
from mgbayes.verification.result import Check


def survival(study: Study, claim: Claim) -> Iterator[Check]:
    """Survival and numbers at risk never rise, and half survive up to the median, no longer."""
    for group in dict.fromkeys(row.group for row in claim.summaries):
        found = [
            one
            for row in claim.summaries
            if row.group == group
            for one in statistics_of(row, size_of(study, row))
        ]
        who = study.label(group)
        percents = sorted(
            (one for one in found if isinstance(one, SurvivalAt)), key=lambda one: float(one.at)
        )
        at_risk = sorted((one for one in found if isinstance(one, AtRisk)), key=lambda one: float(one.at))
        yield from _falls("survival", who, percents)
        yield from _falls("at_risk", who, at_risk)
        yield from _still_followed(who, percents, at_risk)
        for median in found:
            if isinstance(median, MedianSurvival):
                yield from _around_median(who, median, percents)


def _falls(name: str, who: str, rows: list[SurvivalAt] | list[AtRisk]) -> Iterator[Check]:
    if len(rows) < 2:
        return
    numbers = [row.numbers[0].interval for row in rows]
    falls = all(later.low <= earlier.high for earlier, later in pairwise(numbers))
    listed = ", ".join(row.wording for row in rows)
    yield Check(name, falls, f"{who}: {listed}: {'no rise' if falls else 'a rise'} with time", proves=False)


def _still_followed(who: str, percents: list[SurvivalAt], at_risk: list[AtRisk]) -> Iterator[Check]:
    """Survival at a time is at least the share of all patients who are at risk later: censoring only raises it."""
    for earlier in percents:
        later = next((row for row in at_risk if float(row.at) > float(earlier.at) and row.n), None)
        if later is not None and later.n:
            fits = earlier.numbers[0].interval.high >= Fraction(100 * int(later.count), later.n)
            text = f"{who}: {earlier.wording}, {later.wording} of {later.n} patients"
            text += "" if fits else ": more than survive"
            yield Check("survival_at_risk", fits, text, proves=False)


def _around_median(who: str, median: MedianSurvival, rows: list[SurvivalAt]) -> Iterator[Check]:
    """More than half are without the event before the median, at most half from then on."""
    if not rows:
        return
    wrong: list[PublishedStatistic] = []
    for row in rows:
        share = row.numbers[0].interval
        if median.median == NOT_REACHED:
            wrong += [row] if share.high <= 50 else []
            continue
        around, at = median.numbers[0].interval, float(row.at)
        wrong += [row] if at < around.low and share.high <= 50 else []
        wrong += [row] if at >= around.high and share.low > 50 else []
    text = f"{who}: {median.wording} and {', '.join(row.wording for row in wrong or rows)}"
    yield Check(
        "median_survival", not wrong, text + (" contradict each other" if wrong else " agree"), proves=False
    )
