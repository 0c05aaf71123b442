r"""Mean doses of two arms at three visits, their contrasts partially pooled over the visits.

On the log scale, reference arm R and contrast arm C:

    log_mean_Rv ~ Normal(prior)
    log_mean_Cv ~ Normal(log_mean_Rv + log_ratio, log_ratio_sd)

The sampler sees them through a change of coordinates. Given the correlations Ω = L Lᵀ of one
patient's doses, sample means with standard errors e_v lie about the true ones along L, which
becomes needle-thin as Ω nears a singular matrix. So the free coordinates are w_a = (w_a1, w_a2,
w_a3), near standard normal in the posterior whatever Ω:

    mean_av = m_av g(h_av (L_a w_a)_v),   h_av = e_av / m_av

with m and e the sample means and their standard errors, and g(x) = 1 + x bent below x = -1/2 so
that it stays positive. This changes how fast the sampler is, and nothing else.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from mgbayes.models import along_factor, vine_factor
from mgbayes.models.along_factor import BEND, LOG_BENT
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.priors import Prior
from mgbayes.models.vine import whiten

_CALLS = (vine_factor,)
_GROWTH = Fused(
    Passes(along_factor.growth, along_factor.growth_back, (0, 0), (2, 1), (True,) * 3, calls=_CALLS)
)
_POOLED = Fused(Passes(along_factor.pooled, along_factor.pooled_back, (2,), (1,), (True, False, True, True)))


class AlongCholesky(Transform):
    """The coordinates w of log means, whose last three inputs are centre, scale and vine."""

    name = "along_cholesky"
    ndim_supp = 2

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From w to log means."""
        centre, scale, vine = inputs[-3:]
        return centre + _GROWTH.of(value, scale, vine)[0]

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From log means to w."""
        centre, scale, vine = inputs[-3:]
        log_growth = value - centre
        bent = (1 - BEND) * (log_growth - LOG_BENT) - BEND
        x = pt.where(log_growth < LOG_BENT, bent, pt.expm1(log_growth))
        z = x / scale
        return pt.stack(whiten(vine, (z[..., 0], z[..., 1], z[..., 2])), axis=-1)

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of |∂ log_mean / ∂ w|."""
        _, scale, vine = inputs[-3:]
        return _GROWTH.of(value, scale, vine)[1].sum()


def log_means(
    model: pm.Model, vine: TensorVariable, sample_mean: TensorVariable, error: TensorVariable
) -> TensorVariable:
    """Add log_mean (arm, visit), pooled about the model's log_ratio.

    vine: Ω (arm, pair). sample_mean, error: sample means and standard errors (arm, visit), mg/day,
    which only centre and scale the sampler's coordinates.
    """
    # A normal family's sample mean can be negative, and its log is wanted only roughly.
    centre = pt.maximum(sample_mean, error)
    log_mean = pm.CustomDist(
        "log_mean",
        model["prior_log_mean"],
        model["log_ratio"],
        pm.LogNormal("log_ratio_sd", model["prior_log_ratio_sd"][0], model["prior_log_ratio_sd"][1]),
        pt.log(centre),
        error / centre,
        vine,
        logp=_logp,
        support_point=lambda rv, size, *inputs: inputs[-3],
        signature="(h),(),(),(a,v),(a,v),(a,p)->(a,v)",
        transform=AlongCholesky(),
        dims=("arm", "visit"),
    )
    pm.Deterministic("mean", pt.exp(log_mean), dims=("arm", "visit"))
    return log_mean


def plain_log_means(model: pm.Model) -> TensorVariable:
    """Add log_mean (arm, visit), pooled about the model's log_ratio, in no coordinates but its own."""
    log_mean: TensorVariable = pm.CustomDist(
        "log_mean",
        model["prior_log_mean"],
        model["log_ratio"],
        pm.LogNormal("log_ratio_sd", model["prior_log_ratio_sd"][0], model["prior_log_ratio_sd"][1]),
        pt.zeros((2, 3)),
        logp=_logp,
        support_point=lambda rv, size, prior, *others: prior[0] + others[-1],
        signature="(h),(),(),(a,v)->(a,v)",
        dims=("arm", "visit"),
    )
    return log_mean


def _logp(
    value: TensorVariable,
    prior: TensorVariable,
    log_ratio: TensorVariable,
    log_ratio_sd: TensorVariable,
    *coordinates: TensorVariable,
) -> TensorVariable:
    return _POOLED.of(value, prior, log_ratio[None], log_ratio_sd[None])[0]


def draw(rng: np.random.Generator, priors: dict[str, Prior]) -> dict[str, float | np.ndarray]:
    """Draw log means and their pooling from the prior."""
    log_ratio, log_ratio_sd = (draw_parameter(rng, name, priors) for name in ("log_ratio", "log_ratio_sd"))
    centre, width = priors["log_mean"].values
    reference = rng.normal(centre, width, size=3)
    contrast = rng.normal(reference + log_ratio, log_ratio_sd)
    return {
        "log_mean": np.stack([reference, contrast]),
        "log_ratio": log_ratio,
        "log_ratio_sd": log_ratio_sd,
    }
