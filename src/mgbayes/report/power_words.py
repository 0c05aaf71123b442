"""Power scaling in words: what the prior and the data each do to an answer."""

from __future__ import annotations

from mgbayes.report import words
from mgbayes.robustness.power_scaling import Powered, PowerScaling, Sensitivities, Verdict

SAYS = {
    Verdict.conflict: "prior-data conflict: prior and data each pull the answer their own way",
    Verdict.strong_prior: "strong prior: it says more about this than the data do",
    Verdict.weak_likelihood: "weak likelihood: neither the data nor the prior move it",
    Verdict.none: "none: the data speak",
}
"""What a verdict means; the verdict's own words come first."""

NO_ANSWER = "no answer: the weights are not to be trusted"


def power_part(plan: PowerScaling, title: str) -> dict[str, object]:
    """What the page says of one plan."""
    return {
        "title": title,
        "reason": plan.reason,
        "rows": [_row(row) for row in plan.sensitivities],
        "powers": [_power(row, plan) for row in plan.powered],
    }


def _row(row: Sensitivities) -> dict[str, str]:
    return {
        "label": words.first_upper(row.label),
        "prior": f"{row.prior:.2f}",
        "likelihood": f"{row.likelihood:.2f}",
        "k": f"{row.prior_k:.2f}, {row.likelihood_k:.2f}",
        "verdict": SAYS[row.verdict],
    }


def _power(row: Powered, plan: PowerScaling) -> dict[str, str]:
    labels = {other.estimand: other.label for other in plan.sensitivities}
    return {
        "label": words.first_upper(labels[row.estimand]),
        "component": f"{row.component} to the power {row.alpha:g}",
        "answer": _answer(row),
        "p_benefit": "" if row.p_benefit is None else words.percent(row.p_benefit),
        "k": f"{row.pareto_k:.2f}",
        "how": "" if row.how is None else str(row.how),
    }


def _answer(row: Powered) -> str:
    if row.median is None or row.low is None or row.high is None:
        return NO_ANSWER
    return f"{words.number(row.median)} ({words.number(row.low)} to {words.number(row.high)})"
