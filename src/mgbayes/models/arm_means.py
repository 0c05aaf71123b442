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

from mgbayes.models.parameters import draw_parameter
from mgbayes.models.priors import Prior
from mgbayes.models.vine import cholesky, whiten
from mgbayes.models.wishart import half_log_determinant


class AlongCholesky(Transform):
    """The coordinates w of log means, whose last three inputs are centre, scale and vine."""

    name = "along_cholesky"
    ndim_supp = 2

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From w to log means."""
        centre, scale, vine = inputs[-3:]
        return centre + _log_growth(scale * along(value, vine))

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """From log means to w."""
        centre, scale, vine = inputs[-3:]
        log_growth = value - centre
        bent = (1 - BEND) * (log_growth - _LOG_BENT) - BEND
        x = pt.where(log_growth < _LOG_BENT, bent, pt.expm1(log_growth))
        z = x / scale
        return pt.stack(whiten(vine, (z[..., 0], z[..., 1], z[..., 2])), axis=-1)

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        """Log of |∂ log_mean / ∂ w|."""
        _, scale, vine = inputs[-3:]
        x = scale * along(value, vine)
        slope = -pt.log(pt.maximum(1 + x, 1 - BEND))
        return (slope + pt.log(scale)).sum() + half_log_determinant(vine).sum()


BEND = 0.5
_LOG_BENT = float(np.log(1 - BEND))


def along(w: TensorVariable, vine: TensorVariable) -> TensorVariable:
    """L w, visits on the last axis."""
    l21, l22, l31, l32, l33 = cholesky(vine)
    w1, w2, w3 = (w[..., visit] for visit in range(3))
    return pt.stack([w1, l21 * w1 + l22 * w2, l31 * w1 + l32 * w2 + l33 * w3], axis=-1)


def _log_growth(x: TensorVariable) -> TensorVariable:
    """log g(x): log(1 + x), and its tangent below -BEND."""
    bent = _LOG_BENT + (x + BEND) / (1 - BEND)
    return pt.where(x < -BEND, bent, pt.log1p(pt.maximum(x, -BEND)))


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


def _logp(
    value: TensorVariable,
    prior: TensorVariable,
    log_ratio: TensorVariable,
    log_ratio_sd: TensorVariable,
    *coordinates: TensorVariable,
) -> TensorVariable:
    reference, contrast = value[..., 0, :], value[..., 1, :]
    pooled = pm.Normal.dist(reference + log_ratio, log_ratio_sd)
    alone = pm.Normal.dist(prior[0], prior[1])
    return (pm.logp(alone, reference) + pm.logp(pooled, contrast)).sum(-1)


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
