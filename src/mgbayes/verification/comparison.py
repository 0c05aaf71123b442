"""What a claim compares, with the numbers that are printed for it anywhere in the study."""

from __future__ import annotations

from dataclasses import dataclass

from mgbayes.study.numbers import CountOf, categories_of, find_count, find_mean_and_spread, find_quantiles
from mgbayes.study.reported import ReportedEffect
from mgbayes.study.schema import ALL, Claim, Endpoint, Kind, Study, TestFamily
from mgbayes.study.statistics.counts import Categories
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.study.statistics.quantiles import Quantiles


@dataclass(frozen=True)
class Side:
    """One of the two things compared: a group at a visit."""

    group: str
    visit: str | None
    size: int | None
    count: CountOf | None
    mean: MeanAndSpread | None
    quantiles: Quantiles | None = None
    categories: Categories | None = None


@dataclass(frozen=True)
class Pair:
    """Two sides of one comparison; paired when the same patients, or their matches, stand on both."""

    first: Side
    second: Side
    paired: bool
    change: MeanAndSpread | None = None
    """Of one group at two visits: the change of each patient."""

    @property
    def is_counted(self) -> bool:
        """Whether different patients are counted in categories on both sides, so that every rank is known."""
        return not self.paired and self.first.categories is not None and self.second.categories is not None

    @property
    def visit(self) -> str | None:
        """The later visit of a before-and-after comparison."""
        return self.second.visit if self.over_time else None

    @property
    def over_time(self) -> bool:
        """Whether one group is compared at two visits."""
        return self.paired and self.first.group == self.second.group


@dataclass(frozen=True)
class Question:
    """What is asked of a claim's printed p value(s)."""

    study: Study
    claim: Claim
    endpoint: Endpoint
    pairs: tuple[Pair, ...]
    printed: tuple[ReportedP, ...]
    named: frozenset[TestFamily]
    """The tests that the paper names for it; empty when it names none."""

    @property
    def paired(self) -> bool:
        """Whether the same patients are compared with themselves."""
        comparison = self.claim.comparison
        return comparison is not None and comparison.is_paired

    @property
    def judged(self) -> frozenset[TestFamily]:
        """The tests that decide the verdict: those named, or else those usual for such data."""
        usual = USUAL_TESTS[self.endpoint.kind, self.paired]
        if any(pair.is_counted for pair in self.pairs):
            usual |= {TestFamily.chi_square, TestFamily.fisher}
        return self.named or (usual | {TestFamily.wald} if any(self.effects) else usual)

    @property
    def effects(self) -> tuple[ReportedEffect, ...]:
        """The effects of the claim that have an interval."""
        return tuple(row for row in self.claim.effects if row.statistic.has_interval)

    def judges(self, family: TestFamily | None, *, usual: bool = True) -> bool:
        """Whether a test decides the verdict; without a named test any usual one of the right design does."""
        if self.named:
            return family in self.named
        return usual if family is None else family in self.judged

    def agrees(self, low: float, high: float) -> bool:
        """Whether a p in [low, high] could have been printed as each source prints it."""
        return all(p.agrees(low, high) for p in self.printed)

    def agrees_throughout(self, low: float, high: float) -> bool:
        """Whether every p in [low, high] would have been printed so."""
        return all(p.interval.low <= low and high <= p.interval.high for p in self.printed)


_INDEPENDENT = {
    Kind.binary: (TestFamily.chi_square, TestFamily.fisher),
    Kind.time_to_event: (TestFamily.log_rank, TestFamily.t, TestFamily.mann_whitney),
}
_PAIRED = {Kind.binary: (TestFamily.mcnemar,)}
USUAL_TESTS: dict[tuple[Kind, bool], frozenset[TestFamily]] = {
    (kind, paired): frozenset(usual.get(kind, other))
    for kind in Kind
    for paired, usual, other in (
        (False, _INDEPENDENT, (TestFamily.t, TestFamily.mann_whitney)),
        (True, _PAIRED, (TestFamily.t, TestFamily.signed_rank)),
    )
}
"""What could stand behind a p value whose test the paper does not name, by kind of data and whether it is paired."""


def question_of(study: Study, claim: Claim) -> Question | None:
    """The question behind a claim; None when no p is printed or nothing says what it compares."""
    endpoint = study.endpoint_of(claim)
    comparison = claim.comparison
    if endpoint is None or comparison is None or not claim.p_by_source or not comparison.counts_known:
        return None
    return Question(
        study,
        claim,
        endpoint,
        _pairs(study, claim, endpoint),
        tuple(study.parse_p(text) for text in claim.p_by_source.values()),
        _named(study, claim, endpoint.kind),
    )


def _pairs(study: Study, claim: Claim, endpoint: Endpoint) -> tuple[Pair, ...]:
    comparison = claim.comparison
    assert comparison is not None
    if comparison.between == "visits":
        group, first = comparison.groups[0], comparison.visits[0]
        return tuple(
            Pair(
                _side(study, claim, endpoint, group, first),
                _side(study, claim, endpoint, group, later),
                paired=True,
                change=find_mean_and_spread(study, endpoint.id, group, later, first),
            )
            for later in comparison.visits[1:]
        )
    arms = (study.reference.id, study.contrast.id)
    groups = comparison.groups if comparison.groups not in ((), (ALL,)) else arms
    if len(groups) == 1:  # the arms within one group: a study file holds no numbers of that
        return ()
    visit = comparison.visits[0] if comparison.visits else _visit(claim)
    change = claim.summaries[0].change_from if claim.summaries else None
    one, other = (_side(study, claim, endpoint, group, visit, change) for group in groups)
    return (Pair(one, other, paired=comparison.paired),)


def _visit(claim: Claim) -> str | None:
    return claim.summaries[0].visit if claim.summaries else None


def _side(
    study: Study,
    claim: Claim,
    endpoint: Endpoint,
    group: str,
    visit: str | None,
    change_from: str | None = None,
) -> Side:
    mean = find_mean_and_spread(study, endpoint.id, group, visit, change_from)
    if mean is not None and mean.n < 2:
        mean = None
    count = find_count(study, endpoint.id, group, visit) if endpoint.kind is Kind.binary else None
    quantiles = find_quantiles(study, endpoint, group, visit, change_from)
    categories = categories_of(study, claim, group, visit) if change_from is None else None
    return Side(group, visit, study.group_n(group), count, mean, quantiles, categories)


def _named(study: Study, claim: Claim, kind: Kind) -> frozenset[TestFamily]:
    comparison = claim.comparison
    assert comparison is not None
    if comparison.test is not None:
        return frozenset({comparison.test})
    design = "paired" if comparison.is_paired else "independent"
    return frozenset(
        row.test for row in study.methods.tests if kind in row.kinds and row.design in ("either", design)
    )
