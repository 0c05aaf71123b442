"""The standard normal distribution in plain arithmetic that numba compiles.

The quantile is Wichura's PPND16, accurate to about 1 part in 10^16. Source: Wichura (1988), Algorithm AS 241,
Applied Statistics 37:477.
"""

from math import erfc, inf, log, sqrt

from numba.extending import register_jitable

CENTRE = (
    (3.3871328727963666080e0, 1.0),
    (1.3314166789178437745e2, 4.2313330701600911252e1),
    (1.9715909503065514427e3, 6.8718700749205790830e2),
    (1.3731693765509461125e4, 5.3941960214247511077e3),
    (4.5921953931549871457e4, 2.1213794301586595867e4),
    (6.7265770927008700853e4, 3.9307895800092710610e4),
    (3.3430575583588128105e4, 2.8729085735721942674e4),
    (2.5090809287301226727e3, 5.2264952788528545610e3),
)
NEAR = (
    (1.42343711074968357734e0, 1.0),
    (4.63033784615654529590e0, 2.05319162663775882187e0),
    (5.76949722146069140550e0, 1.67638483018380384940e0),
    (3.64784832476320460504e0, 6.89767334985100004550e-1),
    (1.27045825245236838258e0, 1.48103976427480074590e-1),
    (2.41780725177450611770e-1, 1.51986665636164571966e-2),
    (2.27238449892691845833e-2, 5.47593808499534494600e-4),
    (7.74545014278341407640e-4, 1.05075007164441684324e-9),
)
FAR = (
    (6.65790464350110377720e0, 1.0),
    (5.46378491116411436990e0, 5.99832206555887937690e-1),
    (1.78482653991729133580e0, 1.36929880922735805310e-1),
    (2.96560571828504891230e-1, 1.48753612908506148525e-2),
    (2.65321895265761230930e-2, 7.86869131145613259100e-4),
    (1.24266094738807843860e-3, 1.84631831751005468180e-5),
    (2.71155556874348757815e-5, 1.42151175831644588870e-7),
    (2.01033439929228813265e-7, 2.04426310338993978564e-15),
)


@register_jitable
def cdf(x: float) -> float:
    """Φ(x), accurate in the lower tail."""
    return erfc(-x / sqrt(2.0)) / 2


@register_jitable
def quantile(p: float) -> float:
    """Φ⁻¹(p), accurate in the lower tail."""
    if p <= 0:
        return -inf
    if p >= 1:
        return inf
    q = p - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(CENTRE, 0.180625 - q * q)
    r = sqrt(-log(p if q < 0 else 1 - p))
    z = _ratio(NEAR, r - 1.6) if r <= 5 else _ratio(FAR, r - 5)
    return -z if q < 0 else z


@register_jitable
def _ratio(coefficients: tuple[tuple[float, float], ...], x: float) -> float:
    """A ratio of two polynomials of degree 7."""
    above, below = 0.0, 0.0
    for i in range(7, -1, -1):
        above = above * x + coefficients[i][0]
        below = below * x + coefficients[i][1]
    return above / below
