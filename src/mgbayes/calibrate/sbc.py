r"""Simulation-based calibration: does a model's posterior mean what it says?

Parameters θ are drawn from the prior, patients from θ, and only their published summaries are kept;
then the model is fitted to them. If model, simulator and sampler agree, the rank of each true
estimand among L posterior draws is uniform on {0, …, L}, whatever the model. Ranks are checked
twice:

- chi-square over equal bins of ranks (Talts et al. 2018);
- the largest difference between the ranks' empirical distribution and the uniform one, against the
  band that holds all of a uniform sample's differences at once with probability 0.95, found by
  simulation (Säilynoja et al. 2022).

A fit that diverged or did not mix is made once more with smaller steps and more draws, as in a
re-analysis. One that is doubtful even then keeps its rank and is counted with its reason: leaving it
out would make the remaining ranks uniform for no reason of the model's. A fit that raised an error
has no rank, is counted too, and makes the result not calibrated.

Sources: Talts, Betancourt, Simpson, Vehtari and Gelman (2018) arXiv:1804.06788; Modrák et al.
(2023) Bayesian Analysis (estimands that depend on data); Säilynoja, Bürkner and Vehtari (2022)
Statistics and Computing 32:32.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import arviz_stats as azs
import joblib
import numpy as np
import xarray as xr
from scipy import stats

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.printed_p import select
from mgbayes.inference.sample import compile_model, draw, smaller_steps, swap
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior

Data = dict[str, np.ndarray]

LEVELS = 99
"""L: draws that each rank counts, thinned from all chains."""

MIN_ESS = 4 * LEVELS
"""Effective draws that make L thinned ones nearly independent."""

TUNE = 500
MORE = 4
"""Draws of a second try, over those of the first."""

MAX_RHAT = 1.05
"""Short chains: the estimate itself varies by 0.01 or 0.02."""

MAX_FAILED = 0.05
"""The share of doubtful fits beyond which uniform ranks say little."""


class Model(Protocol):
    """What calibration needs of a model module."""

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """The estimands that are ranked."""

    def build(self, data: Data, family: str, priors: dict[str, Prior]) -> Any:
        """Build the PyMC model."""

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
    ) -> tuple[dict[str, Any], Data]:
        """Draw parameters and the data that would be published."""

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """Turn draws into contrasts."""


@dataclass(frozen=True)
class Fit:
    """Posterior draws (chain, draw) of one replicate, and how many transitions diverged."""

    draws: xr.Dataset
    divergences: int


class Refit(Protocol):
    """Fits the compiled model to other data."""

    def __call__(self, data: Data, seed: int, *, careful: bool = False) -> Fit:
        """Fit with a seed; if careful, with smaller steps and more draws."""


@dataclass(frozen=True)
class Replicate:
    """One simulated study: the rank of each true estimand, and what went wrong, if anything.

    ranks is empty when the fit raised an error; problem is empty when nothing went wrong.
    """

    ranks: dict[str, int]
    problem: str


class Kept(Protocol):
    """Replicates that were finished before."""

    def read(self, number: int) -> Replicate | None:
        """A replicate by its number; None where it is not there."""

    def write(self, number: int, replicate: Replicate) -> None:
        """Keep a replicate."""


@dataclass(frozen=True)
class SbcResult:
    """Ranks of every estimand over replicates, on 0 to `levels`."""

    model: str
    family: str
    seed: int
    levels: int
    ranks: dict[str, tuple[int, ...]]
    problems: tuple[str, ...]
    errors: int

    @property
    def replicates(self) -> int:
        """How many studies were simulated."""
        return len(self.problems)

    @property
    def failed(self) -> int:
        """How many fits had a problem, errors included."""
        return sum(bool(problem) for problem in self.problems)

    def chi_square_p(self) -> dict[str, float]:
        """P of uniform ranks, by estimand."""
        return {name: chi_square_p(np.array(r), self.levels) for name, r in self.ranks.items()}

    def ecdf_p(self) -> dict[str, float]:
        """P of a largest ECDF difference as large as this one under uniform ranks, by estimand."""
        return {name: ecdf_p(np.array(r), self.levels) for name, r in self.ranks.items()}

    def uniform(self, alpha: float = 0.01) -> bool:
        """Whether no fit raised an error and no test rejects uniform ranks; alpha is shared (Bonferroni)."""
        p = [*self.chi_square_p().values(), *self.ecdf_p().values()]
        return self.errors == 0 and min(p) > alpha / len(p)

    def calibrated(self, alpha: float = 0.01) -> bool:
        """Whether the ranks are uniform and few of the fits behind them were doubtful."""
        return self.uniform(alpha) and self.failed <= MAX_FAILED * self.replicates

    def verdict(self, alpha: float = 0.01) -> str:
        """Whether the model is calibrated, and if not, why, in one sentence."""
        of_all = f"{self.failed} of {self.replicates} fits ({self.failed / self.replicates:.1%})"
        if self.errors:
            return f"not calibrated: {self.errors} of {self.replicates} fits raised an error"
        if not self.uniform(alpha):
            lowest = {name: min(p, self.ecdf_p()[name]) for name, p in self.chi_square_p().items()}
            worst = min(lowest, key=lambda name: lowest[name])
            return f"not calibrated: the ranks of {worst} are not uniform (p {lowest[worst]:.2g})"
        if not self.calibrated(alpha):
            return f"not calibrated: the ranks are uniform, but {of_all} failed their diagnostics"
        return f"calibrated: the ranks are uniform, and {of_all} failed their diagnostics"


def calibrate(
    module: Model,
    family: str,
    priors: dict[str, Prior],
    template_data: Data,
    replicates: int,
    seed: int,
    draws: int = 500,
    chains: int = 4,
    jobs: int = 1,
    compile_refit: Callable[[Any, int, int], Refit] | None = None,
    kept: Kept | None = None,
) -> SbcResult:
    """Simulate and refit `replicates` studies like the template.

    The model is compiled once per job. Every replicate has its own seed, so that the result does
    not depend on `jobs`, nor on which replicates are `kept` from before. compile_refit: takes the
    built model, draws and chains and returns the refit; nutpie's by default. Raises RuntimeError
    where no replicate could be fitted.
    """
    seeds = list(enumerate(np.random.SeedSequence(seed).spawn(replicates)))
    blocks = [seeds[job::jobs] for job in range(jobs)]
    run = joblib.delayed(_run_block)
    arguments = (module, family, priors, template_data, draws, chains, compile_refit, kept)
    done = joblib.Parallel(n_jobs=jobs)(run(block, *arguments) for block in blocks)
    results = [done[i % jobs][i // jobs] for i in range(replicates)]
    ranked = [r.ranks for r in results if r.ranks]
    if not ranked:
        raise RuntimeError(f"no study of {replicates} could be fitted; the first one: {results[0].problem}")
    return SbcResult(
        model=getattr(module, "__name__", type(module).__name__),
        family=family,
        seed=seed,
        levels=LEVELS,
        ranks={e.id: tuple(r[e.id] for r in ranked) for e in module.declared(template_data)},
        problems=tuple(r.problem for r in results),
        errors=replicates - len(ranked),
    )


def _run_block(
    seeds: Sequence[tuple[int, np.random.SeedSequence]],
    module: Model,
    family: str,
    priors: dict[str, Prior],
    template_data: Data,
    draws: int,
    chains: int,
    compile_refit: Callable[[Any, int, int], Refit] | None,
    kept: Kept | None,
) -> list[Replicate]:
    refit, done = None, []
    for number, seed in seeds:
        found = kept.read(number) if kept else None
        if found is None:
            if refit is None:  # compiling takes long, and is for nothing where all replicates are kept
                _, like_all = module.simulate(np.random.default_rng(0), template_data, family, priors)
                model = module.build(like_all, family, priors)
                refit = (compile_refit or nutpie_refit)(model, draws, chains)
            found = _replicate(seed, module, family, priors, template_data, refit)
            if kept and found.ranks:  # what was raised is tried again
                kept.write(number, found)
        done.append(found)
    return done


def _replicate(
    seed: np.random.SeedSequence,
    module: Model,
    family: str,
    priors: dict[str, Prior],
    template_data: Data,
    refit: Refit,
) -> Replicate:
    rng = np.random.default_rng(seed)
    truth, data = module.simulate(rng, template_data, family, priors)
    sampler_seed = int(rng.integers(2**31))
    try:
        for careful in (False, True):
            fit = refit(data, sampler_seed, careful=careful)
            fit = _possible(fit, module, data)
            posterior = module.estimands(fit.draws, data, family)
            doubtful = problem(fit, posterior)
            if not doubtful:
                break
    except Exception as error:  # whatever a sampler raises is counted and shown, never dropped
        return Replicate({}, f"{type(error).__name__}: {error}")
    true = module.estimands(as_draw(truth, fit.draws), data, family)
    ranks = {
        e.id: rank(rng, float(true[e.id].squeeze()), posterior[e.id].to_numpy())
        for e in module.declared(data)
    }
    return Replicate(ranks, doubtful)


def _possible(fit: Fit, module: Model, data: Data) -> Fit:
    """The draws whose latent values can have been seen, as in a re-analysis."""
    if not hasattr(module, "admissible") or "latent_time" not in fit.draws:
        return fit
    return Fit(select(fit.draws, module.admissible(fit.draws, data)), fit.divergences)


def nutpie_refit(model: Any, draws: int, chains: int, target_accept: float = 0.95) -> Refit:
    """Compile a PyMC model once; each refit swaps its data."""
    compiled = compile_model(model)

    def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
        sampling = Sampling(draws=draws, tune=TUNE, chains=chains, target_accept=target_accept, seed=seed)
        if careful:
            sampling = smaller_steps(sampling).model_copy(update={"draws": draws * MORE})
        posterior, stats = draw(swap(compiled, data), sampling, cores=1)
        return Fit(posterior, int(stats["diverging"].sum()))

    return refit


def as_draw(truth: Mapping[str, Any], like: xr.Dataset) -> xr.Dataset:
    """Turn true parameters into a single draw, with the dimensions of posterior draws."""
    one = like.isel(chain=[0], draw=[0])
    return xr.Dataset(
        {
            name: one[name].copy(data=np.asarray(value, float)[None, None])
            for name, value in truth.items()
            if name in one
        }
    )


def rank(rng: np.random.Generator, true: float, draws: np.ndarray, levels: int = LEVELS) -> int:
    """Count the thinned draws below the true value; ties are split at random."""
    flat = draws.reshape(-1)
    thinned = flat[np.linspace(0, len(flat) - 1, levels).round().astype(int)]
    ties = int((thinned == true).sum())
    return int((thinned < true).sum()) + int(rng.integers(ties + 1))


def problem(fit: Fit, estimands: xr.Dataset) -> str:
    """What makes a fit doubtful, in words; empty when nothing does."""
    rhat = max(float(value) for value in azs.rhat(estimands).values())
    ess = min(float(value) for value in azs.ess(estimands).values())
    found = (
        (fit.divergences > 0, f"{fit.divergences} divergences"),
        (not rhat <= MAX_RHAT, f"R-hat {rhat:.3f}"),
        (not ess >= MIN_ESS, f"{ess:.0f} effective draws"),
    )
    return ", ".join(words for is_so, words in found if is_so)


def chi_square_p(ranks: np.ndarray, levels: int, bins: int = 10) -> float:
    """P of uniform ranks by Pearson's chi-square over bins of equally many ranks.

    bins must divide levels + 1, and leave five expected ranks or more in each.
    """
    if (levels + 1) % bins:
        raise ValueError(f"{bins} bins do not divide the {levels + 1} possible ranks equally")
    counts = np.bincount(ranks * bins // (levels + 1), minlength=bins)
    return float(stats.chisquare(counts).pvalue)


def ecdf_p(ranks: np.ndarray, levels: int, simulations: int = 10_000) -> float:
    """P of the largest standardized ECDF difference of uniform ranks, by simulation.

    At each rank the ECDF times the number of replicates is binomial; its difference from uniform,
    over the binomial's SD, is taken at its largest, and compared with that of simulated uniform
    ranks.
    """
    largest = _largest_difference(ranks[None], levels)[0]
    rng = np.random.default_rng(0)  # the reference distribution is the same in every call
    uniform = np.concatenate(
        [
            _largest_difference(rng.integers(0, levels + 1, (100, len(ranks))), levels)
            for _ in range(simulations // 100)
        ]
    )
    return float((1 + (uniform >= largest).sum()) / (1 + len(uniform)))


def _largest_difference(ranks: np.ndarray, levels: int) -> np.ndarray:
    counts = np.apply_along_axis(np.bincount, 1, ranks, minlength=levels + 1)
    ecdf = counts.cumsum(axis=1)[:, :-1] / ranks.shape[1]
    expected = np.arange(1, levels + 1) / (levels + 1)
    spread = np.sqrt(expected * (1 - expected) / ranks.shape[1])
    return (np.abs(ecdf - expected) / spread).max(axis=1)
