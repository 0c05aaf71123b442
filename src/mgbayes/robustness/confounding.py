"""Unmeasured confounding of each comparison of the arms: E-values, tipping biases, and a plan's prior of the bias.

E-values and tipping biases need no assumption of a confounder and are given for every estimand that compares outcomes
of the arms of a study without randomization. A prior of the bias stands in the plan (``[confounding]``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB
from mgbayes.models.bias_prior import Confounding
from mgbayes.models.plan import Plan
from mgbayes.overall.outcome_sd import outcome_sd
from mgbayes.robustness.bias import bias_draws, p_benefit, tipping_bias, tipping_confounder
from mgbayes.robustness.e_value import Conversion, Measure, effect_of, measure_of, nearer_limit
from mgbayes.study.schema import Study

DEFAULT_PROBABILITY = 0.95


@dataclass(frozen=True)
class Tip:
    """The bias at which P(benefit) is just ``probability``.

    ``bias`` is the estimate less the truth: the log of a ratio, or a difference in units. ``flatters`` says whether
    it favours the contrast arm, and so whether P(benefit) is above ``probability`` without it. ``factor`` is
    exp(bias) of a ratio. ``strength`` is the least pair of equal risk ratios, with arm and with outcome, that can
    give it; ``confounder_ratio`` the ratio by which the plan's confounder would have to change the outcome, at the
    means of its prevalences, where one is strong enough.
    """

    probability: float
    bias: float
    flatters: bool
    factor: float | None
    strength: float | None
    confounder_ratio: float | None = None


@dataclass(frozen=True)
class AfterBias:
    """What a prior of the bias leaves: of the bias and of the estimand median and central interval, and P(benefit).

    ``bias`` is on the log scale of a ratio; ``tips`` are means of the bias prior, its shape kept.
    """

    prior: str
    why: str
    bias: float
    bias_low: float
    bias_high: float
    median: float
    low: float
    high: float
    p_benefit: float
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class Confounded:
    """One comparison of the arms, as far as a confounder could explain it.

    ``e_value`` is that of the posterior median, ``e_value_limit`` that of the limit of the central interval nearer to
    the null (1 where the interval includes it); both are None for a difference without an SD of the outcome.
    """

    plan: str
    estimand: str
    label: str
    unit: str
    null: float
    measure: Measure
    rare_outcome: bool
    outcome_sd: float | None
    median: float
    low: float
    high: float
    p_benefit: float
    decision: float
    e_value: float | None
    e_value_limit: float | None
    tips: tuple[Tip, ...]
    after: AfterBias | None = None

    @property
    def ratio(self) -> bool:
        """Whether the estimand is a ratio."""
        return self.measure is not Measure.difference

    def tip(self, probability: float) -> Tip:
        """The tipping bias of one of the probabilities that were asked for."""
        return next(row for row in self.tips if row.probability == probability)

    def to_json(self) -> dict[str, Any]:
        """The form that results hold."""
        raw: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return raw

    @staticmethod
    def from_json(raw: dict[str, Any]) -> Confounded:
        """Raises KeyError or TypeError for what ``to_json`` did not make."""
        after = raw["after"] and AfterBias(**(raw["after"] | {"tips": _tips_of(raw["after"])}))
        fields = {"measure": Measure(raw["measure"]), "tips": _tips_of(raw), "after": after}
        return Confounded(**(raw | fields))


def is_asked(study: Study, estimand: Estimand) -> bool:
    """Whether confounding is a question of an estimand: it compares outcomes of arms that were not randomized."""
    return not study.randomized and estimand.of_arms and estimand.benefit is not None


def confounded(study: Study, plan: Plan, estimand: Estimand, draws: np.ndarray) -> Confounded:
    """E-values, tipping biases and the plan's prior of the bias for draws of an estimand, of any shape."""
    assert estimand.benefit is not None
    table = plan.confounding if plan.confounding and plan.confounding.estimand == estimand.id else None
    conversion = _conversion(study, plan, estimand, table)
    values = np.asarray(draws, float).ravel()
    ratio = conversion.measure is not Measure.difference
    effect = np.log(values) if ratio else values - estimand.null
    low, median, high = np.quantile(values, [(1 - PROB) / 2, 0.5, (1 + PROB) / 2]).tolist()
    decision = plan.decision.probability if plan.decision else DEFAULT_PROBABILITY
    limit = effect_of(nearer_limit(low, high, estimand.null), estimand)
    return Confounded(
        plan=plan.id,
        estimand=estimand.id,
        label=estimand.label,
        unit=estimand.unit,
        null=estimand.null,
        measure=conversion.measure,
        rare_outcome=conversion.rare_outcome,
        outcome_sd=conversion.outcome_sd,
        median=median,
        low=low,
        high=high,
        p_benefit=p_benefit(effect, 0.0, estimand.benefit),
        decision=decision,
        e_value=conversion.strength(effect_of(median, estimand)),
        e_value_limit=conversion.strength(limit),
        tips=_tips(effect, estimand, conversion, decision, table),
        after=_after(effect, estimand, conversion, decision, table, plan.sampling.seed),
    )


def check_confounding(plan: Plan, declared: Sequence[Estimand]) -> None:
    """Raises InputError when ``[confounding]`` names no comparison of outcomes, or is on the wrong scale."""
    table = plan.confounding
    if table is None:
        return
    known = {row.id: row for row in declared if row.of_arms and row.benefit is not None}
    problems = []
    if table.estimand not in known:
        accepted = f"one of {', '.join(known)}" if known else "a model that compares outcomes of the arms"
        problems.append(Problem("confounding → estimand", repr(table.estimand), accepted))
    elif table.confounder is not None:
        ratio = measure_of(known[table.estimand]) is not Measure.difference
        wanted, given = ("log_ratio", "difference") if ratio else ("difference", "log_ratio")
        if getattr(table.confounder, wanted) is None:
            kind = "a ratio" if ratio else "a difference"
            accepted = f"{wanted}: the estimand {table.estimand} is {kind}"
            problems.append(Problem("confounding → confounder", f"the key {given!r}", accepted))
    if problems:
        raise InputError(f"plan {plan.id}", problems)


def _conversion(study: Study, plan: Plan, estimand: Estimand, table: Confounding | None) -> Conversion:
    measure = measure_of(estimand)
    if measure is not Measure.difference:
        return Conversion(measure, table is not None and table.rare_outcome)
    asked = table.outcome_sd if table else None
    return Conversion(measure, outcome_sd=asked or outcome_sd(study, plan, estimand))


def _tips(
    effect: np.ndarray,
    estimand: Estimand,
    conversion: Conversion,
    decision: float,
    table: Confounding | None,
) -> tuple[Tip, ...]:
    """For the decision's probability, one half, and the decision's probability that the contrast arm does worse."""
    assert estimand.benefit is not None
    rows = []
    for probability in (decision, 0.5, 1 - decision):
        bias = tipping_bias(effect, probability, estimand.benefit)
        ratio = conversion.measure is not Measure.difference
        rows.append(
            Tip(
                probability=round(probability, 12),
                bias=bias,
                flatters=(bias > 0) == (estimand.benefit == "higher"),
                factor=float(np.exp(bias)) if ratio else None,
                strength=conversion.strength(bias),
                confounder_ratio=_confounder_ratio(table, bias) if ratio else None,
            )
        )
    return tuple(rows)


def _confounder_ratio(table: Confounding | None, bias: float) -> float | None:
    if table is None or table.confounder is None:
        return None
    (a0, b0), (a1, b1) = table.confounder.prevalence_reference, table.confounder.prevalence_contrast
    return tipping_confounder(a0 / (a0 + b0), a1 / (a1 + b1), bias)


def _after(
    effect: np.ndarray,
    estimand: Estimand,
    conversion: Conversion,
    decision: float,
    table: Confounding | None,
    seed: int,
) -> AfterBias | None:
    assert estimand.benefit is not None
    ratio = conversion.measure is not Measure.difference
    bias = bias_draws(table, effect.size, ratio=ratio, seed=seed) if table else None
    if table is None or bias is None:
        return None
    true = effect - bias
    around = np.quantile(true, [(1 - PROB) / 2, 0.5, (1 + PROB) / 2])
    low, median, high = (np.exp(around) if ratio else around + estimand.null).tolist()
    bias_low, bias_median, bias_high = np.quantile(bias, [(1 - PROB) / 2, 0.5, (1 + PROB) / 2]).tolist()
    return AfterBias(
        prior=prior_in_words(table),
        why=table.why,
        bias=bias_median,
        bias_low=bias_low,
        bias_high=bias_high,
        median=median,
        low=low,
        high=high,
        p_benefit=p_benefit(effect, bias, estimand.benefit),
        tips=_tips(true + bias.mean(), estimand, conversion, decision, table),
    )


def prior_in_words(table: Confounding) -> str:
    """``Normal(0.1, 0.2)``, or the prevalences and the effect of a confounder."""
    if table.bias is not None:
        return f"bias ~ Normal({table.bias.mean:g}, {table.bias.sd:g})"
    confounder = table.confounder
    assert confounder is not None
    (a0, b0), (a1, b1), effect = (
        confounder.prevalence_reference,
        confounder.prevalence_contrast,
        confounder.effect,
    )
    name = "log ratio" if confounder.log_ratio else "difference"
    return (
        f"prevalence ~ Beta({a0:g}, {b0:g}) in the reference and Beta({a1:g}, {b1:g}) in the contrast arm, "
        f"{name} of its effect ~ Normal({effect.mean:g}, {effect.sd:g})"
    )


def _tips_of(raw: dict[str, Any]) -> tuple[Tip, ...]:
    return tuple(Tip(**row) for row in raw["tips"])
