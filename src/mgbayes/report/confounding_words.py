"""Unmeasured confounding in sentences: what sets the arms apart besides, and how much of it an answer withstands."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.inference.fit import Fit
from mgbayes.report import words
from mgbayes.report.results import Reanalysis
from mgbayes.robustness.confounding import Confounded, Tip
from mgbayes.robustness.e_value import Measure


def confounding_cautions(reanalysis: Reanalysis) -> Iterator[str]:
    """What the paper reports of an imbalance of the arms, and one sentence a plan.

    Nothing where they were, or where no plan compares outcomes.
    """
    rows = [row for fits in reanalysis.by_plan() for row in _of_headlines(reanalysis, fits)[:1]]
    if reanalysis.study.randomized or not (rows or _imbalances(reanalysis)):
        return
    yield from _differed(reanalysis)
    for row in rows:
        yield confounding_sentence(row, reanalysis.study.contrast.label)


def plan_confounding(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """The same of the other estimands that a plan puts first."""
    for row in _of_headlines(reanalysis, fits)[1:]:
        yield confounding_sentence(row, reanalysis.study.contrast.label)


def confounding_sentence(row: Confounded, contrast: str) -> str:
    """The estimand, its estimate, and the least confounder that could bring it to no difference."""
    head = f"{words.first_upper(row.label)}, {estimate(row)}: "
    return " ".join(filter(None, [head + _to_null(row, contrast), _decision(row, contrast), _after(row)]))


def estimate(row: Confounded) -> str:
    """Median, interval and unit."""
    unit = f" {row.unit}" if row.unit else ""
    return f"{words.number(row.median)} ({words.number(row.low)} to {words.number(row.high)}){unit}"


def strength(value: float | None) -> str:
    """An E-value, or the pair of ratios of a tipping bias: one decimal, two where that would look like none."""
    if value is None:
        return ""
    return f"{value:.1f}" if value >= 1.2 or value == 1 else f"{value:.2f}"


def bias_in_words(tip: Tip, row: Confounded, contrast: str) -> str:
    """``factor 0.57, in favour of new``, or in units."""
    size = (
        words.number(abs(tip.bias), row.unit) if tip.factor is None else f"factor {words.number(tip.factor)}"
    )
    return f"{size}, {_direction(tip, contrast)}"


def _a_bias(tip: Tip, row: Confounded, contrast: str) -> str:
    """The same within a sentence."""
    by = (
        f"of {words.number(abs(tip.bias), row.unit)}"
        if tip.factor is None
        else f"by a factor of {words.number(tip.factor)}"
    )
    return f"bias {by} {_direction(tip, contrast)}"


def _direction(tip: Tip, contrast: str) -> str:
    return f"{'in favour of' if tip.flatters else 'against'} {contrast}"


def _to_null(row: Confounded, contrast: str) -> str:
    null = f"{row.null:g}"
    if row.e_value is None or row.e_value_limit is None:
        return f"a {_a_bias(row.tip(0.5), row, contrast)} would bring it to {null}."
    scale = "E-value"
    if row.measure is Measure.difference and row.outcome_sd is not None:
        scale = f"E-value of the difference in SDs of the outcome, {words.number(row.outcome_sd, row.unit)}"
    limit = (
        f"1.0 for the interval, which includes {null}"
        if row.e_value_limit == 1
        else f"{strength(row.e_value_limit)} for the limit of the interval nearer to {null}"
    )
    return (
        "an unmeasured confounder associated with both arm and outcome by a ratio of at least "
        f"{strength(row.e_value)} each could bring it to {null} ({scale}; {limit})."
    )


def _decision(row: Confounded, contrast: str) -> str:
    """What takes P(benefit) back over the rule's probability, where it lies beyond."""
    if row.p_benefit >= row.decision:
        tip, goes = row.tip(row.decision), f"falls below {row.decision:g}"
    elif row.p_benefit <= 1 - row.decision:
        tip, goes = row.tips[-1], f"rises above {row.tips[-1].probability:g}"
    else:
        return ""
    each = f" (a ratio of {strength(tip.strength)} each)" if tip.strength is not None else ""
    return f"With a {_a_bias(tip, row, contrast)}{each} the chance of benefit {goes}."


def _after(row: Confounded) -> str:
    if row.after is None:
        return ""
    return (
        f"Under the plan's prior of the bias the chance of benefit is {words.percent(row.after.p_benefit)} in place "
        f"of {words.percent(row.p_benefit)}."
    )


def _differed(reanalysis: Reanalysis) -> Iterator[str]:
    if rows := _imbalances(reanalysis):
        yield f"The arms differed before treatment: {'; '.join(rows)}."


def _imbalances(reanalysis: Reanalysis) -> list[str]:
    """Baseline facts in which the paper's numbers tell the arms apart, with their odds ratio."""
    differing = []
    for fit in reanalysis.fits:
        rows = reanalysis.summaries(fit) if fit.plan.role == "balance" else ()
        ratios = {row.estimand.label.split(", ", 1)[-1]: row for row in rows if row.estimand.null == 1}
        for row in rows:
            name = row.estimand.label.split(", ", 1)[-1]
            if row.estimand.null == 0 and (row.low > 0 or row.high < 0):
                ratio = ratios.get(name)
                differing.append(
                    name if ratio is None else f"{name}, odds ratio {words.number(ratio.median)}"
                )
    return list(dict.fromkeys(differing))


def _of_headlines(reanalysis: Reanalysis, fits: list[Fit]) -> list[Confounded]:
    """The estimands that a plan puts first, that of its decision before others; each from its first usable fit."""
    plan = fits[0].plan
    if plan.role != "outcome":
        return []
    rows: dict[str, Confounded] = {}
    for fit in fits:
        for name, row in reanalysis.confounded(fit).items():
            rows.setdefault(name, row)
    wanted = plan.headline or tuple(row.estimand for row in plan.important) or tuple(rows)
    first = [plan.decision.estimand] if plan.decision and plan.decision.estimand in wanted else []
    return [rows[name] for name in dict.fromkeys([*first, *wanted]) if name in rows]
