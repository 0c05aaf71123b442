"""The part of the sensitivity page on unmeasured confounding."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.report import words
from mgbayes.report.confounding_words import bias_in_words, confounding_sentence, estimate, strength
from mgbayes.robustness.confounding import AfterBias, Confounded, Tip
from mgbayes.robustness.run import Grid
from mgbayes.study.schema import Claim, Kind, Study


def confounding_part(grid: Grid) -> dict[str, object] | None:
    """What the page says; None of a study with randomization."""
    if grid.study.randomized or not grid.confounding:
        return None
    contrast = grid.study.contrast.label
    rows = [row for plan in grid.confounding for row in plan.rows]
    titles = {plan.id: plan.title for plan in grid.plans}
    return {
        "sentences": [confounding_sentence(row, contrast) for row in rows if _watched(grid, row)],
        "rows": [_row(row, contrast) for row in rows],
        "priors": [_prior(row, row.after, contrast) for row in rows if row.after],
        "baseline": list(baseline(grid.study)),
        "failed": [f"{titles[plan.plan]}: {plan.reason}" for plan in grid.confounding if plan.reason],
    }


def baseline(study: Study) -> Iterator[dict[str, str]]:
    """Each yes/no fact before treatment that the paper counts in both arms, and how far it is tied to the arm."""
    facts = {row.id: row for row in study.endpoints if row.role == "baseline" and row.kind is Kind.binary}
    for claim in study.claims:
        fact = facts.get(claim.endpoint or "")
        if fact is None:
            continue
        contrast, reference = (_counted(study, claim, arm.id) for arm in (study.contrast, study.reference))
        if contrast and reference:
            yield {
                "label": words.first_upper(fact.label),
                "contrast": _share(*contrast),
                "reference": _share(*reference),
                "ratio": _ratio(contrast, reference),
            }


def _counted(study: Study, claim: Claim, arm: str) -> tuple[int, int] | None:
    """The printed count of an arm and the patients that it is of."""
    for row in claim.summaries:
        n = int(row.n) if row.n else study.group_n(row.group)
        if row.group == arm and row.level is None and row.count is not None and n:
            return int(row.count), n
    return None


def _share(count: int, n: int) -> str:
    return f"{count} of {n} ({100 * count / n:.0f} %)"


def _ratio(one: tuple[int, int], other: tuple[int, int]) -> str:
    low, high = sorted((one[0] / one[1], other[0] / other[1]))
    return words.number(high / low) if low > 0 else "no ratio: a count is 0"


def _watched(grid: Grid, row: Confounded) -> bool:
    plan = next(plan for plan in grid.plans if plan.id == row.plan)
    decided = {plan.decision.estimand} if plan.decision else set()
    return row.estimand in decided | {varied.estimand for varied in plan.sensitivity} or row.after is not None


def _row(row: Confounded, contrast: str) -> dict[str, object]:
    none = "not defined"
    return {
        "label": words.first_upper(row.label),
        "estimate": estimate(row),
        "e_value": strength(row.e_value) or none,
        "limit": strength(row.e_value_limit) or none,
        "p_benefit": words.percent(row.p_benefit),
        "half": bias_in_words(row.tip(0.5), row, contrast) + _each(row.tip(0.5)),
        "rule": f"{words.percent(row.decision)}: {bias_in_words(row.tips[0], row, contrast)}{_each(row.tips[0])}",
    }


def _each(tip: Tip) -> str:
    return f" ({strength(tip.strength)} each)" if tip.strength is not None else ""


def _prior(row: Confounded, after: AfterBias, contrast: str) -> dict[str, object]:
    return {
        "label": words.first_upper(row.label),
        "prior": after.prior,
        "why": after.why,
        "before": f"{estimate(row)}, {words.percent(row.p_benefit)}",
        "after": f"{words.number(after.median)} ({words.number(after.low)} to {words.number(after.high)}), "
        f"{words.percent(after.p_benefit)}",
        "tips": [
            f"{words.percent(tip.probability)}: {bias_in_words(tip, row, contrast)}{_confounder(tip)}"
            for tip in after.tips
        ],
    }


def _confounder(tip: Tip) -> str:
    """The confounder's own effect that gives a bias, at the means of its prevalences."""
    if tip.confounder_ratio is None:
        return ""
    return f" (a confounder that changes the outcome by a ratio of {words.number(tip.confounder_ratio)})"
