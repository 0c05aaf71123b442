"""Cox's proportional hazards model of two arms (Efron's ties), and whether the hazards are proportional.

The check is the score test of a term x g(t) beside x, with g(t) = 1 - S(t-), Kaplan-Meier over both groups
(Grambsch and Therneau 1994, Biometrika 81:515, in the exact form of R's cox.zph since survival 3). Every
event time is a stratum of its own, made of the patients then at risk; the partial likelihood stays the
same, and x g(t) becomes a covariate like any other:

    T = U² / (I_gg - I_gb² / I_bb),  chi-square with 1 degree of freedom.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgbayes.frequentist.kaplan_meier import kaplan_meier
from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import Floats, FollowUp

FARTHEST = 15.0
"""How far from none the log hazard ratio is looked for."""


def cox(data: FollowUp) -> Outcome:
    """Hazard ratio of the contrast with its Wald interval; p by the likelihood ratio (statsmodels)."""
    from scipy.special import chdtrc, ndtri

    model = _model(data.time, data.contrast, data.event)
    fit = _fit(model)
    slope, error = float(fit.params[0]), float(fit.bse[0])
    statistic = max(0.0, 2 * float(model.loglike(fit.params) - model.loglike(np.zeros(1))))
    reach = float(ndtri((1 + LEVEL) / 2)) * error
    low, high = float(np.exp(slope - reach)), float(np.exp(slope + reach))
    ratio = Estimate("hazard ratio", float(np.exp(slope)), low, high, "Wald, on the log scale")
    return Outcome(float(chdtrc(1, statistic)), statistic, "likelihood ratio", ratio)


def proportional_hazards(data: FollowUp) -> Outcome:
    """The score test of a hazard ratio that changes with time."""
    from scipy.special import chdtrc

    slope = float(_fit(_model(data.time, data.contrast, data.event)).params[0])
    rows = _at_risk(data)
    covariates = np.column_stack([rows["x"], rows["x"] * rows["g"]])
    model = _model(rows["time"], covariates, rows["event"], strata=rows["time"])
    at = np.array([slope, 0.0])
    score, information = np.asarray(model.score(at)), -np.asarray(model.hessian(at))
    variance = information[1, 1] - information[0, 1] ** 2 / information[0, 0]
    statistic = float(score[1] ** 2 / variance)
    return Outcome(float(chdtrc(1, statistic)), statistic, "chi-square")


def _model(time: Floats, x: Any, event: Any, **more: Any) -> Any:
    from statsmodels.duration.hazard_regression import PHReg

    covariates = np.asarray(x, float).reshape(len(time), -1)
    return PHReg(time, covariates, status=np.asarray(event, int), ties="efron", **more)


def _fit(model: Any) -> Any:
    """Newton's steps from close by: from zero they can overshoot where there are few patients."""
    from scipy.optimize import minimize_scalar

    near = minimize_scalar(
        lambda slope: -model.loglike(np.array([slope])), bounds=(-FARTHEST, FARTHEST), method="bounded"
    )
    return model.fit(start_params=np.array([near.x]), disp=0)


def _at_risk(data: FollowUp) -> dict[str, Floats]:
    """A row for each event time and each patient then at risk."""
    curve = kaplan_meier(data.time, data.event)
    before = np.concatenate([[1.0], curve.survival[:-1]])
    patient, k = np.nonzero(data.time[:, None] >= curve.time)
    return {
        "time": curve.time[k],
        "event": (data.event[patient] & (data.time[patient] == curve.time[k])).astype(float),
        "x": data.contrast[patient].astype(float),
        "g": 1 - before[k],
    }
