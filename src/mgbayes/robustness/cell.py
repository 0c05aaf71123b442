r"""One cell of the grid: an estimand under one prior, family, set of numbers and kind of evidence.

The weight of the prior of the estimand that is watched is its share of the posterior precision of the effect,

    w = min(1, Var(effect | data) / Var(effect)),

which for a normal prior and a normal likelihood is (1 / tau²) / (1 / tau² + 1 / s²). A heavy-tailed or robust prior
may weigh more near its centre than w, which is by its SD. In patients the prior is worth n w / (1 - w): what it adds
to the precision, over what one of the n patients adds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any

import numpy as np

from mgbayes.cache import Cache, content_key
from mgbayes.estimands.summary import KIND, PROB, summarize
from mgbayes.inference.diagnostics import Diagnostic, Status
from mgbayes.inference.fit import Agreement, Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.inference.sample import smaller_steps
from mgbayes.inference.store import LIBRARIES
from mgbayes.robustness.reference_priors import OWN
from mgbayes.robustness.reweighting import PARETO_K, reweighted
from mgbayes.robustness.settings import Setting, induced_interval
from mgbayes.robustness.tasks import Kind

AS_PRINTED = "as published"
PUBLISHED = "published"
LEAST_ESS = 400.0
"""Effective draws asked of every parameter of a cell, 100 a chain: Vehtari et al. (2021), Bayesian Anal 16:667."""

_ESS = ("ess_bulk_min", "ess_tail_min")
_SUMMARIES = ("mean", "median", "sd", "low", "high", "p_benefit", "mcse_p_benefit")
_SOURCES = (
    "robustness/cell.py",
    "robustness/settings.py",
    "robustness/reweighting.py",
    "robustness/reference_priors.py",
    "inference/run.py",
    "inference/diagnostics.py",
    "estimands",
)
STOPPED = (RuntimeError, FloatingPointError)
"""What a sampler raises that cannot go on."""


class How(StrEnum):
    """Where the draws of a cell come from."""

    planned = "the report's fit"
    reweighted = "the report's fit, reweighted"
    refitted = "a fit of its own"


@dataclass(frozen=True)
class Cell:
    """One cell, fitted. Of a failed one everything from ``mean`` to ``prior_patients`` is None.

    ``belief`` is the name of the reference prior; ``how`` says where the draws come from. ``mean`` to ``high`` are of
    the estimand, ``effect_sd`` is of the effect that the prior is about. ``agreeing_share`` is the share of draws
    that agree with a reported p value, where one is evidence; of a reweighted cell it is that of the plan's own
    prior, and ``pareto_k`` is of its weights.
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
        """Whether no draw agrees with the reported p value: a finding about the paper, not a failure to compute."""
        return self.agreeing_share == 0


def prior_weight(prior_sd: float, posterior_sd: float) -> float:
    """The prior's share of the posterior precision, between 0 and 1."""
    return min(1.0, (posterior_sd / prior_sd) ** 2)


def prior_patients(weight: float, n: int) -> float | None:
    """How many patients of a study of n the prior is worth; None where the data add nothing to it."""
    return n * weight / (1 - weight) if weight < 1 else None


def cell_key(fitter: Fitter, setting: Setting) -> str:
    """A hash of everything that a cell follows from. Raises InputError when the study lacks what is needed."""
    varied = setting.varied
    content = {
        "fits": [fitter.key(setting.parent())]
        + ([fitter.key(setting.refit())] if setting.has_effect else []),
        "names": [setting.plan.id, varied.effect, varied.estimand, setting.reference_prior.name],
        "numbers": [setting.study.n, setting.is_base, setting.alternative],
    }
    return content_key(_SOURCES, (*LIBRARIES, "arviz-stats"), content)


def cell_from_parent(fitter: Fitter, setting: Setting) -> Cell | None:
    """A cell from the draws of the report's fit (see ``reweighting``); None where it needs a fit of its own.

    Under the plan's own prior the cell is that fit, failed or not. Where no draw agrees with a reported p value under
    the plan's own prior, none is sought under the others.
    """
    try:
        parent = fitter.remembered(setting.parent())
    except STOPPED as stop:
        return replace(_empty(setting), reason=f"the sampler stopped: {stop}")
    if _disagrees(parent):
        reason = "no draw agrees with the reported p under the plan's own prior"
        return replace(_empty(setting), **_measured(parent), reason=reason)
    if setting.reference_prior.name == OWN or not setting.has_effect:
        return _cell(setting, parent, How.planned)
    if fault(parent) or not setting.has_own_density:
        return None
    fit, k = reweighted(parent, setting.varied.effect, setting.reference_prior.prior, setting.own_prior)
    if k > PARETO_K or fault(fit):
        return None
    return replace(_cell(setting, fit, How.reweighted), pareto_k=k)


def cell_by_refit(fitter: Fitter, setting: Setting) -> Cell:
    """A cell fitted by itself; one that fails its diagnostics twice is marked as failed."""
    try:
        return _cell(setting, steady_fit(fitter, setting.refit()), How.refitted)
    except STOPPED as stop:
        return replace(_empty(setting), reason=f"the sampler stopped: {stop}")


_CACHE: Cache[Cell] = Cache("cells", Cell)
FROM_REPORTS: Kind[Cell] = Kind(_CACHE, cell_key, cell_from_parent, from_reports=True)
REFITTED: Kind[Cell] = Kind(_CACHE, cell_key, cell_by_refit)


def steady_fit(fitter: Fitter, job: Job) -> Fit:
    """A fit, made once more with smaller steps where its diagnostics fail."""
    fit = fitter.attempt(job)
    if _failures(fit) and not _disagrees(fit):
        smaller = job.plan.model_copy(update={"sampling": smaller_steps(job.plan.sampling)})
        fit = fitter.attempt(replace(job, plan=smaller))
    return fit


def fault(fit: Fit) -> str:
    """Why a fit is not used, in words; empty for one that is."""
    if _disagrees(fit):
        return "no draw agrees with the reported p"
    return "; ".join(f"{row.label} {fit.diagnostics.shown(row)}" for row in _failures(fit))


def _failures(fit: Fit) -> tuple[Diagnostic, ...]:
    """The diagnostics that do not hold, with fewer effective draws required than of a report's fit."""
    return tuple(
        row
        for row in fit.diagnostics.failures()
        if not (row.id in _ESS and getattr(fit.diagnostics, row.id) >= LEAST_ESS)
    )


def _disagrees(fit: Fit) -> bool:
    return fit.agreement is not None and fit.agreement.share == 0


def _cell(setting: Setting, fit: Fit, how: How) -> Cell:
    measured = replace(_empty(setting), **_measured(fit), how=how)
    reason = fault(fit)
    if reason:
        return replace(measured, reason=reason)
    status = fit.agreement.status if fit.agreement else Status.ok
    few = f"fewer than {Agreement.FEW:.0%} of the draws agree with the reported p"
    estimates = _estimates(setting, fit)
    return replace(measured, status=status, reason="" if status is Status.ok else few, **estimates)


def _empty(setting: Setting) -> Cell:
    """A cell without estimates: what it is, and nothing of what was found."""
    prior, has = setting.reference_prior, setting.has_effect
    return Cell(
        plan=setting.plan.id,
        effect=setting.varied.effect,
        estimand=setting.varied.estimand,
        belief=prior.name,
        family=setting.family,
        numbers=setting.alternative or AS_PRINTED,
        evidence=f"published + {setting.printed_p[0].test} p" if setting.printed_p else PUBLISHED,
        is_base=setting.is_base,
        prior=_prior_words(setting) if has else "the family has no such effect",
        prior_mean=prior.mean if has else None,
        prior_sd=_finite(prior.sd) if has else None,
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
    estimates = {name: getattr(row, name) for name in _SUMMARIES}
    if not setting.has_effect:
        return estimates
    sd = float(np.std(fit.posterior[setting.varied.effect].to_numpy(), ddof=1))
    weight = prior_weight(setting.reference_prior.sd, sd)
    if setting.varied.induced:  # by widths of intervals: SDs depend on heavy tails
        draws = fit.contrasts[estimand.id].to_numpy()
        prior, posterior = _induced(setting), np.quantile(draws, [0.025, 0.975])
        weight = prior_weight(float(np.subtract(*prior)), float(np.subtract(*posterior)))
    patients = prior_patients(weight, setting.study.n)
    return estimates | {"effect_sd": sd, "prior_weight": weight, "prior_patients": patients}


def _induced(setting: Setting) -> tuple[float, float]:
    """The central 95 % of the prior of an estimand that is no transform of the effect."""
    varied = setting.varied
    return induced_interval(setting.parent(), varied.effect, setting.reference_prior.prior, varied.estimand)


def _prior_words(setting: Setting) -> str:
    """The prior, and what it induces on the estimand where it is not the prior of this."""
    words = setting.reference_prior.words
    if not setting.varied.induced:
        return words
    low, high = _induced(setting)
    return f"{words} of {setting.varied.effect}, which induces {low:.3g} to {high:.3g} (95 %)"


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
