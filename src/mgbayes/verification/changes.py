"""Does a change fit the values at its two ends?"""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.study.numbers import find_mean_and_spread, mean_of
from mgbayes.study.rounding import Interval
from mgbayes.study.schema import Claim, Study
from mgbayes.verification.result import Check


def changes(study: Study, claim: Claim) -> Iterator[Check]:
    """The mean change is the difference of the means, its SD between the difference and the sum of the SDs."""
    for row in claim.summaries:
        change = mean_of(study, row)
        if row.change_from is None or change is None or claim.endpoint is None:
            continue
        before, after = (
            find_mean_and_spread(study, claim.endpoint, row.group, visit)
            for visit in (row.change_from, row.visit)
        )
        if before is None or after is None or not before.n == after.n == change.n:
            continue
        who, one, other = study.label(row.group), before.mean_interval, after.mean_interval
        value = Interval(other.low - one.high, other.high - one.low)
        fits, reversed_sign = (
            value.meets(x) for x in (change.mean_interval, _negative(change.mean_interval))
        )
        text = f"{who}: from {before.mean} to {after.mean} is {value}, reported {change.mean}"
        if reversed_sign and not fits:
            text += " (a decrease, given without its sign)"
        yield Check("mean_of_change", fits or reversed_sign, text)
        s, t = before.sd_interval, after.sd_interval
        least = 0.0 if s.meets(t) else min(abs(s.low - t.high), abs(s.high - t.low))
        reach = Interval(least, s.high + t.high)
        text = f"{who}: an SD of the change of {reach} is possible, reported {change.wording}"
        yield Check("sd_of_change", reach.meets(change.sd_interval), text, proves=False)


def _negative(interval: Interval) -> Interval:
    return Interval(-interval.high, -interval.low)
