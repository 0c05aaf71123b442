"""Does a confidence interval fit its estimate, its SD, and the counts or means that the effect is of?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from mgbayes.study.numbers import find_count, find_mean_and_spread, mean_of, size_of
from mgbayes.study.reported import ReportedEffect
from mgbayes.study.rounding import Interval, exact_interval, rounding_interval
from mgbayes.study.schema import Claim, Kind, Study
from mgbayes.study.statistics.effect_tables import OF_COUNTS, tables_with
from mgbayes.study.statistics.means import MeanCI
from mgbayes.study.statistics.ratios import Effect, Measure
from mgbayes.verification.result import Check


def mean_intervals(study: Study, claim: Claim) -> Iterator[Check]:
    """The confidence interval of a mean lies around it, and is as long as the SD and n make it."""
    for row in claim.summaries:
        n = size_of(study, row)
        if row.mean is None or row.ci is None or not n or n < 2:
            continue
        interval = MeanCI(row.mean, *row.ci, n, row.ci_level or "95")
        who, spread = study.label(row.group), mean_of(study, row)
        if not interval.is_symmetric:
            text = f"{who}: {row.mean} is not in the middle of {row.ci[0]} to {row.ci[1]}"
            yield Check("mean_interval", True, f"{text} (another scale, or resampling)", proves=False)
        elif spread is None or isinstance(spread, MeanCI):
            reach = interval.sd_interval
            text = f"{who}: {interval.wording} of {n} patients stands for an SD of {reach}"
            yield Check("mean_interval", True, text, proves=False)
        else:
            yield _length(who, interval, spread.sd_interval, spread.wording)


def _length(who: str, interval: MeanCI, sd: Interval, wording: str) -> Check:
    """Whether an interval is as long as an SD makes it, by Student's t or the normal distribution."""
    root, half = sqrt(interval.n), interval.half_width
    for c, name in zip(interval.multipliers, ("Student's t", "the normal distribution"), strict=True):
        if sd.scaled(c / root).meets(half):
            text = f"{who}: the interval {interval.low} to {interval.high} follows from {wording} by {name}"
            return Check("mean_interval", True, text)
    by_t = sd.scaled(interval.multipliers[0] / root)
    text = f"{who}: {wording} of {interval.n} patients gives an interval of ± {by_t}, "
    text += f"reported {interval.low} to {interval.high}"
    if sd.scaled(interval.multipliers[1]).meets(half) or sd.scaled(interval.multipliers[0]).meets(half):
        text += " (it fits if the SD is a standard error)"
    return Check("mean_interval", False, text)


def effect_intervals(study: Study, claim: Claim) -> Iterator[Check]:
    """An estimate lies in the middle of its interval, on the scale of its error."""
    for row in claim.effects:
        effect = row.statistic
        if effect.has_interval:
            scale = " on the log scale" if effect.measure.is_ratio else ""
            where = f"in the middle of {effect.low} to {effect.high}{scale}"
            text = f"The {effect.measure.label} {effect.estimate} lies {where}"
            if not effect.is_symmetric:
                text = f"The {effect.measure.label} {effect.estimate} is not {where}"
                text += " (an exact, profile or bootstrap interval, or a misprint)"
            yield Check("effect_interval", True, text, proves=effect.is_symmetric)


def effects_recomputed(study: Study, claim: Claim) -> Iterator[Check]:
    """An effect follows from the counts or the means of the two groups, unless other variables were adjusted for."""
    for row in claim.effects:
        found = None if row.adjusted else _from_summaries(study, claim, row)
        if found is None:
            yield from _counts_exist(study, claim, row)
            continue
        effect, way = row.statistic, f"{found.value} from the {found.what}"
        name = effect.measure.label
        if _fits(effect, found.value) or (
            found.other is not None and found.other in rounding_interval(effect.estimate)
        ):
            yield Check("effect", True, f"the {name} {effect.estimate} follows from the {found.what}")
        elif _fits(effect, found.inverse):
            other_way = f"{study.label(found.versus)} against {study.label(found.of)}"
            text = f"the {name} {effect.estimate} is that of {other_way}; the other way about it is {way}"
            yield Check("effect", False, text)
        else:
            maybe = "" if row.adjusted is False else "; an analysis with other variables could give another"
            text = f"the {name} is {way}, reported {effect.estimate}{maybe}"
            yield Check("effect", row.adjusted is not False, text, proves=False)


def _counts_exist(study: Study, claim: Claim, row: ReportedEffect) -> Iterator[Check]:
    """Some counts of two groups whose sizes are known give an unadjusted effect and Wald's interval."""
    of, versus = row.of or study.contrast.id, row.versus or study.reference.id
    m, n = study.group_n(of), study.group_n(versus)
    effect, endpoint = row.statistic, study.endpoint_of(claim)
    if row.adjusted is not False or m is None or n is None or not effect.has_interval:
        return
    if endpoint is None or endpoint.kind is not Kind.binary or effect.measure not in OF_COUNTS:
        return
    tables = tables_with(effect, m, n)
    some = "; ".join(f"{x} of {m} against {y} of {n}" for x, y in tables[:3]) + (
        " ..." if len(tables) > 3 else ""
    )
    text = f"the {effect.wording} is that of {some}"
    if not len(tables):
        text = f"no counts of {m} and {n} patients give the {effect.wording} by Wald's method"
        text += " (another method, other patients, or a misprint)"
    yield Check("effect", len(tables) > 0, text, proves=False)


@dataclass(frozen=True)
class _Recomputed:
    """An effect over the rounding of what it is of, its inverse, and a second estimate where there is one."""

    what: str
    of: str
    versus: str
    value: Interval
    inverse: Interval
    other: float | None = None


def _fits(effect: Effect, value: Interval) -> bool:
    around = exact_interval(effect.estimate)
    return value.meets(rounding_interval(effect.estimate)) and (
        value.low < value.high or bool(around.allows(value.low))
    )


def _from_summaries(study: Study, claim: Claim, row: ReportedEffect) -> _Recomputed | None:
    endpoint = study.endpoint_of(claim)
    if endpoint is None:
        return None
    of, versus = row.of or study.contrast.id, row.versus or study.reference.id
    visit = row.visit or (claim.summaries[0].visit if claim.summaries else None)
    measure = row.statistic.measure
    if measure in (Measure.mean_difference, Measure.mean_ratio):
        change = claim.summaries[0].change_from if claim.summaries else None
        means = [find_mean_and_spread(study, endpoint.id, group, visit, change) for group in (of, versus)]
        one, other = (None if mean is None else mean.mean_interval for mean in means)
        return None if one is None or other is None else _of_means(measure, of, versus, one, other)
    if measure not in OF_COUNTS or endpoint.kind is not Kind.binary:
        return None
    first, second = (find_count(study, endpoint.id, group, visit) for group in (of, versus))
    if first is None or second is None:
        return None
    return _of_counts(measure, of, versus, (first.x, first.n, second.x, second.n))


def _of_means(measure: Measure, of: str, versus: str, one: Interval, other: Interval) -> _Recomputed | None:
    if measure is Measure.mean_difference:
        value = Interval(one.low - other.high, one.high - other.low)
        return _Recomputed("means", of, versus, value, Interval(-value.high, -value.low))
    if one.low <= 0 or other.low <= 0:
        return None
    value = Interval(one.low / other.high, one.high / other.low)
    return _Recomputed("means", of, versus, value, Interval(1 / value.high, 1 / value.low))


def _of_counts(
    measure: Measure, of: str, versus: str, counts: tuple[int, int, int, int]
) -> _Recomputed | None:
    x, m, y, n = counts
    if measure is Measure.risk_difference:
        value = 100 * (x / m - y / n)
        return _Recomputed("counts", of, versus, Interval(value, value), Interval(-value, -value))
    if 0 in (x, y) or (measure is Measure.odds_ratio and (x == m or y == n)):
        return None
    if measure is Measure.risk_ratio:
        value, other = (x / m) / (y / n), None
    else:
        value, other = x * (n - y) / (y * (m - x)), _conditional_odds_ratio(x, m, y, n)
    return _Recomputed("counts", of, versus, Interval(value, value), Interval(1 / value, 1 / value), other)


def _conditional_odds_ratio(x: int, m: int, y: int, n: int) -> float:
    """The maximum of the likelihood given the margins, as R's fisher.test reports it (SciPy)."""
    from scipy.stats.contingency import odds_ratio

    return float(odds_ratio([[x, m - x], [y, n - y]]).statistic)
