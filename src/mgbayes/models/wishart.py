r"""The density of printed means and SDs of repeated doses of multivariate normal patients.

n patients with doses y ~ MVN(μ, Σ) at k = 3 visits, Σ = D(σ) Ω D(σ). Their means m, SDs s (n - 1 in
the denominator) and sample correlations R are sufficient, and m is independent of (s, R):

    m ~ MVN(μ, Σ / n)
    W = (n - 1) D(s) R D(s) ~ Wishart(Σ, ν = n - 1)

From the scatter matrix to (s, R): W_ii = ν s_i² and W_ij = ν s_i s_j r_ij, so the Jacobian matrix
is triangular and

    |∂W / ∂(s, R)| = 2^k ν^{k(k+1)/2} ∏ s_i^k

and from r₂₃ to the partial correlation p of the vine a further √((1 - r₁₂²)(1 - r₁₃²)). The
densities here are normalized, in the coordinates (s, r₁₂, r₁₃, p) on the last axis: integrated over
a flat measure on the vine they give the density of the printed SDs alone.

With A = L(Ω)⁻¹ D(σ)⁻¹ D(s) L(R), tr(Σ⁻¹ W) = ν ‖A‖²: no matrix is inverted.

Source: Wishart (1928); Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., 7.2
and 7.3.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mgbayes.models import along_factor, vine_factor
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.vine import cholesky, whiten

VISITS = 3

_NORMAL = Fused(
    Passes(
        along_factor.normal,
        along_factor.normal_back,
        shaped=(0,),
        axes=(1,),
        differentiable=(False, True, True, True),
        calls=(vine_factor,),
    )
)


def normal_logp(
    y: TensorVariable, mean: TensorVariable, sd: TensorVariable, vine: TensorVariable
) -> TensorVariable:
    """Log density of y (..., 3) under a multivariate normal with correlations given as a vine."""
    z = (y - mean) / sd
    w = whiten(vine, (z[..., 0], z[..., 1], z[..., 2]))
    quadratic = w[0] ** 2 + w[1] ** 2 + w[2] ** 2
    constant = VISITS / 2 * np.log(2 * np.pi)
    return -quadratic / 2 - constant - pt.log(sd).sum(-1) - half_log_determinant(vine)


def mean_logp(
    m: TensorVariable,
    n: TensorVariable,
    mean: TensorVariable,
    sd: TensorVariable,
    vine: TensorVariable,
) -> TensorVariable:
    """Log density of printed means m (arm, visit) of n patients an arm."""
    return _NORMAL.of(m, mean, sd / pt.sqrt(n)[..., None], vine)


def sd_logp(
    s: TensorVariable,
    n: TensorVariable,
    sample_vine: TensorVariable,
    sd: TensorVariable,
    vine: TensorVariable,
) -> TensorVariable:
    """Log density of printed SDs s (arm, visit) and the sample correlations' vine (arm, pair)."""
    nu, k = n - 1, VISITS
    log_s, half_det_r = pt.log(s).sum(-1), half_log_determinant(sample_vine)
    log_det_w = k * pt.log(nu) + 2 * (log_s + half_det_r)
    half_log_det_sigma = pt.log(sd).sum(-1) + half_log_determinant(vine)
    wishart = (
        (nu - k - 1) / 2 * log_det_w
        - nu / 2 * _trace(s / sd, sample_vine, vine)
        - nu * k / 2 * np.log(2)
        - nu * half_log_det_sigma
        - _log_multigamma(nu / 2)
    )
    to_sds = k * np.log(2) + k * (k + 1) / 2 * pt.log(nu) + k * log_s
    to_vine = (pt.log1p(-(sample_vine[..., :2] ** 2)) / 2).sum(-1)
    return wishart + to_sds + to_vine


def half_log_determinant(vine: TensorVariable) -> TensorVariable:
    """log |R| / 2, the log of the product of the Cholesky factor's diagonal."""
    return (pt.log1p(-(vine**2)) / 2).sum(-1)


def _trace(ratio: TensorVariable, sample_vine: TensorVariable, vine: TensorVariable) -> TensorVariable:
    """tr(Σ⁻¹ D(s) R D(s)) with ratio = s / σ, as the squared norm of A column by column."""
    l21, l22, l31, l32, l33 = cholesky(sample_vine)
    g1, g2, g3 = ratio[..., 0], ratio[..., 1], ratio[..., 2]
    zero = pt.zeros_like(g1)
    columns = ((g1, g2 * l21, g3 * l31), (zero, g2 * l22, g3 * l32), (zero, zero, g3 * l33))
    return sum(w**2 for column in columns for w in whiten(vine, column))


def _log_multigamma(a: TensorVariable) -> TensorVariable:
    """Log of the multivariate gamma function Γ₃(a)."""
    return VISITS * (VISITS - 1) / 4 * np.log(np.pi) + sum(pt.gammaln(a - i / 2) for i in range(VISITS))
