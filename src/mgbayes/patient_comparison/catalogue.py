"""Which test stands for which kind of endpoint and which design.

Each entry lists the tests of one kind in one design. Where a paper names several of them without saying
which it used where, the first named one stands for the paper; ``better`` marks the one that should have
been used as well, ``check`` one that tests an assumption instead of a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np

from mgbayes.frequentist import cox, kaplan_meier, log_rank, mcnemar, proportions, ranks, rates, t_tests
from mgbayes.frequentist.brunner_munzel import brunner_munzel
from mgbayes.frequentist.kaplan_meier import median_time
from mgbayes.frequentist.permutation import permutation_changes, permutation_means
from mgbayes.frequentist.result import Result, refused, settled
from mgbayes.frequentist.samples import FollowUp, among_those_with_event, as_two_groups
from mgbayes.patient_comparison import needs
from mgbayes.patient_comparison.needs import Need
from mgbayes.study.schema import Kind
from mgbayes.study.schema import TestFamily as Family


class Design(StrEnum):
    """Two groups of patients, or the same patients at two visits."""

    independent = "independent"
    paired = "paired"


@dataclass(frozen=True)
class Entry:
    """One test: what it is called, what it needs, and the function that runs it."""

    name: str
    label: str
    family: Family | None
    run: Callable[[Any], Result]
    needs: tuple[Need, ...]
    better: bool = False
    check: bool = False
    caution: str = ""
    view: Callable[[Any], Any] | None = None

    def __call__(self, sample: Any) -> Result:
        """The outcome for a sample, or the reason why there is no p."""
        seen = sample if self.view is None else self.view(sample)
        reason = needs.missing_need(seen, self.needs)
        outcome = settled(self.run(seen)) if reason is None else refused(reason)
        return replace(outcome, note="; ".join(part for part in (self.caution, outcome.note) if part))


def _log_rank(data: FollowUp) -> Result:
    texts = []
    for name, rows in (("reference", ~data.contrast), ("contrast", data.contrast)):
        median = median_time(data.time[rows], data.event[rows])
        texts.append(f"{name} {median:g}" if np.isfinite(median) else f"{name} not reached")
    return replace(log_rank.log_rank(data), note="median time: " + ", ".join(texts))


def _cox(data: FollowUp) -> Result:
    tested = cox.cox(data)
    assert tested.estimate is not None
    return replace(tested, estimate=tested.estimate.exp("hazard ratio"))


def _restricted_mean(data: FollowUp) -> Result:
    """Up to one patient's time, which is said in words."""
    tested = kaplan_meier.restricted_mean(data, kaplan_meier.last_followed(data))
    if np.isnan(tested.p):
        return refused(f"no event up to {_HORIZON}")
    return replace(tested, note=f"up to {_HORIZON}")


_HORIZON = "the end of the shorter follow-up of the two groups"
_TABLE = (needs.BOTH_GROUPS, needs.BOTH_OUTCOMES)
_RANKS = (needs.BOTH_GROUPS, needs.NOT_ALL_EQUAL)
_MEANS = (needs.BOTH_GROUPS, needs.TWO_EACH, needs.SPREAD_WITHIN)
_CHANGED = (needs.ONE_PAIR, needs.SOME_CHANGE)
_COUNTS = (needs.BOTH_GROUPS, needs.FOLLOWED, needs.SOME_EVENTS)
_SURVIVAL = (needs.WATCHED, needs.ANY_EVENT, needs.INFORMATIVE)
_HAZARDS = (needs.WATCHED, needs.ANY_EVENT, needs.EVENT_IN_EACH, needs.EITHER_COULD_FAIL)

# fmt: off
FISHER = Entry("fisher_exact", "Fisher's exact", Family.fisher, proportions.fisher, _TABLE)
PEARSON = Entry(
    "pearson_chi_square", "chi-square without correction", Family.chi_square, proportions.pearson, _TABLE)
YATES = Entry("yates_chi_square", "chi-square, Yates", Family.chi_square, proportions.yates, _TABLE)
BOSCHLOO = Entry(
    "boschloo", "Boschloo's exact", None, proportions.boschloo, (*_TABLE, needs.COUNTABLE), better=True)
FIRTH = Entry("firth_logistic", "logistic regression, Firth", None, proportions.firth, _TABLE)
MCNEMAR_EXACT = Entry("mcnemar_exact", "McNemar's exact", Family.mcnemar, mcnemar.mcnemar_exact, _CHANGED)
MCNEMAR_MID_P = Entry(
    "mcnemar_mid_p", "McNemar's mid-p", Family.mcnemar, mcnemar.mcnemar_mid_p, _CHANGED, better=True)
MCNEMAR_CHI_SQUARE = Entry(
    "mcnemar_chi_square_corrected", "McNemar's chi-square, corrected", Family.mcnemar, mcnemar.mcnemar_chi_square,
    _CHANGED)
MANN_WHITNEY = Entry("mann_whitney", "Mann-Whitney", Family.mann_whitney, ranks.mann_whitney_shift, _RANKS)
MANN_WHITNEY_EXACT = Entry(
    "mann_whitney_exact", "Mann-Whitney, exact with ties", None, ranks.mann_whitney_exact,
    (*_RANKS, needs.COUNTABLE), better=True)
BRUNNER_MUNZEL = Entry(
    "brunner_munzel", "Brunner-Munzel", None, brunner_munzel, (*_RANKS, needs.TWO_EACH, needs.OVERLAP))
STUDENT = Entry("student_t", "Student's t", Family.t, t_tests.student, _MEANS)
WELCH = Entry("welch_t", "Welch's t", Family.t, t_tests.welch, _MEANS)
PERMUTATION = Entry(
    "permutation_means", "permutation of the means", None, permutation_means, (*_RANKS, needs.TWO_EACH))
SIGNED_RANK = Entry("signed_rank", "Wilcoxon signed rank", Family.signed_rank, ranks.signed_rank, _CHANGED)
SIGNED_RANK_EXACT = Entry(
    "signed_rank_exact", "Wilcoxon signed rank, exact with ties", None, ranks.signed_rank_exact,
    (*_CHANGED, needs.FEW_PAIRS), better=True)
PAIRED_T = Entry(
    "paired_t", "paired t", Family.t, t_tests.paired_t, (needs.ONE_PAIR, needs.TWO_PAIRS, needs.CHANGES_DIFFER))
SIGN_FLIPS = Entry(
    "permutation_changes", "permutation of the signs", None, permutation_changes, (*_CHANGED, needs.TWO_PAIRS))
SIGN_TEST = Entry("sign_test", "sign test", None, mcnemar.sign_test, _CHANGED, better=True)
NEGATIVE_BINOMIAL = Entry(
    "negative_binomial", "negative binomial rates", None, rates.negative_binomial,
    (*_COUNTS, needs.EVENTS_IN_EACH, needs.TWO_EACH), better=True)
POISSON_EXACT = Entry("poisson_exact", "Poisson rates, exact", None, rates.poisson_exact, _COUNTS)
LOG_RANK = Entry("log_rank", "log-rank", Family.log_rank, _log_rank, _SURVIVAL)
LOG_RANK_PERMUTATION = Entry(
    "log_rank_permutation", "log-rank by permutation", None, log_rank.log_rank_permutation,
    (*_SURVIVAL, needs.TWO_WATCHED), better=True)
COX = Entry("cox", "Cox", None, _cox, _HAZARDS)
PROPORTIONAL_HAZARDS = Entry(
    "cox_zph", "proportional hazards (check)", None, cox.proportional_hazards, (*_HAZARDS, needs.EVENT_TIMES),
    check=True, caution="a small p says that the hazard ratio changes with time")
RESTRICTED_MEAN = Entry("restricted_mean", "restricted mean time", None, _restricted_mean, _SURVIVAL)
# fmt: on


def _as_groups(test: Entry) -> Entry:
    caution = "takes the same patients seen twice for two groups"
    return replace(test, better=False, view=as_two_groups, caution=caution)


def _among_events(test: Entry) -> Entry:
    caution = "among those who had the event only: a choice made after the start"
    return replace(test, better=False, view=among_those_with_event, caution=caution)


def _not_better(test: Entry) -> Entry:
    return replace(test, better=False)


# fmt: off
TESTS: Mapping[tuple[Kind, Design], tuple[Entry, ...]] = MappingProxyType({
    (Kind.binary, Design.independent): (FISHER, PEARSON, YATES, BOSCHLOO, FIRTH),
    (Kind.binary, Design.paired): (
        *map(_as_groups, (FISHER, PEARSON, YATES)), MCNEMAR_EXACT, MCNEMAR_MID_P, MCNEMAR_CHI_SQUARE),
    (Kind.continuous, Design.independent): (MANN_WHITNEY, WELCH, STUDENT, MANN_WHITNEY_EXACT, PERMUTATION),
    (Kind.continuous, Design.paired): (SIGNED_RANK, PAIRED_T, SIGNED_RANK_EXACT, SIGN_FLIPS),
    (Kind.ordinal, Design.independent): (MANN_WHITNEY, MANN_WHITNEY_EXACT, BRUNNER_MUNZEL),
    (Kind.ordinal, Design.paired): (SIGNED_RANK, _not_better(SIGNED_RANK_EXACT), SIGN_TEST),
    (Kind.event_count, Design.independent): (
        MANN_WHITNEY, WELCH, STUDENT, _not_better(MANN_WHITNEY_EXACT), NEGATIVE_BINOMIAL, POISSON_EXACT),
    (Kind.event_count, Design.paired): (
        SIGNED_RANK, PAIRED_T, _not_better(SIGNED_RANK_EXACT), replace(SIGN_FLIPS, better=True)),
    (Kind.time_to_event, Design.independent): (
        LOG_RANK, *map(_among_events, (MANN_WHITNEY, WELCH, STUDENT)), LOG_RANK_PERMUTATION, COX,
        PROPORTIONAL_HAZARDS, RESTRICTED_MEAN),
})
# fmt: on
