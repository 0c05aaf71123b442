r"""Repeated doses of n patients, reduced to what their printed SDs leave free.

Bartlett's decomposition of the scatter matrix of multivariate normal doses with SDs σ and
correlations Ω,

    W = (n - 1) D(s) R D(s) = (D(σ) L A)(D(σ) L A)ᵀ,   Ω = L Lᵀ,   A = [[a₁₁, 0, 0], [a₂₁, a₂₂, 0],
    [a₃₁, a₃₂, a₃₃]] a_vv² ~ χ²(n - v),   a₂₁, a₃₁, a₃₂ ~ Normal(0, 1),   all independent

makes the sample SD at visit v a multiple of the population's, with ‖·‖ the norm of row v of L A:

    s_v = σ_v ‖(L A)_v‖ / √(n - 1)

Printed SDs are data, so given (L, A) they fix σ; and the sample correlations R are the cosines
between the rows of L A. This carries the same information as the Wishart density of (s, R) but
bends far less: the coordinates stay independent whatever the correlations.

A bound on the sample correlation of visits 1 and v bounds a_v1, the row's only element along visit
1. With x_v the first element of row v of L A and y_v the norm of the others, r_1v = x_v / √(x_v² +
y_v²), so r_1v > ρ is x_v > y_v ρ / √(1 - ρ²). `between` maps a standard normal into such bounds.

Source: Bartlett (1933) Proc R Soc Edinburgh 53:260; Anderson, An Introduction to Multivariate
Statistical Analysis, 3rd ed., section 7.2.
"""

from pytensor.tensor.variable import TensorVariable

from mgbayes.models import normal_quantile, scatter, vine_factor
from mgbayes.models.fused import Fused, Passes

_ROWS = Fused(
    Passes(
        scatter.rows,
        scatter.rows_back,
        shaped=(0, 0, 0, 0),
        axes=(2,) * 4,
        differentiable=(True, True, True, False),
        kept=frozenset((2, 3)),
        calls=(normal_quantile, vine_factor),
    )
)


def scatter_rows(
    diagonal: TensorVariable, below: TensorVariable, vine: TensorVariable, bounds: TensorVariable
) -> tuple[TensorVariable, TensorVariable, TensorVariable]:
    """Return row norms of L A, sample correlations, and the log probability of the bounds.

    diagonal: a_vv (arm, visit), positive. below: standard normals (arm, pair) behind a₂₁, a₃₁, a₃₂.
    vine: Ω (arm, pair). bounds: of the sample correlations (arm, pair, 2); the third pair has none.
    Norms are (arm, visit), correlations and the log probability of each pair's bound (arm, pair).
    """
    norms, log_p, r, _ = _ROWS.of(diagonal, below, vine, bounds)
    return norms, r, log_p
