"""The refits behind a tipping surface: the plan as printed, under normal priors on a coarse grid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.cache import content_key
from mgbayes.estimands.summary import better
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan, Sensitivity
from mgbayes.robustness.beliefs import normal_belief
from mgbayes.robustness.cell import cell_key, fault, steady_fit
from mgbayes.robustness.grid import Setting
from mgbayes.robustness.kept_work import Work
from mgbayes.robustness.tipping import LEVELS, Refit, Surface, surface, tipping_sd
from mgbayes.study.schema import Study

COARSE_SDS = (0.15, 0.35, 0.8, 2.0, 5.0)
FINE_MEANS = 13
FINE_SDS = 16
_SOURCES = ("robustness/tipping_fits.py",)


@dataclass(frozen=True)
class Tipping:
    """The surface of one estimand, and the SDs at which a skeptical prior tips the conclusion.

    ``sds`` holds (P(benefit), SD), None where no prior centred at no effect gives it; ``failed`` counts refits
    that failed their diagnostics and are left out. Means and SDs of priors are on the log scale of a ratio, or in the
    unit of a difference.
    """

    plan: str
    varied: Sensitivity
    surface: Surface
    sds: tuple[tuple[float, float | None], ...]
    refits: int
    failed: int


def tipping_settings(study: Study, plan: Plan, varied: Sensitivity) -> tuple[Setting, ...]:
    """The coarse grid: prior means at, against and without the expected effect, by SDs."""
    e = varied.size
    return tuple(
        Setting(
            study,
            plan,
            varied,
            normal_belief("tipping", mean, sd * varied.unit, "A point of a surface."),
            plan.family,
        )
        for mean in (-abs(e), 0.0, abs(e))
        for sd in COARSE_SDS
    )


def tipping(settings: Sequence[Setting], refits: Sequence[Refit]) -> Tipping:
    """The surface from its refits, in the order of the settings; those that failed are left out."""
    varied = settings[0].varied
    e = abs(varied.size)
    usable = [refit for refit in refits if refit.usable]
    means = np.linspace(-e, e, FINE_MEANS)
    found = surface(usable, means, varied.unit * np.geomspace(COARSE_SDS[0], COARSE_SDS[-1], FINE_SDS))
    return Tipping(
        plan=settings[0].plan.id,
        varied=varied,
        surface=found,
        sds=tuple((level, tipping_sd(found, level)) for level in LEVELS),
        refits=len(refits),
        failed=len(refits) - len(usable),
    )


def make_refit(fitter: Fitter, setting: Setting) -> Refit:
    """Draws under one prior; none where the fit failed."""
    belief = setting.belief
    failed = Refit(belief.mean, belief.sd, np.empty(0), np.empty(0, bool))
    try:
        fit = steady_fit(fitter, setting.refit())
    except (RuntimeError, FloatingPointError):
        return failed
    if fault(fit):
        return failed
    (estimand,) = (row for row in fit.declared if row.id == setting.varied.estimand)
    draws = fit.contrasts[estimand.id].to_numpy().ravel()
    benefit = better(draws, estimand, estimand.null)
    effect = fit.posterior[setting.varied.effect].to_numpy().ravel()
    return Refit(belief.mean, belief.sd, effect, benefit)


def _key(fitter: Fitter, setting: Setting) -> str:
    return content_key(_SOURCES, (), {"cell": cell_key(fitter, setting)})


def _to_text(refit: Refit) -> str:
    kept = {"effect": refit.effect.tolist(), "better": refit.better.astype(int).tolist()}
    return json.dumps({"prior_mean": refit.prior_mean, "prior_sd": refit.prior_sd, **kept})


def _from_text(text: str) -> Refit:
    raw = json.loads(text)
    arrays = {"effect": np.array(raw["effect"], float), "better": np.array(raw["better"], bool)}
    return Refit(raw["prior_mean"], raw["prior_sd"], **arrays)


REFITS: Work[Refit] = Work("refits", _key, make_refit, _to_text, _from_text)
