"""Unmeasured confounding of each comparison of the arms: E-values, tipping biases, and a plan's prior of the bias.

E-values and tipping biases assume nothing about a confounder and are given for every estimand that compares outcomes
of the arms of a study without randomization. A prior of the bias is part of the plan (``[confounding]``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.cache import Cache, content_key
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB
from mgbayes.inference.run import Fitter
from mgbayes.inference.store import LIBRARIES
from mgbayes.models.bias_prior import Confounding
from mgbayes.models.plan import Plan
from mgbayes.overall.contrasts import outcome_sd
from mgbayes.robustness.bias import bias_draws, p_benefit, prior_in_words, tipping_bias, tipping_confounder
from mgbayes.robustness.cell import fault
from mgbayes.robustness.e_value import Conversion, Measure, effect_of, measure_of, nearer_limit
from mgbayes.robustness.settings import Setting, base_settings
from mgbayes.robustness.tasks import Kind
from mgbayes.study.schema import Study

_CENTRAL = ((1 - PROB) / 2, 0.5, (1 + PROB) / 2)
_SOURCES = (
    "robustness/bias.py",
    "robustness/confounding.py",
    "robustness/e_value.py",
    "overall/contrasts.py",
)


@dataclass(frozen=True)
class Tip:
    """The bias at which P(benefit) is just ``probability``.

    ``bias`` is the estimate less the truth: the log of a ratio, or a difference in units. ``flatters`` is whether
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
    """The bias and the estimand under a prior of the bias: median and central interval, and P(benefit).

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
        """The tipping bias of one of its probabilities."""
        return next(row for row in self.tips if row.probability == probability)


@dataclass(frozen=True)
class PlanConfounding:
    """Every comparison of a plan; ``reason`` is why there is none of a fit that failed."""

    plan: str
    rows: tuple[Confounded, ...] = ()
    reason: str = ""


def is_asked(study: Study, estimand: Estimand) -> bool:
    """Whether confounding is a question of an estimand: it compares outcomes of arms that were not randomized."""
    return not study.randomized and estimand.of_arms and estimand.benefit is not None


def confounded(study: Study, plan: Plan, estimand: Estimand, draws: np.ndarray) -> Confounded:
    """E-values, tipping biases and the plan's prior of the bias for draws of an estimand, of any shape."""
    assert estimand.benefit is not None
    table = plan.confounding if plan.confounding and plan.confounding.estimand == estimand.id else None
    conversion = _conversion(study, plan, estimand, table)
    values = np.asarray(draws, float).ravel()
    effect = np.log(values) if conversion.ratio else values - estimand.null
    low, median, high = np.quantile(values, _CENTRAL).tolist()
    limit = effect_of(nearer_limit(low, high, estimand.null), estimand)
    comparison = _Comparison(estimand, conversion, plan.rule_probability, table)
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
        decision=plan.rule_probability,
        e_value=conversion.strength(effect_of(median, estimand)),
        e_value_limit=conversion.strength(limit),
        tips=comparison.tips(effect),
        after=comparison.after(effect, plan.sampling.seed),
    )


def _conversion(study: Study, plan: Plan, estimand: Estimand, table: Confounding | None) -> Conversion:
    measure = measure_of(estimand)
    if measure is not Measure.difference:
        return Conversion(measure, table is not None and table.rare_outcome)
    stated = table.outcome_sd if table else None
    return Conversion(measure, outcome_sd=stated or outcome_sd(study, plan, estimand))


@dataclass(frozen=True)
class _Comparison:
    """An estimand with its conversion to a risk ratio, the probability of the decision, and the plan's table."""

    estimand: Estimand
    conversion: Conversion
    decision: float
    table: Confounding | None

    def tips(self, effect: np.ndarray) -> tuple[Tip, ...]:
        """For the decision's probability, one half, and that of deciding for the other arm."""
        return tuple(self._tip(effect, q) for q in (self.decision, 0.5, 1 - self.decision))

    def _tip(self, effect: np.ndarray, probability: float) -> Tip:
        better, ratio = self.estimand.benefit, self.conversion.ratio
        assert better is not None
        bias = tipping_bias(effect, probability, better)
        of = self.table.confounder if self.table and ratio else None
        p0, p1 = (_mean(of.prevalence_reference), _mean(of.prevalence_contrast)) if of else (0.0, 0.0)
        return Tip(
            probability=round(probability, 12),
            bias=bias,
            flatters=(bias > 0) == (better == "higher"),
            factor=float(np.exp(bias)) if ratio else None,
            strength=self.conversion.strength(bias),
            confounder_ratio=tipping_confounder(p0, p1, bias) if of else None,
        )

    def after(self, effect: np.ndarray, seed: int) -> AfterBias | None:
        """Under the plan's prior of the bias; None without one."""
        ratio, better = self.conversion.ratio, self.estimand.benefit
        bias = bias_draws(self.table, effect.size, ratio=ratio, seed=seed) if self.table else None
        if self.table is None or bias is None or better is None:
            return None
        true = effect - bias
        central = np.quantile(true, _CENTRAL)
        low, median, high = (np.exp(central) if ratio else central + self.estimand.null).tolist()
        bias_low, bias_median, bias_high = np.quantile(bias, _CENTRAL).tolist()
        return AfterBias(
            prior=prior_in_words(self.table),
            why=self.table.why,
            bias=bias_median,
            bias_low=bias_low,
            bias_high=bias_high,
            median=median,
            low=low,
            high=high,
            p_benefit=p_benefit(effect, bias, better),
            tips=self.tips(true + bias.mean()),
        )


def _mean(beta: tuple[float, float]) -> float:
    return beta[0] / sum(beta)


def confounding_settings(grid: Sequence[Setting]) -> list[Setting]:
    """Of each plan the setting of its own fit; none where patients were randomized."""
    return [row for row in base_settings(grid) if not row.study.randomized]


def _of_plan(fitter: Fitter, setting: Setting) -> PlanConfounding:
    """Every comparison of the report's fit of the plan as it stands."""
    study, plan, fit = setting.study, setting.plan, fitter.remembered(setting.parent())
    reason = fault(fit)
    rows = fit.declared if not reason else ()
    comparisons = (
        confounded(study, plan, row, fit.contrasts[row.id].to_numpy()) for row in rows if is_asked(study, row)
    )
    return PlanConfounding(plan.id, tuple(comparisons), reason)


def _key(fitter: Fitter, setting: Setting) -> str:
    plan = setting.plan
    content = {
        "plan": plan.id,
        "fit": fitter.key(setting.parent()),
        "confounding": plan.confounding and plan.confounding.model_dump(),
        "decision": plan.decision and plan.decision.model_dump(),
        "endpoints": [part.model_dump() for part in plan.endpoints],
        "study": setting.study.model_dump(mode="json"),
    }
    return content_key(_SOURCES, LIBRARIES, content)


CONFOUNDING: Kind[PlanConfounding] = Kind(
    Cache("confounding", PlanConfounding), _key, _of_plan, from_reports=True
)
