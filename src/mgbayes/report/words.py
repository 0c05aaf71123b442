"""Numbers in words that a clinician reads. Every sentence about a probability is made here."""

from __future__ import annotations

from mgbayes.estimands.summary import PROB, EstimandSummary
from mgbayes.inference.fit import Fit
from mgbayes.study.schema import Study

_SURE = (
    (0.99, "almost certainly better"),
    (0.95, "very probably better"),
    (0.90, "probably better"),
    (0.75, "perhaps better; the data lean that way but do not settle it"),
    (0.25, "open; the data do not tell the arms apart"),
    (0.10, "perhaps worse; the data lean that way but do not settle it"),
    (0.05, "probably worse"),
    (0.01, "very probably worse"),
    (0.00, "almost certainly worse"),
)

_FAMILIES = {
    "hierarchical": "outcomes share information",
    "independent": "each outcome stands by itself",
    "lognormal": "log-normal times",
    "gamma": "gamma times",
    "weibull": "Weibull times",
    "piecewise_exponential": "hazard constant in pieces",
    "normal": "normal doses",
    "hurdle_lognormal": "a share at zero, log-normal doses above",
    "negative_binomial": "patients differ in their rates",
    "one_factor": "outcomes tied by a patient effect",
    "cumulative_logit": "classes in order, patients differ",
    "poisson": "patients of an arm alike",
}


def how_sure(p_benefit: float) -> str:
    """What a probability of benefit means for the contrast arm."""
    return next(words for edge, words in _SURE if p_benefit >= edge)


def family(name: str) -> str:
    """A model family as a reader would call it."""
    return _FAMILIES.get(name, name)


def model_of(fit: Fit) -> str:
    """What sets one fit of a plan apart: its family, its evidence, a number read otherwise."""
    if fit.evidence == "patients":
        besides = f", with {' and '.join(fit.adjusted)}" if fit.adjusted else ""
        return f"{family(fit.family)}, from the patients{besides}"
    if fit.pooled is not None:
        return f"{family(fit.family)}, from curves"
    used = f", given the printed p as {fit.test}" if fit.test else ""
    read = f", {fit.alternative.replace('_', ' ')}" if fit.alternative else ""
    return family(fit.family) + used + read


def first_upper(text: str) -> str:
    """A text as the beginning of a line."""
    return text[:1].upper() + text[1:]


def percent(p: float) -> str:
    """A probability as a percentage, never rounded to certainty."""
    if p > 0.995:
        return "over 99 %"
    if p < 0.005:
        return "under 1 %"
    return f"{100 * p:.0f} %"


def number(value: float, unit: str = "") -> str:
    """A number with the digits that its size deserves."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}{' ' + unit if unit else ''}".replace("-", "−")


def interval(row: EstimandSummary) -> str:
    """Median and interval: ``0.71 (0.27 to 1.57)``."""
    unit = f" {row.estimand.unit}" if row.estimand.unit else ""
    return f"{number(row.median)} ({number(row.low)} to {number(row.high)}){unit}"


def interval_kind() -> str:
    """What the interval is, for a table's heading."""
    return f"median (central {100 * PROB:.0f} % interval)"


def rule(row: EstimandSummary) -> str:
    """The event behind the probability of benefit, as a formula: ``P(odds ratio < 1) = 0.81``."""
    if row.p_benefit is None:
        return f"P({row.estimand.label} > {row.estimand.null:g}) = {row.p_above_null:.2f}"
    sign = ">" if row.estimand.benefit == "higher" else "<"
    return f"P({row.estimand.label} {sign} {row.estimand.null:g}) = {row.p_benefit:.2f}"


def contrast_of(study: Study) -> str:
    """Which arm is held against which."""
    return f"{study.contrast.label} against {study.reference.label}"
