"""Do the printed digits agree with each other?

Each rule looks at one claim in its study and yields checks. A check that fails means that the
printed numbers contradict each other, whatever the patients' data were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from mgbayes.study.numbers import categories_of, count_of, mean_of, size_of, summaries_of, support_of
from mgbayes.study.rounding import Interval, decimals, rounding_interval
from mgbayes.study.schema import ALL, Claim, Kind, Study, Summary
from mgbayes.study.statistics.counts import Percent
from mgbayes.study.statistics.means import MeanAndSpread, MeanSD
from mgbayes.study.statistics.statistic import Support
from mgbayes.study.statistics.whole_numbers import grim, grim_has_power, is_searchable
from mgbayes.verification.changes import changes
from mgbayes.verification.intervals import effect_intervals, effects_recomputed, mean_intervals
from mgbayes.verification.quantiles import mean_with_quantiles, median_of_levels, quantiles_exist
from mgbayes.verification.result import Check
from mgbayes.verification.survival import survival

Rule = Callable[[Study, Claim], Iterator[Check]]


def percentages(study: Study, claim: Claim) -> Iterator[Check]:
    """A printed percentage is the count divided by the patients, over rounding."""
    for row in claim.summaries:
        n = size_of(study, row)
        if row.percent is None or n == 0:
            continue
        if n is None:
            yield from _of_unknown_size(study, row)
            continue
        fitting = Percent(row.percent, n).counts()
        who = study.label(row.group)
        if row.count is None:
            text = (
                f"{who}: the count is not reported; {row.percent} % of {n} can only be {fitting[0]}/{n}"
                if len(fitting) == 1
                else f"{who}: no count of {n} gives {row.percent} %"
                if not fitting
                else f"{who}: {row.percent} % of {n} fits {len(fitting)} counts"
            )
            yield Check("percentage", bool(fitting), text, proves=len(fitting) == 1)
            continue
        x = int(row.count)
        own = f"{100 * x / n:.{max(1, decimals(row.percent))}f}"
        text = f"{who}: {x}/{n} is {own} %, reported {row.percent} %"
        if x not in fitting:
            text += f"; {_counts(fitting, n)} would be {row.percent} %"
        yield Check("percentage", x in fitting, text)


def _of_unknown_size(study: Study, row: Summary) -> Iterator[Check]:
    """A percentage of an unknown number of patients: at most all of the study."""
    sizes = Percent(row.percent or "0").sizes(study.n)
    least = f"needs at least {sizes[0]} patients" if sizes else f"is no count of up to {study.n} patients"
    yield Check("percentage", bool(sizes), f"{study.label(row.group)}: {row.percent} % {least}", proves=False)


def _counts(fitting: list[int], n: int) -> str:
    return " or ".join(f"{x}/{n}" for x in fitting) if fitting else f"no count of {n}"


def totals(study: Study, claim: Claim) -> Iterator[Check]:
    """Counts of the arms add up to the count of all, in this claim or another of the endpoint."""
    if claim.endpoint is None:
        return
    for whole in claim.summaries:
        count = count_of(study, whole)
        if whole.group != ALL or count is None or whole.level is not None:
            continue
        arms = _arm_counts(study, claim.endpoint, whole.visit)
        if arms is not None:
            text = f"{' + '.join(map(str, arms))} = {sum(arms)}, reported for all: {count.x}"
            yield Check("subgroup_total", sum(arms) == count.x, text)


def _arm_counts(study: Study, endpoint: str, visit: str | None) -> list[int] | None:
    counts: dict[str, int] = {}
    for _, row in summaries_of(study, endpoint, visit):
        count = count_of(study, row)
        if count is not None and row.level is None:
            counts.setdefault(row.group, count.x)
    arms = [counts.get(arm.id) for arm in study.arms]
    return [x for x in arms if x is not None] if None not in arms else None


def levels(study: Study, claim: Claim) -> Iterator[Check]:
    """The categories of a group add up to its patients."""
    for group, visit in dict.fromkeys((row.group, row.visit) for row in claim.summaries):
        counted = categories_of(study, claim, group, visit)
        if counted is not None and counted.n is not None:
            text = f"{' + '.join(counted.counts)} = {counted.total}, patients: {counted.n}"
            yield Check("levels_total", counted.total == counted.n, text)


def pooled_means(study: Study, claim: Claim) -> Iterator[Check]:
    """The means of groups that make up all patients average to the mean of all."""
    rows = [
        row
        for row in claim.summaries
        if row.mean is not None and row.group != ALL and row.change_from is None
    ]
    sizes = [size_of(study, row) for row in rows]
    if claim.endpoint is None or len(rows) < 2 or None in sizes:
        return
    n = sum(size for size in sizes if size is not None)
    if n != study.n:
        return
    for owner, whole in summaries_of(study, claim.endpoint, rows[0].visit):
        if whole.group == ALL and whole.mean is not None and size_of(study, whole) == n:
            pooled = _pooled(rows, [size for size in sizes if size is not None])
            text = (
                f"the groups average {_average(rows, [size or 0 for size in sizes]):.3g} "
                f"({pooled.low:.3g} to {pooled.high:.3g} over rounding), {owner} prints {whole.mean}"
            )
            yield Check("pooled_mean", pooled.meets(rounding_interval(whole.mean)), text)


def _average(rows: list[Summary], sizes: list[int]) -> float:
    """The average of the means as printed."""
    means = [float(row.mean) for row in rows if row.mean is not None]
    return sum(size * mean for size, mean in zip(sizes, means, strict=True)) / sum(sizes)


def _pooled(rows: list[Summary], sizes: list[int]) -> Interval:
    around = [rounding_interval(row.mean) for row in rows if row.mean is not None]
    n = sum(sizes)
    return Interval(
        sum(size * part.low for size, part in zip(sizes, around, strict=True)) / n,
        sum(size * part.high for size, part in zip(sizes, around, strict=True)) / n,
    )


def room_for_sd(study: Study, claim: Claim) -> Iterator[Check]:
    """n values of zero or more have an SD of at most mean x sqrt(n); others need values below zero."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None or endpoint.nonnegative is False:
        return
    below_zero = not study.is_nonnegative(endpoint)
    for who, published in _spreads(study, claim):
        if published.has_room() or (below_zero and published.mean.startswith("-")):
            continue
        text = f"{who}: no {published.n} values of zero or more have {published.wording}"
        if below_zero:
            text += "; some must be below zero, if the numbers are right"
        yield Check("room_for_sd", below_zero, text, proves=False)


def whole_numbers(study: Study, claim: Claim) -> Iterator[Check]:
    """GRIM and GRIMMER: whole numbers can have this mean, with its SD or standard error. Changes may be negative."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None or not endpoint.whole:
        return
    lowest = 0.0 if study.is_nonnegative(endpoint) else -inf
    for changes_too, low in ((False, lowest), (True, -inf)):
        for who, published in _spreads(study, claim, of_changes=changes_too):
            n, mean = published.n, published.mean
            if not grim(mean, n):
                yield Check("grim", False, f"{who}: no {n} whole numbers have the mean {mean}")
                continue
            if not is_searchable(mean, n):
                continue
            power = "" if grim_has_power(mean, n) else " (GRIM has no power at this n and these decimals)"
            support = Support(whole=True, low=low)
            fits = published.possible(support)
            exist = "exist" if fits else "do not exist"
            text = f"{who}: {n} whole numbers with {published.wording} {exist}{power}"
            if fits and not published.possible(support, nearest_only=True):
                text += ", but only if a digit was cut off instead of rounded"
            yield Check("grimmer", fits, text, proves=False)


def zero_one(study: Study, claim: Claim) -> Iterator[Check]:
    """DEBIT: the mean and SD of a yes/no fit together."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None or endpoint.kind is not Kind.binary:
        return
    for who, published in _spreads(study, claim):
        if isinstance(published, MeanSD):
            fits = published.possible(support_of(study, endpoint))
            text = f"{who}: {published.n} values of 0 or 1 with {published.wording}"
            yield Check("debit", fits, f"{text} {'exist' if fits else 'do not exist'}", proves=False)


def _spreads(study: Study, claim: Claim, *, of_changes: bool = False) -> Iterator[tuple[str, MeanAndSpread]]:
    """Every mean of a claim with its SD, SE or interval, those of changes or the others, with whose they are."""
    for row in claim.summaries:
        published = mean_of(study, row)
        if published is not None and published.n and (row.change_from is not None) is of_changes:
            yield study.label(row.group), published


RULES: tuple[Rule, ...] = (
    percentages,
    totals,
    levels,
    pooled_means,
    room_for_sd,
    whole_numbers,
    zero_one,
    quantiles_exist,
    mean_with_quantiles,
    median_of_levels,
    mean_intervals,
    effect_intervals,
    effects_recomputed,
    changes,
    survival,
)


def check_digits(study: Study, claim: Claim) -> tuple[Check, ...]:
    """Every check of digits that applies to a claim."""
    return tuple(check for rule in RULES for check in rule(study, claim))
