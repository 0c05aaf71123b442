"""How the evidence about a continuous outcome enters its model, by family; see mgbayes.models.continuous.

Each function adds to the PyMC model in context its parameters and its likelihood. ``data`` are the names and shapes
of what the model holds as ``pm.Data``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, pi
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mgbayes.latent.near_zero import near_positive_part
from mgbayes.latent.softplus import NODES, WEIGHTS, WIDTH
from mgbayes.models.continuous_families import HALF
from mgbayes.models.likelihood import given_density
from mgbayes.models.parameters import parameter
from mgbayes.models.priors import Prior
from mgbayes.models.visits import correlations, lkj_shape, normal_logp, pairs, sds_logp, tie

Priors = Mapping[str, Prior]
Add = Callable[[pm.Model, Priors, int], None]
_BY_ARM = ("arm", "visit")


def _pooled(priors: Priors, visits: int, names: tuple[str, str, str]) -> Any:
    """Level and half a difference to each side, (arm, visit); differences pooled where there are several visits."""
    level_name, effect_name, sd_name = names
    level = parameter(level_name, priors, dims="visit")
    effect = parameter(effect_name, priors)
    by_visit = effect
    if visits > 1:
        by_visit = pm.Normal(f"{effect_name}_by_visit", effect, parameter(sd_name, priors), dims="visit")
    return level + HALF[:, None] * by_visit


def _log_means(priors: Priors, visits: int) -> Any:
    log_mean = _pooled(priors, visits, ("log_level", "log_ratio", "log_ratio_sd"))
    return pm.Deterministic("log_mean", log_mean, dims=_BY_ARM)


def _vine(model: pm.Model, priors: Priors, visits: int) -> Any:
    """Correlations as canonical vines (arm, pair), of an LKJ prior."""
    if visits == 1:
        return pt.zeros((2, 0))
    eta = pm.Data("prior_correlation", np.array(priors["correlation"].values))[0]
    shape = eta + lkj_shape(visits)
    vine = 2 * pm.Beta("vine", shape, shape, dims=("arm", "pair")) - 1
    pm.Deterministic("correlation", pt.stack(correlations(vine, visits), axis=-1), dims=("arm", "pair"))
    return vine


def _normal(model: pm.Model, priors: Priors, visits: int) -> tuple[Any, Any]:
    mean = _pooled(priors, visits, ("level", "difference", "difference_sd"))
    mean = pm.Deterministic("mean", mean, dims=_BY_ARM)
    return mean, parameter("sd", priors, dims=_BY_ARM)


def _normal_ratio(model: pm.Model, priors: Priors, visits: int) -> tuple[Any, Any]:
    mean = pm.Deterministic("mean", pt.exp(_log_means(priors, visits)), dims=_BY_ARM)
    return mean, pm.Deterministic("sd", parameter("cv", priors, dims=_BY_ARM) * mean, dims=_BY_ARM)


MOMENTS: Mapping[str, Callable[[pm.Model, Priors, int], tuple[Any, Any]]] = {
    "normal": _normal,
    "normal_ratio": _normal_ratio,
}
"""By family of normal outcomes: means and SDs (arm, visit)."""


def normal_from_print(family: str) -> Add:
    """Published means and SDs; the sample correlations published, or latent within their bounds."""

    def add(model: pm.Model, priors: Priors, visits: int) -> None:
        mean, sd = MOMENTS[family](model, priors, visits)
        vine = _vine(model, priors, visits)
        n = pt.cast(model["n"], "float64")
        if "sample_vine" in model.named_vars:
            sample_vine = model["sample_vine"]
        elif visits == 1:
            sample_vine = pt.zeros((2, 0))
        else:
            low, high = model["bounds"][..., 0], model["bounds"][..., 1]
            sample_vine = low + (high - low) * pm.Uniform("sample_place", 0, 1, dims=("arm", "pair"))
            r = pt.stack(correlations(sample_vine, visits), axis=-1)
            pm.Deterministic("sample_correlation", r, dims=("arm", "pair"))
        density = normal_logp(model["printed_mean"], mean, sd / pt.sqrt(n)[:, None], vine, visits)
        density += sds_logp(model["printed_sd"], n, sample_vine, sd, vine, visits)
        given_density("means_and_sds", density, model["n"], dims="arm")

    return add


def normal_from_patients(family: str) -> Add:
    """Each patient's outcomes at all visits; padding has no weight."""

    def add(model: pm.Model, priors: Priors, visits: int) -> None:
        mean, sd = MOMENTS[family](model, priors, visits)
        vine = _vine(model, priors, visits)
        value = model["value"]
        counted = pt.arange(value.shape[1]) < model["n"][:, None]
        density = normal_logp(value, mean[:, None], sd[:, None], vine[:, None], visits)
        given_density("outcomes", pt.where(counted, density, 0.0), value.sum(axis=-1))

    return add


def softplus_from_print(model: pm.Model, priors: Priors, visits: int) -> None:
    """Published means and SDs of y = σ h(u / σ), the patients' t = u / σ latent.

    The coordinates z of a patient are tied along the correlations, so that they stay nearly independent: the values
    of a visit take their direction from L z, and the density of z as sampled is taken back.
    """
    mean = pm.Deterministic("mean", pt.exp(_log_means(priors, visits)), dims=_BY_ARM)
    eta = parameter("standardized_mean", priors, dims=_BY_ARM)
    sd = pm.Deterministic("latent_sd", mean / _expected_softplus(eta), dims=_BY_ARM)
    pm.Deterministic("latent_mean", eta * sd, dims=_BY_ARM)
    vine = _vine(model, priors, visits)
    size = int(model["n"].get_value().max())
    model.add_coord("patient", np.arange(size))
    counted = pt.cast(pt.arange(size) < model["n"][:, None], "float64")
    # Where all z are alike they have no direction.
    start = np.broadcast_to(np.linspace(-2, 2, size)[:, None], (2, size, visits))
    z = pm.Normal("z", dims=("arm", "patient", "visit"), initval=start)
    tied = pt.stack(tie(vine[:, None], [z[..., v] for v in range(visits)]), axis=-1)
    latent = near_positive_part(
        tied.dimshuffle(0, 2, 1).reshape((2 * visits, size)),
        pt.repeat(counted, visits, axis=0),
        (model["printed_mean"] / sd).flatten(),
        (model["printed_sd"] / sd).flatten(),
    )
    t = latent.t.reshape((2, visits, size)).dimshuffle(0, 2, 1)
    density = normal_logp(t, eta[:, None], pt.ones_like(eta)[:, None], vine[:, None], visits)
    # N(L z; 0, I) dLz in place of N(z; 0, I) dz
    density += ((z**2 - tied**2) / 2).sum(-1) + (pt.log1p(-(vine**2)) / 2).sum(-1)[:, None]
    # d(m / σ) d(s² / σ²) to dm ds²
    weight = latent.log_weight.reshape((2, visits)) - 3 * pt.log(sd)
    given_density("means_and_sds", (density * counted).sum(-1) + weight.sum(-1), model["n"], dims="arm")
    if visits > 1:
        outcome = counted[..., None] * sd[:, None] * WIDTH * pt.softplus(t / WIDTH)
        away = counted[..., None] * (outcome - model["printed_mean"][:, None])
        scale = model["printed_sd"] * pt.sqrt(pt.cast(model["n"], "float64") - 1)[:, None]
        r = [(away[..., i] * away[..., j]).sum(1) / (scale[:, i] * scale[:, j]) for i, j in pairs(visits)]
        pm.Deterministic("sample_correlation", pt.stack(r, axis=-1), dims=("arm", "pair"))


def hurdle_from_patients(model: pm.Model, priors: Priors, visits: int) -> None:
    r"""Patients' outcomes of which some are zero, at any of the visits; the patient's intercept integrated over.

    With r the residuals of a patient's k log outcomes above zero, the log density is

        -½ [k log 2π + (k - 1) log within² + log(within² + k between²)
            + Σ r² / within² - between² (Σ r)² / (within² (within² + k between²))] - Σ log y

    and the zeros add log zero_share or log(1 - zero_share) for each visit that was seen.
    Source: Laird and Ware (1982), Biometrics 38:963.
    """
    zero_share = parameter("zero_share", priors, dims=_BY_ARM)
    between, within = (parameter(name, priors, dims="arm") for name in ("between", "within"))
    log_mean = _log_means(priors, visits)
    pm.Deterministic("mean", (1 - zero_share) * pt.exp(log_mean), dims=_BY_ARM)
    value, seen = model["value"], model["seen"]
    above = seen * (value > 0)
    log_y = pt.log(pt.where(above > 0, value, 1.0))
    shared, own = between[:, None] ** 2, within[:, None] ** 2
    residual = above * (log_y - log_mean[:, None] + (shared + own)[..., None] / 2)
    k, total, square = above.sum(-1), residual.sum(-1), (residual**2).sum(-1)
    both = own + k * shared
    density = k * log(2 * pi) + (k - 1) * pt.log(own) + pt.log(both)
    density += square / own - shared * total**2 / (own * both)
    density = pt.where(k > 0, -density / 2, 0.0) - log_y.sum(-1)
    share = zero_share[:, None]
    density += (above * pt.log1p(-share) + (seen - above) * pt.log(share)).sum(-1)
    given_density("outcomes", density, value.sum(axis=-1))


def _expected_softplus(eta: Any) -> Any:
    """As mgbayes.latent.softplus.expected_softplus."""
    return (WIDTH * pt.softplus((eta[..., None] + NODES) / WIDTH) * WEIGHTS).sum(-1)


FROM_PRINT: Mapping[str, Add] = {
    "normal": normal_from_print("normal"),
    "normal_ratio": normal_from_print("normal_ratio"),
    "softplus_normal": softplus_from_print,
}
FROM_PATIENTS: Mapping[str, Add] = {
    "normal": normal_from_patients("normal"),
    "normal_ratio": normal_from_patients("normal_ratio"),
    "hurdle_lognormal": hurdle_from_patients,
}
"""By family: how each kind of evidence enters."""
