r"""The prediction of other studies as a robust prior, its effective sample size, and the index study under it.

    p(theta) = (1 - w) p_others(theta) + w Normal(theta | 0, s²)

with p_others the mixture of normals that is nearest to the prediction (least Kullback-Leibler divergence). If the
study's own counts disagree with the others, the weight of the vague component grows: by Bayes' theorem each weight is
multiplied by the probability that its component gave to the counts.

Effective sample size, with i(p, x) = -d² log p / dx² the local information of the prior and i_F the Fisher
information of one patient:

    elir     E_p[ i(p, x) / i_F(x) ], the expected local-information ratio, which is predictively consistent
    moment   the size of a normal prior with the same variance; small for mixtures
    morita   the local information at the mode, less that of a prior with 100 times the variance, over i_F; large for
             mixtures

For a log odds ratio one patient is one of both arms, n0 + n1 = N, at no difference, with the share p of all who did
well: i_F = p (1 - p) / ((1 / n0 + 1 / n1) N), so that a study like the index study is worth its N patients.

Sources: Schmidli et al. (2014), Biometrics 70:1023; Neuenschwander et al. (2020), Biometrics 76:578 (elir); Morita et
al. (2008), Biometrics 64:595.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.counts import LEVEL_SD, TwoArms, two_arms
from mgbayes.synthesis.hierarchy import THETA, GridDistribution

COMPONENTS = 3
VAGUE = (0.0, 2.0)
"""The vague component: no direction favoured, odds ratios between 1/50 and 50."""
VAGUE_WEIGHT = 0.2

_NEGLIGIBLE = 1e-12
_NODES, _SDS = 20_001, 12.0
_FLAT = 100.0


@dataclass(frozen=True)
class NormalMixture:
    """Components (weight, mean, SD); the weights add up to one."""

    components: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, weights: Iterable[float], means: Iterable[float], sds: Iterable[float]) -> NormalMixture:
        """From columns, the heaviest component first."""
        rows = [(float(w), float(m), float(s)) for w, m, s in zip(weights, means, sds, strict=True)]
        return cls(tuple(sorted(rows, key=lambda row: -row[0])))

    @property
    def columns(self) -> np.ndarray:
        """Weights, means and SDs, (3, component)."""
        return np.array(self.components).T

    @property
    def mean(self) -> float:
        """The mean."""
        weight, mean, _ = self.columns
        return float(weight @ mean)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        weight, mean, sd = self.columns
        return float(np.sqrt(weight @ (np.square(sd) + np.square(mean - self.mean))))

    def log_parts(self, x: np.ndarray) -> np.ndarray:
        """The log of each component's part of the density at x, (component, x)."""
        from scipy.stats import norm

        weight, mean, sd = self.columns[:, :, None]
        return np.asarray(np.log(weight) + norm.logpdf(x, mean, sd))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """The log density at x."""
        return np.asarray(np.logaddexp.reduce(self.log_parts(x), axis=0))


def normal_mixture(grid: GridDistribution, components: int = COMPONENTS) -> NormalMixture:
    """The mixture of normals nearest to a distribution on a grid, started from equal slices of it."""
    from scipy.optimize import minimize

    support = grid.mass > _NEGLIGIBLE
    x, mass = grid.values[support], grid.mass[support] / grid.mass[support].sum()
    slice_of = np.minimum((np.cumsum(mass) * components).astype(int), components - 1)
    part = mass * (slice_of == np.arange(components)[:, None])
    mean = part @ x / part.sum(axis=1)
    variance = (part * np.square(x - mean[:, None])).sum(axis=1) / part.sum(axis=1)

    def mixture(free: np.ndarray) -> NormalMixture:
        log_weight, means, log_sds = free.reshape(3, -1)
        weight = np.exp(log_weight - np.logaddexp.reduce(log_weight))
        return NormalMixture.of(weight, means, np.exp(log_sds))

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        """The cross-entropy and its gradient by log weights, means and log SDs."""
        log_weight, means, log_sds = free.reshape(3, -1, 1)
        z = (x - means) / np.exp(log_sds)
        log_weight = log_weight - np.logaddexp.reduce(log_weight)
        parts = log_weight - 0.5 * z**2 - log_sds
        total = np.logaddexp.reduce(parts, axis=0)
        share = mass * np.exp(parts - total)
        slopes = share - mass * np.exp(log_weight), share * z / np.exp(log_sds), share * (z**2 - 1)
        return -float(mass @ total), -np.concatenate([row.sum(axis=1) for row in slopes])

    start = np.concatenate([np.log(part.sum(axis=1)), mean, 0.5 * np.log(variance)])
    return mixture(minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000}).x)


def robust(mixture: NormalMixture, vague: tuple[float, float], weight: float) -> NormalMixture:
    """The mixture with a vague component of this weight, as the last row. Raises ValueError outside 0 to 1."""
    if not 0 <= weight <= 1:
        raise ValueError(f"the weight of the vague component is {weight}; it lies between 0 and 1")
    rows = [(row[0] * (1 - weight), *row[1:]) for row in mixture.components]
    return NormalMixture(tuple(row for row in (*rows, (weight, *vague)) if row[0] > 0))


@dataclass(frozen=True)
class PriorSize:
    """The effective sample size of a prior, in patients, by each definition."""

    elir: float
    moment: float
    morita: float


def unit_information(counts: TwoArms) -> float:
    """The information of one patient about a study's log odds ratio, at no difference.

    Raises ValueError when all patients or none did well, since such a study has no information there.
    """
    p = counts.total / counts.n
    if p in (0.0, 1.0):
        raise ValueError(f"{counts.study}: {counts.total} of {counts.n} patients did well")
    return p * (1 - p) / ((1 / counts.reference.n + 1 / counts.contrast.n) * counts.n)


def elir(x: np.ndarray, log_density: np.ndarray, information: np.ndarray | float) -> float:
    """The expected local-information ratio of a prior with this log density on an even grid x.

    ``information`` is that of one patient, at each x or everywhere.
    """
    density = np.exp(log_density - log_density.max())
    ratio = _local_information(x, log_density) / np.broadcast_to(information, x.shape)[1:-1]
    return float(density[1:-1] @ ratio / density.sum())


def prior_size(prior: NormalMixture, information: float) -> PriorSize:
    """The effective sample size of a prior of a log odds ratio, one patient having this information."""
    _, mean, sd = prior.columns
    x = np.linspace((mean - _SDS * sd).min(), (mean + _SDS * sd).max(), _NODES)
    log_density = prior.log_density(x)
    at_mode = float(_local_information(x, log_density)[np.argmax(log_density) - 1])
    return PriorSize(
        elir=elir(x, log_density, information),
        moment=1 / (prior.sd**2 * information),
        morita=(at_mode - 1 / (_FLAT * np.square(sd).max())) / information,
    )


def _local_information(x: np.ndarray, log_density: np.ndarray) -> np.ndarray:
    """Minus the second derivative of a log density on an even grid, without the ends."""
    return -np.diff(log_density, 2) / (x[1] - x[0]) ** 2


@dataclass(frozen=True)
class RobustPosterior:
    """A study's log odds ratio under a robust prior, with the weight of the vague component before and after."""

    prior: NormalMixture
    prior_size: PriorSize
    vague_before: float
    vague_after: float
    posterior: GridDistribution

    @property
    def p_benefit(self) -> float:
        """The probability that the contrast arm does better."""
        return self.posterior.above(0.0)


def robust_posterior(
    counts: TwoArms,
    others: NormalMixture,
    weight: float = VAGUE_WEIGHT,
    vague: tuple[float, float] = VAGUE,
    level_sd: float = LEVEL_SD,
) -> RobustPosterior:
    """Update the robust prior with the exact likelihood of a study's counts."""
    prior = robust(others, vague, weight)
    parts = np.exp(prior.log_parts(THETA) + two_arms(counts, level_sd))
    each = parts.sum(axis=1)
    return RobustPosterior(
        prior=prior,
        prior_size=prior_size(prior, unit_information(counts)),
        vague_before=weight,
        vague_after=float(each[-1] / each.sum()) if weight > 0 else 0.0,
        posterior=GridDistribution.normalized(THETA, parts.sum(axis=0)),
    )
