r"""Gamma doses at three visits, tied by a Gaussian copula.

At visit v a dose has mean μ_v and SD σ_v under a gamma distribution F_v, of shape (μ_v / σ_v)²; the
normal scores q_v = Φ⁻¹(F_v(y_v)) of one patient are multivariate normal with correlations Ω:

    log f(y) = Σ_v log f_v(y_v) + log φ_Ω(q) - Σ_v log φ(q_v)

From printed means and SDs alone the doses are latent: at each visit they reproduce mean and SD
exactly (mgbayes.models.latent), from a standard normal z for each patient and visit. Sampling z
itself would be as thin as Ω is singular, and as skew as the log of a gamma dose is. The sampler
sees z = H(L z'), Ω = L Lᵀ, with H as skew as the printed mean and SD suggest
(mgbayes.models.gamma_arithmetic), and the density is corrected by n log |L| + Σ log H'(L z') -
‖z‖²/2 + ‖z'‖²/2, which takes nothing away from exactness.
"""

from typing import Any

from mgbayes.models import gamma_arithmetic, gamma_score, normal_quantile, spread, vine_factor
from mgbayes.models.fused import Fused, Passes

_DOSES = Fused(
    Passes(
        gamma_arithmetic.doses,
        gamma_arithmetic.doses_back,
        shaped=(0, 0, 4, 0, 0),
        axes=(1, 3, 2, 3, 3),
        differentiable=(True, False, False, False, True, True, True),
        kept=frozenset((1, 2, 3, 4)),
        calls=(gamma_score, normal_quantile, spread, vine_factor),
    )
)


def latent_doses(
    z: Any, n: Any, printed_mean: Any, printed_sd: Any, mean: Any, sd: Any, vine: Any
) -> tuple[Any, Any]:
    """Return the log density of the printed means and SDs (arm,), and the doses (arm, patient, visit).

    z: the coordinates z', (arm, patient, visit); n: patients (arm,); means and SDs (arm, visit); vine: Ω (arm, pair).
    Doses in padding are 1.
    """
    shape, rate = (mean / sd) ** 2, mean / sd**2
    log_density, y, *_ = _DOSES.of(z, n, printed_mean, printed_sd, shape, rate, vine)
    return log_density, y
