"""Published posteriors, and how draws of the project's models become their parameters.

A case with a study file beside it is fitted by its study, plan and patient files, as a user would fit them; the
others are meta-analyses, which the project integrates on a grid. Where a published prior is of a form that no plan
has, the plan's is wide and draws are weighted by the ratio of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
import xarray as xr
from scipy import stats
from scipy.special import expit

from mgbayes.synthesis.counts import ArmCount, TwoArms, two_arms
from mgbayes.synthesis.hierarchy import THETA, Hierarchy, HierarchyPrior, TauRule, hierarchy
from tests.oracles.published.monte_carlo import Array, Printed

Drawn = tuple[Mapping[str, Array], Array]
"""The published quantities and the log of the ratio of the published prior to the plan's, (chain, draw)."""
_GRID_DRAWS = (4, 50_000)


@dataclass(frozen=True)
class Case:
    """One published posterior."""

    id: str
    title: str
    model: str
    source: str
    printed: tuple[Printed, ...]
    quantities: Callable[[Mapping[str, Array]], Drawn] | None = None
    on_grid: Callable[[], Drawn] | None = None
    adjusted: tuple[str, ...] = ()


def rows(quantity: str, draws: float = inf, error: float | None = None, **values: str) -> list[Printed]:
    """Published numbers of one quantity; ``q2_5`` is its 2.5 % quantile, ``error`` the printed error of its mean.

    A run of whose worth nothing else is printed is worth (SD / error of the mean)² independent draws.
    """
    if error is not None and draws == inf:
        draws = (float(values["sd"]) / error) ** 2
    names = {key: key if key in ("mean", "sd") else f"{key[1:].replace('_', '.')} %" for key in values}
    return [
        Printed(quantity, names[key], value, draws, error if key == "mean" else None)
        for key, value in values.items()
    ]


# ------------------------------------------------------------------------------------------------- fits


def mice(draws: Mapping[str, Array]) -> Drawn:
    """Log hazards beta of four groups and medians; beta ~ Normal(0, 100²), r ~ Gamma(1, 0.0001)."""
    r, scale, positive = draws["shape"], draws["log_scale"], draws["log_hazard_ratio"]
    vehicle, test = np.moveaxis(draws["covariate_log_hazard_ratio"], -1, 0)
    # Covariates are centred: a quarter of the mice are in each group.
    first = -r * scale - positive / 2 - (vehicle + test) / 4
    beta = [first, first + vehicle, first + test, first + positive]
    published = sum(stats.norm(0, 100).logpdf(b) for b in beta) + stats.expon(scale=1e4).logpdf(r) + np.log(r)
    ours = (
        stats.norm(3.3, 5).logpdf(scale)
        + stats.lognorm(1, scale=np.e).logpdf(r)
        + sum(stats.norm(0, 10).logpdf(x) for x in (positive, vehicle, test))
    )
    medians = {f"median[{k}]": (log(2) * np.exp(-b)) ** (1 / r) for k, b in enumerate(beta, start=1)}
    return {
        "r": r,
        "veh.control": vehicle,
        "test.sub": test,
        "pos.control": positive,
        **medians,
    }, published - ours


def births(draws: Mapping[str, Array]) -> Drawn:
    """Mean numbers of children, each ~ Gamma(2, 1)."""
    level, ratio = draws["log_rate"], draws["log_rate_ratio"]
    means = {"theta1": np.exp(level - ratio / 2), "theta2": np.exp(level + ratio / 2)}
    published = sum(stats.gamma(2).logpdf(mean) + np.log(mean) for mean in means.values())
    ours = stats.norm(0, 2).logpdf(level) + stats.norm(0, 2).logpdf(ratio)
    above = (means["theta1"] > means["theta2"]).astype(float)
    return {**means, "theta1 > theta2": above}, published - ours


def admissions(draws: Mapping[str, Array]) -> Drawn:
    """Log odds of men and women, their difference, and that of the chances; the plan has the published prior."""
    level, half = draws["level"][..., 0], draws["log_odds_ratio_admitted"] / 2
    men, women = level + half, level - half
    found = {"a[1]": men, "a[2]": women, "diff_a": men - women, "diff_p": expit(men) - expit(women)}
    return found, np.zeros_like(men)


def surgical(draws: Mapping[str, Array]) -> Drawn:
    """Chances of death by hospital; the plan has the published prior."""
    p = draws["p"].reshape(*draws["p"].shape[:2], -1)
    return {f"p[{k + 1}]": p[..., k] for k in range(p.shape[-1])}, np.zeros(p.shape[:2])


def chickens(draws: Mapping[str, Array]) -> Drawn:
    """The difference of means; the plan has the published prior."""
    difference = draws["difference"]
    return {"difference": difference}, np.zeros_like(difference)


_S2 = 0.1272041
"""The harmonic mean of the trials' variances, as published."""
_MAGNESIUM_TAU: Mapping[int, Callable[[Array], Array]] = {
    1: lambda tau: -1.002 * np.log(tau) - 0.001 / tau**2,
    2: lambda tau: np.where(tau**2 < 50, np.log(tau), -np.inf),
    3: lambda tau: np.where(tau < 50, 0.0, -np.inf),
    4: lambda tau: np.log(tau) - 2 * np.log(_S2 + tau**2),
    5: lambda tau: -2 * np.log(sqrt(_S2) + tau),
    6: lambda tau: np.log(tau) - tau**4 * stats.norm.cdf(0.75) / (2 * _S2),
}
"""Log densities of the SD between trials under the six published priors."""


def magnesium(prior: int) -> Callable[[Mapping[str, Array]], Drawn]:
    """The average odds ratio and the SD between trials; mu ~ Uniform(-10, 10), control chances ~ Uniform(0, 1)."""

    def quantities(draws: Mapping[str, Array]) -> Drawn:
        level, mu, tau = draws["level"], draws["mu"], draws["tau"]
        ratios = [draws[f"log_odds_ratio_e{trial}"] for trial in range(1, 9)]
        control = level - np.stack(ratios, axis=-1) / 2
        published = stats.logistic.logpdf(control).sum(axis=-1) + _MAGNESIUM_TAU[prior](tau)
        published = np.where(np.abs(mu) < 10, published, -np.inf)
        ours = (
            stats.norm(2.5, 2.5).logpdf(level).sum(axis=-1)
            + stats.norm(0, 10).logpdf(mu)
            + stats.halfnorm(scale=2).logpdf(tau)
        )
        return {"OR": np.exp(-mu), "tau": tau}, published - ours  # mu is of the benefit, and death is none

    return quantities


# ------------------------------------------------------------------------------------------------- grids


def _of_grid(*distributions: tuple[str, Array, Array]) -> Drawn:
    """Draws at evenly spread probabilities, in random order, of distributions given by values and masses."""
    rng, size = np.random.default_rng(1), int(np.prod(_GRID_DRAWS))
    found = {}
    for name, values, mass in distributions:
        middle = np.cumsum(mass) - mass / 2
        kept = mass > 1e-12
        at = np.interp((rng.permutation(size) + 0.5) / size, middle[kept], values[kept])
        found[name] = at.reshape(_GRID_DRAWS)
    return found, np.zeros(_GRID_DRAWS)


def _drawn(found: Hierarchy, mu: str, tau: str, new: str, scale: Callable[[Array], Array]) -> Drawn:
    return _of_grid(
        (mu, found.mu.values, found.mu.mass),
        (tau, found.tau.nodes, found.tau.weights),
        (new, scale(found.predictive.values), found.predictive.mass),
    )


_TREATED = (
    (3, 38), (7, 114), (5, 69), (102, 1533), (28, 355), (4, 59), (98, 945), (60, 632), (25, 278), (138, 1916),
    (64, 873), (45, 263), (9, 291), (57, 858), (25, 154), (33, 207), (28, 251), (8, 151), (6, 174), (32, 209),
    (27, 391), (22, 680),
)  # fmt: skip
_CONTROL = (
    (3, 39), (14, 116), (11, 93), (127, 1520), (27, 365), (6, 52), (152, 939), (48, 471), (37, 282), (188, 1921),
    (52, 583), (47, 266), (16, 293), (45, 883), (31, 147), (38, 213), (12, 122), (6, 154), (3, 134), (40, 218),
    (43, 364), (39, 674),
)  # fmt: skip


def blocker() -> Drawn:
    """Log odds ratios of 22 trials; 1 / sigma² ~ Gamma(0.001, 0.001), all else flat."""
    nodes = np.geomspace(0.006, 2, 120)
    weights = nodes**-0.002 * np.exp(-0.001 / nodes**2)
    trials = [
        two_arms(TwoArms("blocker", "death", ArmCount(*control), ArmCount(*treated)), level_sd=5.0)
        for control, treated in zip(_CONTROL, _TREATED, strict=True)
    ]
    found = hierarchy(trials, HierarchyPrior(mu_sd=1000.0), TauRule(nodes, weights / weights.sum()))
    return _drawn(found, "d", "sigma", "delta.new", lambda theta: theta)


_PLACEBO = ((23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35))


def spondylitis(scale: float) -> Callable[[], Drawn]:
    """Eight placebo groups; mu ~ Normal(0, 2), tau ~ HalfNormal(scale)."""

    def drawn() -> Drawn:
        groups = [stats.binom.logpmf(*group, expit(THETA)) for group in _PLACEBO]
        return _drawn(hierarchy(groups, HierarchyPrior(tau_scale=scale)), "mu", "tau", "chance", expit)

    return drawn


# ------------------------------------------------------------------------------------------------- table

_RBEST = (
    "Baeten et al. 2013, Lancet 382:1705, in the article 'Getting started with RBesT (binary)' of RBesT 1.9-0"
)
_SURGICAL = {
    1: ("0.02032", "0.01989", 1.95e-4), 2: ("0.1267", "0.02674", 2.634e-4), 3: ("0.07441", "0.02414", 2.263e-4),
    4: ("0.0579", "0.008179", 9.032e-5), 5: ("0.0421", "0.01378", 1.434e-4), 6: ("0.07082", "0.01805", 1.862e-4),
    7: ("0.06681", "0.02036", 2.058e-4), 8: ("0.1475", "0.02409", 2.136e-4), 9: ("0.07181", "0.01781", 1.89e-4),
    10: ("0.09129", "0.02921", 2.638e-4),
}  # fmt: skip
_MAGNESIUM = {
    1: (("0.493881", "0.487851", 608.287, 0.00678096), ("0.500508", "0.432488", 382.495, 0.0194311)),
    2: (("0.469325", "0.382542", 1343.12, 0.0301488), ("1.1646", "0.983598", 395.136, 0.0379042)),
    3: (("0.444941", "0.420812", 1569.43, 0.00542145), ("0.808261", "0.714225", 695.68, 0.0186635)),
    4: (("0.47496", "0.472237", 541.387, 0.00596257), ("0.467692", "0.417649", 558.203, 0.0114467)),
    5: (("0.493619", "0.493571", 562.578, 0.00634346), ("0.45235", "0.397168", 404.519, 0.0172585)),
    6: (("0.445284", "0.429437", 681.19, 0.00555468), ("0.57345", "0.571246", 949.195, 0.00629904)),
}
"""By prior, of the odds ratio and of tau: mean, median, independent draws, error of the mean."""

CASES: tuple[Case, ...] = (
    Case(
        "mice",
        "Mice: Weibull regression",
        "proportional_hazards, weibull, with covariates, on patients",
        "BUGS examples, volume 1 (Dellaportas and Smith 1993); benchmark of JAGS's classic-bugs",
        (
            *rows("r", error=0.00593039, mean="3.282505832", sd="0.328831602502753"),
            *rows("median[1]", error=0.01962137, mean="24.4461747", sd="1.83527934"),
            *rows("median[2]", error=0.03055119, mean="35.2348816", sd="3.14092024"),
            *rows("median[3]", error=0.02347294, mean="27.2926468", sd="2.24902142"),
            *rows("median[4]", error=0.01730493, mean="21.6708318", sd="1.69732778"),
            *rows("veh.control", error=0.00370974, mean="-1.19050456", sd="0.36870495"),
            *rows("test.sub", error=0.00345613, mean="-0.35897052", sd="0.34932101"),
            *rows("pos.control", error=0.00355206, mean="0.39873926", sd="0.34574688"),
        ),
        mice,
        adjusted=("covariates",),
    ),
    Case(
        "births",
        "Children of women with and without a degree",
        "counts, poisson, on patients",
        "Hoff, A First Course in Bayesian Statistical Methods, 2009, section 3.2.2",
        (
            *rows("theta1", mean="1.955357", q2_5="1.704943", q97_5="2.222679"),
            *rows("theta2", mean="1.511111", q2_5="1.173437", q97_5="1.890836"),
            *rows("theta1 > theta2", mean="0.97"),
        ),
        births,
    ),
    Case(
        "admissions",
        "Graduate admissions at Berkeley",
        "binary, independent",
        "McElreath, Statistical Rethinking, 2nd ed. 2020, model m11.7, as a reader's run by ulam prints it",
        (
            *rows(
                "a[1]", 1187.649, mean="-0.2211643", sd="0.04028955", q5_5="-0.2868443", q94_5="-0.1590310"
            ),
            *rows(
                "a[2]", 1438.134, mean="-0.8304286", sd="0.04919629", q5_5="-0.9085865", q94_5="-0.7509627"
            ),
            *rows("diff_a", 1187.649, mean="0.61"),
            *rows("diff_p", 1187.649, mean="0.14", q5_5="0.12"),
        ),
        admissions,
    ),
    Case(
        "surgical",
        "Surgical: ten hospitals by themselves",
        "binary, beta",
        "BUGS examples, volume 1, Surgical; table of WinBUGS",
        (
            *(
                row
                for k, (mean, sd, error) in _SURGICAL.items()
                for row in rows(f"p[{k}]", error=error, mean=mean, sd=sd)
            ),
            *rows("p[1]", 10_400, q2_5="0.000562", q50="0.01443", q97_5="0.07396"),
        ),
        surgical,
    ),
    Case(
        "chickens",
        "Two means with SDs of their own (Behrens and Fisher)",
        "continuous, normal",
        "Gelman and others, Bayesian Data Analysis, 3rd ed. 2013, exercise 3.3, and solutions of it",
        (*rows("difference", 10_000, q2_5="0.05", q97_5="0.27"),),
        chickens,
    ),
    *(
        Case(
            f"magnesium, prior {prior}",
            "Magnesium: eight trials, six priors",
            "binary, hierarchical",
            "BUGS examples, volume 1, Magnesium; documentation of Mamba.jl",
            tuple(
                row
                for quantity, (mean, median, draws, error) in zip(("OR", "tau"), known, strict=True)
                for row in rows(quantity, draws, error, mean=mean, q50=median)
            ),
            magnesium(prior),
        )
        for prior, known in _MAGNESIUM.items()
    ),
    Case(
        "blocker",
        "Blocker: 22 trials of beta-blockers",
        "other cohorts (meta-analysis of counts in two arms)",
        "BUGS examples, volume 1 (Carlin 1992); benchmark of JAGS's classic-bugs",
        (
            *rows("d", error=0.00144641, mean="-0.25322463", sd="0.05977993"),
            *rows("delta.new", error=0.00275381, mean="-0.25479946", sd="0.14383443"),
            *rows("sigma", error=0.00204172, mean="0.11540076", sd="0.06834700"),
        ),
        on_grid=blocker,
    ),
    Case(
        "spondylitis, HalfNormal(1)",
        "Placebo groups in ankylosing spondylitis",
        "other cohorts (meta-analytic predictive prior)",
        _RBEST,
        (
            *rows("mu", 1000, mean="-1.11", sd="0.186", q2_5="-1.49", q50="-1.11", q97_5="-0.746"),
            *rows("tau", 1000, mean="0.387", sd="0.215", q2_5="0.0399", q50="0.359", q97_5="0.897"),
            *rows("chance", 1000, mean="0.255", sd="0.0864", q2_5="0.106", q50="0.247", q97_5="0.461"),
        ),
        on_grid=spondylitis(1.0),
    ),
    Case(
        "spondylitis, HalfNormal(0.5)",
        "Placebo groups in ankylosing spondylitis",
        "other cohorts (meta-analytic predictive prior)",
        _RBEST,
        (
            *rows("tau", 1000, mean="0.335", sd="0.172", q2_5="0.0397", q50="0.320", q97_5="0.718"),
            *rows("chance", 1000, mean="0.259", sd="0.0776", q2_5="0.129", q50="0.250", q97_5="0.442"),
        ),
        on_grid=spondylitis(0.5),
    ),
)


def as_arrays(posterior: xr.Dataset) -> dict[str, Array]:
    """The parameters, chain and draw first."""
    return {str(name): x.transpose("chain", "draw", ...).to_numpy() for name, x in posterior.items()}
