"""How evidence about doses enters the prednisone model, by family and by what was printed.

Each function adds to a model that holds the data, the priors' values and the correlations Ω (as
vines): the log means, the SDs, and the likelihood.
"""

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mgbayes.models import arm_means
from mgbayes.models.bartlett import scatter_rows
from mgbayes.models.gamma_doses import latent_doses
from mgbayes.models.latent import given_density
from mgbayes.models.vine import from_correlations
from mgbayes.models.wishart import mean_logp, normal_logp, sd_logp


def _sds(model: pm.Model, log_mean: TensorVariable) -> TensorVariable:
    """SDs (arm, visit), where they are parameters of their own."""
    prior = model["prior_sd"]
    return pm.LogNormal("sd", log_mean + prior[0], prior[1], dims=("arm", "visit"))


def _printed_log_means(model: pm.Model, vine: TensorVariable, sd: TensorVariable) -> TensorVariable:
    return arm_means.log_means(model, vine, model["printed_mean"], sd / pt.sqrt(model["n"])[:, None])


def _from_means_and_sds(model: pm.Model, vine: TensorVariable) -> None:
    """Printed means and SDs, the sample correlations latent within their bounds."""
    n, prior = pt.cast(model["n"], "float64")[:, None], model["prior_sd"]
    scatter = pm.ChiSquared("scatter", n - np.arange(1, 4), dims=("arm", "visit"))
    tilt = pm.Normal("tilt", dims=("arm", "pair"))
    norms, r, log_p = scatter_rows(pt.sqrt(scatter), tilt, vine, model["bounds"])
    pm.Deterministic("sample_correlation", r, dims=("arm", "pair"))
    log_shrink = pt.log(norms) - pt.log(n - 1) / 2  # log of sample SD / population SD
    sd = pm.Deterministic("sd", model["printed_sd"] * pt.sqrt(n - 1) / norms, dims=("arm", "visit"))
    log_mean = _printed_log_means(model, vine, sd)
    pm.LogNormal(
        "sds",
        log_mean + prior[0] + log_shrink,
        prior[1],
        observed=model["printed_sd"],
        dims=("arm", "visit"),
    )
    given_density("paired", log_p, model["bounds"][..., 0])
    _observe_means(model, log_mean, sd, vine)


def _from_means_sds_and_correlations(model: pm.Model, vine: TensorVariable) -> None:
    """Printed means, SDs and within-patient correlations: nothing is latent."""
    log_mean = _printed_log_means(model, vine, model["printed_sd"])
    sd = _sds(model, log_mean)
    pm.CustomDist(
        "sds",
        *(pt.cast(model["n"], "float64"), from_correlations(model["sample_correlation"]), sd, vine),
        logp=sd_logp,
        signature="(),(p),(v),(p)->(v)",
        observed=model["printed_sd"],
        dims=("arm", "visit"),
    )
    _observe_means(model, log_mean, sd, vine)


def _observe_means(
    model: pm.Model, log_mean: TensorVariable, sd: TensorVariable, vine: TensorVariable
) -> None:
    pm.CustomDist(
        "means",
        *(pt.cast(model["n"], "float64"), pt.exp(log_mean), sd, vine),
        logp=mean_logp,
        signature="(),(v),(v),(p)->(v)",
        observed=model["printed_mean"],
        dims=("arm", "visit"),
    )


def _from_patients(model: pm.Model, vine: TensorVariable) -> None:
    """Each patient's doses; padding beyond n has no weight."""

    def logp(
        y: TensorVariable,
        counted: TensorVariable,
        mean: TensorVariable,
        sd: TensorVariable,
        vine: TensorVariable,
    ) -> TensorVariable:
        return pt.where(counted, normal_logp(y, mean, sd, vine), 0.0)

    n, counted = model["n"][:, None], _counted(model)
    weight = counted[..., None] / n[..., None]
    sample_mean = (model["dose"] * weight).sum(1)
    variance = ((model["dose"] - sample_mean[:, None]) ** 2 * weight).sum(1)
    log_mean = arm_means.log_means(model, vine, sample_mean, pt.sqrt(variance / n))
    mean, sd = pt.exp(log_mean), _sds(model, log_mean)
    pm.CustomDist(
        "doses",
        *(counted, mean[:, None], sd[:, None], vine[:, None]),
        logp=logp,
        signature="(),(v),(v),(p)->(v)",
        observed=model["dose"],
    )


def _gamma_from_means_and_sds(model: pm.Model, vine: TensorVariable) -> None:
    """Printed means and SDs, the patients' doses latent.

    The bounds do not enter this density: draws are selected by `prednisone.printed_p`.
    """
    size = int(model["n"].get_value().max())
    model.add_coord("patient", np.arange(size))
    log_mean = arm_means.plain_log_means(model)
    mean = pm.Deterministic("mean", pt.exp(log_mean), dims=("arm", "visit"))
    prior = model["prior_sd"]
    # The mean and the shape of a gamma distribution are orthogonal; its mean and SD are not.
    cv = pm.LogNormal("cv", prior[0], prior[1], dims=("arm", "visit"))
    sd = pm.Deterministic("sd", cv * mean, dims=("arm", "visit"))
    z = pm.Normal("z", dims=("arm", "patient", "visit"))
    n = pt.cast(model["n"], "float64")
    density, dose = latent_doses(z, n, model["printed_mean"], model["printed_sd"], mean, sd, vine)
    counted = pt.arange(size) < n[:, None]
    pm.Deterministic("latent_dose", dose, dims=("arm", "patient", "visit"))
    centred = counted[..., None] * (dose - model["printed_mean"][:, None])
    first, second = (centred[..., [*visits]] for visits in ((0, 0, 1), (1, 2, 2)))
    s = model["printed_sd"]
    r = (first * second).sum(1) / ((n[:, None] - 1) * s[:, [0, 0, 1]] * s[:, [1, 2, 2]])
    pm.Deterministic("sample_correlation", r, dims=("arm", "pair"))
    given_density("means_and_sds", density, model["n"], dims="arm")


def _counted(model: pm.Model) -> TensorVariable:
    """Which places of (arm, patient) hold a patient."""
    return pt.arange(model["dose"].shape[1]) < model["n"][:, None]


Likelihood = Callable[[pm.Model, TensorVariable], None]

EVIDENCE: dict[str, dict[str, Likelihood]] = {
    "normal": {
        "dose": _from_patients,
        "sample_correlation": _from_means_sds_and_correlations,
        "bounds": _from_means_and_sds,
    },
    "gamma": {"bounds": _gamma_from_means_and_sds},
}
"""By family and by the first entry that the data hold: how the evidence enters."""
