"""Numbers in words that a clinician reads. Every sentence about a probability is made here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB, EstimandSummary
from mgbayes.grade.findings import followup_is_assumed, is_share
from mgbayes.inference.fit import Fit
from mgbayes.study.schema import Study

_SURE = (
    (0.99, "almost certainly better"),
    (0.95, "very probably better"),
    (0.90, "probably better"),
    (0.75, "perhaps better; the data lean that way without settling it"),
    (0.25, "inconclusive; the data do not distinguish the arms"),
    (0.10, "perhaps worse; the data lean that way without settling it"),
    (0.05, "probably worse"),
    (0.01, "very probably worse"),
    (0.00, "almost certainly worse"),
)

_FAMILIES = {
    "hierarchical": "outcomes share information",
    "independent": "each outcome by itself",
    "beta": "each arm by itself",
    "lognormal": "log-normal distribution",
    "gamma": "gamma distribution",
    "weibull": "Weibull distribution",
    "piecewise_exponential": "piecewise constant hazard",
    "normal": "normal distribution, differences of means",
    "normal_ratio": "normal distribution, ratios of means",
    "softplus_normal": "a share near zero, normal distribution above",
    "hurdle_lognormal": "a share at zero, log-normal distribution above",
    "negative_binomial": "patients differ in their rates",
    "one_factor": "outcomes tied by a patient effect",
    "cumulative_logit": "ordered classes, patients differ",
    "poisson": "patients of an arm alike",
    "approximate_ratio": "normal approximation of the reported ratio",
    "approximate_difference": "normal approximation of the reported difference",
    "counts": "all counts that give the reported effect",
    "means": "the reported difference of means and its pooled SD",
}


def how_sure(p_benefit: float) -> str:
    """What a probability of benefit means for the contrast arm."""
    return next(words for edge, words in _SURE if p_benefit >= edge)


def family(name: str) -> str:
    """A model family as a reader would call it."""
    return _FAMILIES.get(name, name.replace("_", " "))


def model_of(fit: Fit) -> str:
    """What sets one fit of a plan apart: its family, its evidence, a number read otherwise."""
    if fit.evidence == "patients":
        besides = f", with {' and '.join(fit.adjusted)}" if fit.adjusted else ""
        return f"{family(fit.family)}, from the patients{besides}"
    if fit.pooled is not None:
        return f"{family(fit.family)}, from curves"
    used = f", given the reported p as {fit.test}" if fit.test else ""
    read = f", {fit.alternative.replace('_', ' ')}" if fit.alternative else ""
    assumed = ", follow-up assumed" if followup_is_assumed(fit) else ""
    return family(fit.family) + used + read + assumed


def first_lower(text: str) -> str:
    """A text within a sentence."""
    return text[:1].lower() + text[1:]


def first_upper(text: str) -> str:
    """A text as the beginning of a line."""
    return text[:1].upper() + text[1:]


def outcome_of(label: str) -> str:
    """The outcome of an estimand within a sentence: ``Hazard ratio, a fall`` is of a fall."""
    return first_lower(re.sub(r"^\w+ ratio(,| of a) ", "", label))


def percent(p: float) -> str:
    """A probability as a percentage, never rounded to certainty."""
    if p > 0.995:
        return "over 99 %"
    if p < 0.005:
        return "under 1 %"
    return f"{100 * p:.0f} %"


def chance(p: float | None) -> str:
    """A probability as a percentage; empty where there is none."""
    return "" if p is None else percent(p)


def listed(sentences: Iterable[str]) -> str:
    """Sentences as one, their full stops once at the end."""
    return "; ".join(sentence.rstrip(". ") for sentence in sentences) + "."


def counted(count: int, noun: str, several: str = "") -> str:
    """``1 fit``, ``3 fits``, ``2 analyses``."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def important(row: EstimandSummary) -> str:
    """P(important benefit) with its threshold: ``17 % (below −5 mg/day)``; empty where there is none."""
    if row.p_important is None or row.threshold is None:
        return ""
    side = "above" if row.estimand.benefit == "higher" else "below"
    return f"{percent(row.p_important)} ({side} {value(row.estimand, row.threshold)})"


def number(value: float, unit: str = "") -> str:
    """A number with the digits that its size deserves."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}{' ' + unit if unit else ''}".replace("-", "−")


def interval(row: EstimandSummary) -> str:
    """Median and interval: ``0.71 (0.27 to 1.57)``, ``12 (-8 to 31) percentage points``."""
    if is_share(row.estimand):
        median, low, high = (_points(value) for value in (row.median, row.low, row.high))
        return f"{median} ({low} to {high}) percentage points"
    unit = f" {row.estimand.unit}" if row.estimand.unit else ""
    return f"{number(row.median)} ({number(row.low)} to {number(row.high)}){unit}"


def per_hundred(row: EstimandSummary) -> str:
    """A difference between shares of patients: ``15 fewer per 100 (38 fewer to 9 more)``."""
    median, low, high = (_more_or_fewer(value) for value in (row.median, row.low, row.high))
    head, _, side = median.partition(" ")
    return f"{head} {side} per 100 ({low} to {high})" if side else f"{head} per 100 ({low} to {high})"


def _more_or_fewer(share: float) -> str:
    count = round(100 * share)
    return f"{abs(count)} {'more' if count > 0 else 'fewer'}" if count else "0"


def value(estimand: Estimand, at: float) -> str:
    """One value of an estimand, a threshold or the null, with its unit."""
    if is_share(estimand):
        return f"{_points(at)} percentage points"
    return f"{at:g}".replace("-", "\u2212") + (f" {estimand.unit}" if estimand.unit else "")


def _points(share: float) -> str:
    return f"{100 * share:.0f}".replace("-0", "0").replace("-", "\u2212")


def interval_kind() -> str:
    """What the interval is, for a table's heading."""
    return f"median (central {100 * PROB:.0f} % interval)"


def rule(row: EstimandSummary) -> str:
    """The event behind the probability of benefit, as a formula: ``P(odds ratio < 1) = 0.81``."""
    label, null = first_lower(row.estimand.label), f"{row.estimand.null:g}"
    if row.p_benefit is None:
        return f"P({label} > {null}) {_equals(row.p_above_null)}"
    sign = ">" if row.estimand.benefit == "higher" else "<"
    return f"P({label} {sign} {null}) {_equals(row.p_benefit)}"


def _equals(p: float) -> str:
    """A probability with its sign of equality, never rounded to certainty."""
    if p > 0.995:
        return "> 0.99"
    return "< 0.01" if p < 0.005 else f"= {p:.2f}"


def contrast_of(study: Study) -> str:
    """Which arm is held against which."""
    return f"{study.contrast.label} against {study.reference.label}"
