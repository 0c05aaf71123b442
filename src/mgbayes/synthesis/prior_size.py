r"""How many patients a prior is worth: its effective sample size, by three definitions.

With i(p, x) = -d² log p / dx² the local information of the prior and i_F(x) the Fisher information of one patient,

    elir     E_p[ i(p, x) / i_F(x) ], the expected local-information ratio (Neuenschwander et al. 2020,
             Biometrics 76:578): the only one of the three that is predictively consistent;
    moment   the size of the conjugate prior with the same mean and variance; small for mixtures;
    morita   the local information at the mode, less that of a vague prior, over the expected information of
             one patient there (Morita et al. 2008, Biometrics 64:595); large for mixtures.

A chance with a beta mixture prior: one patient is one Bernoulli trial, i_F = 1 / (x (1 - x)). The local
information at the ends needs every a and b to be at least 1.

A log odds ratio with a normal mixture prior: one patient is one of both arms of a study of N patients with n0
and n1 in its arms, whose information is taken at no difference, with the share p of all patients who did well:

    i_F = p (1 - p) / ((1 / n0 + 1 / n1) N),

so that a study like the index study is worth exactly its N patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.counts import TwoArms
from mgbayes.synthesis.mixtures import BetaMixture, Mixture, NormalMixture

_NODES = 20_001
_FLAT = 100.0
_SDS = 12.0


@dataclass(frozen=True)
class PriorSize:
    """The patients that a prior is worth, by each definition."""

    elir: float
    moment: float
    morita: float


def unit_information(counts: TwoArms) -> float:
    """The information that one patient of a study has about its log odds ratio, at no difference.

    Raises ValueError when all patients or none did well, since such a study has no information there.
    """
    p = counts.total / counts.n
    if p in (0.0, 1.0):
        raise ValueError(f"{counts.study}: {counts.total} of {counts.n} patients did well")
    return p * (1 - p) / ((1 / counts.reference.n + 1 / counts.contrast.n) * counts.n)


def normal_prior_size(prior: NormalMixture, information: float) -> PriorSize:
    """The size of a prior of a log odds ratio, one patient having this information."""
    low = (prior.means - _SDS * np.sqrt(prior.variances)).min()
    high = (prior.means + _SDS * np.sqrt(prior.variances)).max()
    x = np.linspace(low, high, _NODES)
    mode = np.array([_mode(prior, x)])
    vague = 1 / (_FLAT * prior.variances.max())
    return PriorSize(
        elir=_expected(prior, x, prior.information(x)) / information,
        moment=1 / (prior.sd**2 * information),
        morita=float(prior.information(mode)[0] - vague) / information,
    )


def beta_prior_size(prior: BetaMixture) -> PriorSize:
    """The size of a prior of a chance. Raises ValueError where an a or b is below 1."""
    if prior.parameters.min() < 1:
        raise ValueError(f"{prior} has a parameter below 1: its information at the ends is not finite")
    x = (np.arange(_NODES) + 0.5) / _NODES
    mode = _mode(prior, x)
    vague = (mode / _FLAT - 1) / mode**2 + ((1 - mode) / _FLAT - 1) / (1 - mode) ** 2
    one_patient = prior.mean / mode**2 + (1 - prior.mean) / (1 - mode) ** 2
    return PriorSize(
        elir=_expected(prior, x, prior.information(x) * x * (1 - x)),
        moment=prior.mean * (1 - prior.mean) / prior.sd**2 - 1,
        morita=(float(prior.information(np.array([mode]))[0]) - vague) / one_patient,
    )


def _expected(prior: Mixture, x: np.ndarray, values: np.ndarray) -> float:
    """The expectation over the prior, by an even grid."""
    density = prior.density(x)
    return float(density @ values / density.sum())


def _mode(prior: Mixture, x: np.ndarray) -> float:
    """The highest point, to a far smaller step than that of the grid."""
    from scipy.optimize import minimize_scalar

    at = int(np.argmax(prior.log_density(x)))
    low, high = x[max(at - 1, 0)], x[min(at + 1, len(x) - 1)]
    found = minimize_scalar(
        lambda v: -prior.log_density(np.array([v]))[0], bounds=(low, high), method="bounded"
    )
    return float(found.x)
