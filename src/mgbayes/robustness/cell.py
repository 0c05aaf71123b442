r"""One cell of the grid: what one prior, family, reading and kind of evidence make of an estimand.

The weight of the prior of the estimand that is watched is its share of the posterior precision of the effect,

    w = min(1, Var(effect | data) / Var(effect)),

which for a normal prior and a normal likelihood is (1 / tau²) / (1 / tau² + 1 / s²). A mixture stands in it with
its moment-matched SD, so that a heavy-tailed or robust prior may weigh more near its centre than w says. In
patients the prior is worth n w / (1 - w): what it adds to the precision, over what one of the n patients adds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any

import numpy as np

from mgbayes.cache import content_key
from mgbayes.estimands.summary import KIND, PROB, EstimandSummary, summarize
from mgbayes.inference.diagnostics import Diagnostic, Status
from mgbayes.inference.fit import Agreement, Fit
from mgbayes.inference.run import Fitter, Job
from mgbayes.inference.sample import smaller_steps
from mgbayes.inference.store import LIBRARIES
from mgbayes.robustness.beliefs import OWN
from mgbayes.robustness.grid import Setting
from mgbayes.robustness.reweighted import reweighted
from mgbayes.robustness.tied import induced_interval

AS_PRINTED = "as published"
PUBLISHED = "published"
LEAST_ESS = 400.0
"""Effective draws asked of every parameter of a cell, 100 a chain: Vehtari et al. (2021), Bayesian Anal 16:667."""

_ESS = ("ess_bulk_min", "ess_tail_min")
_SOURCES = (
    "robustness/cell.py",
    "robustness/grid.py",
    "robustness/reweighted.py",
    "robustness/beliefs.py",
    "robustness/tied.py",
    "inference/run.py",
    "inference/diagnostics.py",
    "estimands",
)


class How(StrEnum):
    """Where the draws of a cell come from."""

    planned = "the report's fit"
    reweighted = "the report's fit, reweighted"
    refitted = "a fit of its own"


@dataclass(frozen=True)
class Cell:
    """One cell, fitted. Of a failed one everything from ``mean`` to ``prior_patients`` is None.

    ``how`` says where its draws come from, None where there are none. ``mean`` to ``high`` are of the estimand
    (``sd`` its posterior SD, ``low`` and ``high`` an interval whose kind and probability are given); ``effect_sd`` is
    of the effect that the prior is about. ``agreeing_share`` is the share of draws that agree with a printed p,
    where one is evidence; of a reweighted cell it is that of the plan's own prior, and ``pareto_k`` says how far the
    weights can be trusted.
    """

    plan: str
    effect: str
    estimand: str
    belief: str
    family: str
    numbers: str
    evidence: str
    is_base: bool
    prior: str
    prior_mean: float | None
    prior_sd: float | None
    status: Status
    reason: str
    how: How | None = None
    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    interval_kind: str = KIND
    interval_prob: float = PROB
    low: float | None = None
    high: float | None = None
    p_benefit: float | None = None
    mcse_p_benefit: float | None = None
    effect_sd: float | None = None
    prior_weight: float | None = None
    prior_patients: float | None = None
    rhat_max: float | None = None
    ess_bulk_min: float | None = None
    ess_tail_min: float | None = None
    divergences: int | None = None
    ebfmi_min: float | None = None
    max_treedepth_share: float | None = None
    agreeing_share: float | None = None
    pareto_k: float | None = None

    @property
    def usable(self) -> bool:
        """Whether the cell has estimates."""
        return self.status is not Status.failed

    @property
    def disagrees(self) -> bool:
        """Whether no draw agrees with the printed p: a finding about the print, not a failure to compute."""
        return self.agreeing_share == 0

    def to_text(self) -> str:
        """The cell as it is kept on disk."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def from_text(text: str) -> Cell:
        """A cell that was kept. Raises ValueError, KeyError or TypeError for anything else."""
        raw = json.loads(text)
        how = raw["how"] and How(raw["how"])
        return Cell(**(raw | {"status": Status(raw["status"]), "how": how}))


def prior_weight(prior_sd: float, posterior_sd: float) -> float:
    """The prior's share of the posterior precision, between 0 and 1."""
    return min(1.0, (posterior_sd / prior_sd) ** 2)


def prior_patients(weight: float, n: int) -> float | None:
    """How many patients of a study of n the prior is worth; None where the data add nothing to it."""
    return n * weight / (1 - weight) if weight < 1 else None


def cell_key(fitter: Fitter, setting: Setting) -> str:
    """A hash of everything that a cell follows from. Raises InputError when the study lacks what is needed."""
    names = [setting.plan.id, setting.varied.effect, setting.varied.estimand, setting.belief.name]
    numbers = [setting.study.n, setting.is_base, setting.alternative]
    fits = [fitter.key(setting.parent())]
    fits += [fitter.key(setting.refit())] if setting.has_effect else []
    return content_key(
        _SOURCES, (*LIBRARIES, "arviz-stats"), {"fits": fits, "names": names, "numbers": numbers}
    )


def make_cell(fitter: Fitter, setting: Setting) -> Cell:
    """A cell from its parent where the parent's draws reach its prior, else from a fit of its own."""
    return cell_from_parent(fitter, setting) or cell_by_refit(fitter, setting)


def cell_from_parent(fitter: Fitter, setting: Setting) -> Cell | None:
    """A cell from the draws of the report's fit (see ``reweighted``); None where it has to be fitted by itself.

    Under the plan's own prior the cell is that fit, failed or not. Where no draw agrees with a printed p under the
    plan's own prior, none is sought under the others.
    """
    try:
        parent = fitter.remembered(setting.parent())
    except (RuntimeError, FloatingPointError) as stop:
        return replace(_empty(setting), reason=f"the sampler stopped: {stop}")
    if _disagrees(parent):
        reason = "no draw agrees with the reported p under the plan's own prior"
        return replace(_empty(setting), **_measured(parent), reason=reason)
    if setting.belief.name == OWN or not setting.has_effect:
        return _cell(setting, parent, How.planned)
    if fault(parent) or not setting.has_own_density:
        return None
    found = reweighted(parent, setting.varied.effect, setting.belief.prior, setting.own_prior)
    if not found.trusted or fault(found.fit):
        return None
    return replace(_cell(setting, found.fit, How.reweighted), pareto_k=found.pareto_k)


def cell_by_refit(fitter: Fitter, setting: Setting) -> Cell:
    """A cell fitted by itself; one that fails its diagnostics twice is marked as failed."""
    try:
        return _cell(setting, steady_fit(fitter, setting.refit()), How.refitted)
    except (RuntimeError, FloatingPointError) as stop:
        return replace(_empty(setting), reason=f"the sampler stopped: {stop}")


def _cell(setting: Setting, fit: Fit, how: How) -> Cell:
    measured = replace(_empty(setting), **_measured(fit), how=how)
    reason = fault(fit)
    if reason:
        return replace(measured, reason=reason)
    status = fit.agreement.status if fit.agreement else Status.ok
    few = f"fewer than {Agreement.FEW:.0%} of the draws agree with the reported p"
    return replace(
        measured, status=status, reason="" if status is Status.ok else few, **_estimates(setting, fit)
    )


def steady_fit(fitter: Fitter, job: Job) -> Fit:
    """A fit, made once more with smaller steps where its diagnostics ask for it."""
    fit = fitter.attempt(job)
    if failures(fit) and not _disagrees(fit):
        smaller = job.plan.model_copy(update={"sampling": smaller_steps(job.plan.sampling)})
        fit = fitter.attempt(replace(job, plan=smaller))
    return fit


def failures(fit: Fit) -> tuple[Diagnostic, ...]:
    """The diagnostics that do not hold, with fewer effective draws asked for than of a report's fit."""
    return tuple(
        row
        for row in fit.diagnostics.failures()
        if not (row.id in _ESS and getattr(fit.diagnostics, row.id) >= LEAST_ESS)
    )


def fault(fit: Fit) -> str:
    """Why a fit is not used, in words; empty for one that is."""
    if _disagrees(fit):
        return "no draw agrees with the reported p"
    return "; ".join(f"{row.label} {getattr(fit.diagnostics, row.id):.4g}" for row in failures(fit))


def _disagrees(fit: Fit) -> bool:
    return fit.agreement is not None and fit.agreement.share == 0


def _empty(setting: Setting) -> Cell:
    """A cell without estimates: what it is, and nothing of what was found."""
    belief = setting.belief
    has = setting.has_effect
    return Cell(
        plan=setting.plan.id,
        effect=setting.varied.effect,
        estimand=setting.varied.estimand,
        belief=belief.name,
        family=setting.family,
        numbers=setting.alternative or AS_PRINTED,
        evidence=f"published + {setting.printed_p[0].test} p" if setting.printed_p else PUBLISHED,
        is_base=setting.is_base,
        prior=_prior_words(setting) if has else "the family has no such effect",
        prior_mean=belief.mean if has else None,
        prior_sd=_finite(belief.sd) if has else None,
        status=Status.failed,
        reason="",
    )


def _measured(fit: Fit) -> dict[str, Any]:
    figures = {name: _finite(value) for name, value in asdict(fit.diagnostics).items()}
    share = fit.agreement.share if fit.agreement else None
    return figures | {"divergences": fit.diagnostics.divergences, "agreeing_share": share}


def _estimates(setting: Setting, fit: Fit) -> dict[str, Any]:
    (estimand,) = (row for row in fit.declared if row.id == setting.varied.estimand)
    row = summarize(fit.contrasts[estimand.id].to_numpy(), estimand)
    return _of_summary(row) | (_of_prior(setting, fit) if setting.has_effect else {})


def _of_summary(row: EstimandSummary) -> dict[str, Any]:
    names = ("mean", "median", "sd", "low", "high", "p_benefit", "mcse_p_benefit")
    return {name: getattr(row, name) for name in names}


def _of_prior(setting: Setting, fit: Fit) -> dict[str, Any]:
    sd = float(np.std(fit.posterior[setting.varied.effect].to_numpy(), ddof=1))
    weight = _induced_weight(setting, fit) if setting.varied.induced else prior_weight(setting.belief.sd, sd)
    return {
        "effect_sd": sd,
        "prior_weight": weight,
        "prior_patients": prior_patients(weight, setting.study.n),
    }


def _induced(setting: Setting) -> tuple[float, float]:
    """The central 95 % of the prior of an estimand that is no transform of the effect."""
    varied = setting.varied
    return induced_interval(setting.parent(), varied.effect, setting.belief.prior, varied.estimand)


def _induced_weight(setting: Setting, fit: Fit) -> float:
    """The weight of the prior induced on the estimand, by widths of intervals: SDs hang on heavy tails."""
    prior = np.subtract(*_induced(setting))
    posterior = np.subtract(*np.quantile(fit.contrasts[setting.varied.estimand].to_numpy(), [0.025, 0.975]))
    return prior_weight(float(prior), float(posterior))


def _prior_words(setting: Setting) -> str:
    """The prior, of what, and what it induces where that is not what is watched."""
    if not setting.varied.induced:
        return setting.belief.words
    low, high = _induced(setting)
    return f"{setting.belief.words} of {setting.varied.effect}, which induces {low:.3g} to {high:.3g} (95 %)"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
