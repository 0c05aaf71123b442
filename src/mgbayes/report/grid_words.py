"""The grid, and power scaling, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.report import words
from mgbayes.report.words import percent
from mgbayes.robustness.decision import Driver, Flips
from mgbayes.robustness.power_scaling import Powered, PowerScaling, Sensitivities, Verdict
from mgbayes.robustness.run import Grid
from mgbayes.robustness.tipping import Tipping, always_above

_WHAT = {
    "prior": "the prior",
    "family": "the family of the model",
    "suspected misprints": "whether a suspected misprint is corrected",
    "evidence": "whether a reported p is evidence",
}


def sentences(grid: Grid) -> Iterator[str]:
    """For each estimand: the rule, how often the decision would have been another, what it hangs on."""
    tips = {(row.plan, row.varied.estimand): row for row in grid.tipping}
    for row in grid.flips:
        tip = tips.get((row.plan, row.estimand))
        parts = [row.rule.sentence, _planned(row), _range(row), _left_out(row), _drivers(row)]
        yield " ".join([*filter(None, parts), *([_tipping(tip, row)] if tip else [])])


def _planned(row: Flips) -> str:
    if row.p_benefit is None:
        return "The plan as it stands has no usable fit, so that there is no decision to compare with."
    if row.apart is None:
        return (
            f"As planned, P is {percent(row.p_benefit)}, which is too close to call, so that there is no decision to "
            "compare with."
        )
    decided = "the conclusion is drawn" if row.concludes else "the conclusion is not drawn"
    otherwise = "none decides" if row.apart == 0 else f"{row.apart} decide{'s' if row.apart == 1 else ''}"
    return (
        f"As planned, P is {percent(row.p_benefit)} and {decided}; of {row.usable} cells with estimates "
        f"{otherwise} otherwise{_too_close(row)}."
    )


def _too_close(row: Flips) -> str:
    if not row.close:
        return ""
    return f" and {row.close} {'is' if row.close == 1 else 'are'} too close to call"


def _range(row: Flips) -> str:
    if row.low is None or row.high is None:
        return ""
    return f"P runs from {percent(row.low)} to {percent(row.high)} over them."


def _left_out(row: Flips) -> str:
    parts = []
    if row.disagreeing:
        parts.append(f"in {row.disagreeing} no draw agrees with the reported p")
    if row.failed:
        parts.append(f"{row.failed} failed {'its' if row.failed == 1 else 'their'} diagnostics")
    return f"Of the {row.cells} cells asked for, {' and '.join(parts)}." if parts else ""


def _drivers(row: Flips) -> str:
    known = [driver for driver in row.drivers if driver.variance_explained is not None]
    if not known:
        return ""
    most = max(known, key=_explained)
    text = f"P moves most with {_WHAT[most.factor]} ({percent(_explained(most))} of its variance)"
    turned = [driver for driver in row.drivers if driver.alone_apart]
    if not turned:
        return f"{text}; no single change to the plan turns the decision."
    turns = ", ".join(
        f"{_WHAT[driver.factor]} ({driver.alone_apart} of {driver.alone} choices)" for driver in turned
    )
    return f"{text}; changed alone, the decision is turned by {turns}."


def _explained(driver: Driver) -> float:
    return driver.variance_explained or 0.0


def _tipping(tip: Tipping, row: Flips) -> str:
    threshold = f"{row.rule.probability:g}"
    sds = dict(tip.sds)
    if row.rule.probability not in sds:
        return ""
    sd = sds[row.rule.probability]
    if sd is None and always_above(tip.surface, row.rule.probability):
        return f"P is {threshold} or more under every prior centred at no effect, from SD {_ends(tip)}."
    if sd is None:
        return f"No prior centred at no effect brings P to {threshold}, from SD {_ends(tip)}."
    return f"Centred at no effect, the prior must have an SD of at least {sd:.2g} for P to reach {threshold}."


def _ends(tip: Tipping) -> str:
    scale = " (log scale)" if tip.varied.is_ratio else ""
    return f"{tip.surface.sds[0]:.2g} to {tip.surface.sds[-1]:.2g}{scale}"


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
