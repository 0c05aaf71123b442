"""The published statistics of a study, looked up by endpoint, group and visit across all claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mgbayes.study.reported import ReportedNumbers
from mgbayes.study.schema import ALL, Claim, Endpoint, Kind, Study, Summary
from mgbayes.study.statistics.counts import Categories, Count, Percent, Size
from mgbayes.study.statistics.means import Mean, MeanAndSpread, MeanCI, MeanSD, MeanSE
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.ratios import Effect
from mgbayes.study.statistics.statistic import PublishedStatistic, Support
from mgbayes.study.statistics.survival import AtRisk, MedianSurvival, SurvivalAt

UNKNOWN = 10**9
"""Patients in a group whose size is not reported: no limit that follows from a size binds."""


@dataclass(frozen=True)
class EffectOf:
    """A reported effect, whether it compares the reference arm with the other one, and is said to be unadjusted."""

    effect: Effect
    turned: bool
    unadjusted: bool = False


@dataclass(frozen=True)
class CountOf:
    """x of n patients, and whether x is printed or follows from the printed percentage."""

    x: int
    n: int
    printed: bool


def statistics_of(
    row: ReportedNumbers,
    n: int | None,
    definitions: tuple[QuantileDefinition, ...] = tuple(QuantileDefinition),
    levels: tuple[str, ...] = (),
) -> tuple[PublishedStatistic, ...]:
    """Everything that a summary reports, of n patients; quantiles of an ordinal outcome as ranks of its levels."""
    size = UNKNOWN if n is None else n
    found: list[PublishedStatistic | None] = [
        None if row.n is None else Size(row.n),
        None if row.count is None else Count(row.count, n),
        None if row.percent is None else Percent(row.percent, n),
        *_means(row, size),
        _quantiles(row, size, definitions, levels),
        *_survival(row, n),
    ]
    return tuple(one for one in found if one is not None)


def _means(row: ReportedNumbers, n: int) -> Iterator[Mean | MeanAndSpread]:
    if row.mean is None:
        return
    if row.sd is not None:
        yield MeanSD(row.mean, row.sd, n)
    if row.se is not None:
        yield MeanSE(row.mean, row.se, n)
    if row.ci is not None:
        yield MeanCI(row.mean, *row.ci, n, row.ci_level or "95")
    if row.sd is None and row.se is None and row.ci is None:
        yield Mean(row.mean, n)


def _quantiles(
    row: ReportedNumbers, n: int, definitions: tuple[QuantileDefinition, ...], levels: tuple[str, ...]
) -> Quantiles | None:
    def rank(text: str) -> str:
        return str(levels.index(text)) if text in levels else text

    def ranks(texts: tuple[str, str] | None) -> tuple[str, str] | None:
        return None if texts is None else (rank(texts[0]), rank(texts[1]))

    found = Quantiles.of_texts(
        n,
        None if row.median is None else rank(row.median),
        ranks(row.iqr),
        ranks(row.range),
        tuple((p, rank(text)) for p, text in (row.quantiles or {}).items()),
        definitions,
        of_classes=bool(levels),
    )
    return found if found.quantiles else None


def _survival(row: ReportedNumbers, n: int | None) -> Iterator[PublishedStatistic]:
    at, (low, high) = getattr(row, "at", None), row.ci or (None, None)
    level = row.ci_level or "95"
    if row.survival is not None and at is not None:
        yield SurvivalAt(at, row.survival, low, high, level)
    if row.median_survival is not None:
        yield MedianSurvival(row.median_survival, low, high, level)
    if row.at_risk is not None and at is not None:
        yield AtRisk(at, row.at_risk, n)


def summaries_of(
    study: Study, endpoint: str, visit: str | None = None, change_from: str | None = None
) -> Iterator[tuple[str, Summary]]:
    """The summaries of an endpoint at a visit, or of changes up to it, with the id of the claim that prints each."""
    for claim in study.claims:
        if claim.endpoint == endpoint:
            for row in claim.summaries:
                if (row.visit, row.change_from) == (visit, change_from):
                    yield claim.id, row


def size_of(study: Study, row: Summary) -> int | None:
    """How many patients stand behind a summary, if that is printed."""
    return int(row.n) if row.n is not None else study.group_n(row.group)


def count_of(study: Study, row: Summary) -> CountOf | None:
    """The count of a summary: printed, or the only one that has the printed percentage."""
    n = size_of(study, row)
    if n is None:
        return None
    if row.count is not None:
        return CountOf(int(row.count), n, printed=True)
    if row.percent is None:
        return None
    fitting = Percent(row.percent, n).counts()
    return CountOf(fitting[0], n, printed=False) if len(fitting) == 1 else None


def mean_of(study: Study, row: Summary, n: int | None = None) -> MeanAndSpread | None:
    """The mean of a summary with its SD, SE or confidence interval; of n patients, if not as many as is printed."""
    n = size_of(study, row) if n is None else n
    return next(
        (one for one in _means(row, n or 0) if isinstance(one, MeanAndSpread) and n is not None), None
    )


def quantiles_of(
    study: Study, endpoint: Endpoint | None, row: Summary, n: int | None = None
) -> Quantiles | None:
    """The quantiles of a summary, by the definitions that the paper's software uses; of n patients as in mean_of."""
    n = size_of(study, row) if n is None else n
    levels = () if endpoint is None else endpoint.levels
    return None if n is None else _quantiles(row, n, study.methods.quantile_definitions, levels)


def categories_of(study: Study, claim: Claim, group: str, visit: str | None = None) -> Categories | None:
    """The counts of a group in the categories that a claim names, where it counts all that it names."""
    rows = [
        row for row in claim.summaries if (row.group, row.visit) == (group, visit) and row.level is not None
    ]
    counts = [row.count for row in rows if row.count is not None]
    if len(counts) < 2 or len(counts) < len(rows):
        return None
    return Categories(tuple(row.level or "" for row in rows), tuple(counts), study.group_n(group))


def support_of(study: Study, endpoint: Endpoint) -> Support:
    """The values that an endpoint can have, as the file declares or the numbers show."""
    if endpoint.kind is Kind.binary:
        return Support(whole=True, low=0, high=1)
    if endpoint.kind is Kind.ordinal and endpoint.levels:
        return Support(whole=True, low=0, high=len(endpoint.levels) - 1)
    low = 0.0 if study.is_nonnegative(endpoint) else float("-inf")
    return Support(endpoint.whole, low)


def find_count(study: Study, endpoint: str, group: str, visit: str | None = None) -> CountOf | None:
    """The count of an endpoint in a group at a visit, wherever it is printed."""
    for _, row in summaries_of(study, endpoint, visit):
        if row.group == group and row.level is None:
            count = count_of(study, row)
            if count is not None:
                return count
    return None


def find_mean_and_spread(
    study: Study,
    endpoint: str,
    group: str,
    visit: str | None = None,
    change_from: str | None = None,
    *,
    n: int | None = None,
) -> MeanAndSpread | None:
    """The mean of an endpoint in a group at a visit with its SD, SE or interval, wherever it is printed.

    Of ``n`` patients where they are not the whole group, as those with an event of whom times are reported.
    """
    for _, row in summaries_of(study, endpoint, visit, change_from):
        if row.group == group and (found := mean_of(study, row, n)) is not None:
            return found
    return None


def find_quantiles(
    study: Study,
    endpoint: Endpoint,
    group: str,
    visit: str | None = None,
    change_from: str | None = None,
    *,
    n: int | None = None,
) -> Quantiles | None:
    """The quantiles of an endpoint in a group at a visit, wherever they are printed; of n patients as in mean_of."""
    for _, row in summaries_of(study, endpoint.id, visit, change_from):
        if row.group == group and (found := quantiles_of(study, endpoint, row, n)) is not None:
            return found
    return None


def find_effect(study: Study, endpoint: str, visit: str | None = None) -> EffectOf | None:
    """The first effect between the arms in an endpoint at a visit that has its interval, wherever it is printed."""
    reference, contrast = study.reference.id, study.contrast.id
    for claim in study.claims:
        for row in claim.effects if claim.endpoint == endpoint else ():
            groups = (row.of or contrast, row.versus or reference)
            if row.visit == visit and row.statistic.has_interval and set(groups) == {reference, contrast}:
                return EffectOf(row.statistic, groups[0] == reference, row.adjusted is False)
    return None


def find_categories(study: Study, endpoint: str, group: str, visit: str | None = None) -> Categories | None:
    """The counts of a group in the categories of an endpoint at a visit, wherever they are printed."""
    claims = (claim for claim in study.claims if claim.endpoint == endpoint)
    return next((found for claim in claims if (found := categories_of(study, claim, group, visit))), None)


def claims_between_arms(study: Study, endpoint: str, visit: str | None = None) -> tuple[Claim, ...]:
    """Every claim that sets the arms beside each other in an endpoint: with a p value, or with numbers of both.

    ``endpoint`` may be a time to an event: the claim that counts the event belongs to it too. With ``visit``, claims
    at that visit and those that name none; without, claims at any visit. Claims about a part of the patients, or
    about one arm over time, are not among them. Those with a p value come first, else in the order of the file.
    """
    event = next((row.event for row in study.endpoints if row.id == endpoint), None)
    found = [
        claim
        for claim in study.claims
        if (claim.endpoint == endpoint or claim.id == event)
        and _sets_arms_beside(study, claim)
        and (visit is None or visit in (_visits(claim) or {visit}))
    ]
    return tuple(sorted(found, key=lambda claim: not claim.p_by_source))


def _sets_arms_beside(study: Study, claim: Claim) -> bool:
    arms = {arm.id for arm in study.arms}
    comparison = claim.comparison
    if comparison is not None and (comparison.between == "arms" or set(comparison.groups) == arms):
        return comparison.groups in ((), (ALL,)) or set(comparison.groups) == arms
    return comparison is None and arms <= {row.group for row in claim.summaries}


def _visits(claim: Claim) -> frozenset[str]:
    named = () if claim.comparison is None else claim.comparison.visits
    return frozenset([*named, *(row.visit for row in claim.summaries if row.visit is not None)])


def wording(study: Study, row: Summary) -> str:
    """A summary as a reader would see it in the paper: ``old 10/17 (58.8%)``."""
    parts = [study.label(row.group)]
    if row.level is not None:
        parts.append(row.level)
    if row.change_from is not None:
        parts.append("change")
    if row.count is not None:
        parts.append(Count(row.count, None if row.n is None else int(row.n)).wording)
    if row.percent is not None:
        parts.append(f"({row.percent}%)" if row.count is not None else f"{row.percent}%")
    others = [one for one in statistics_of(row, 1) if not isinstance(one, Size | Count | Percent)]
    intervals = [one for one in others if isinstance(one, MeanCI) and others[0] is not one]
    parts += [one.interval_wording if one in intervals else one.wording for one in others]
    return " ".join(parts)
