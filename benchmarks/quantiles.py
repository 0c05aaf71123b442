"""Effective draws a second from published quartiles, beside the Gibbs sampler that imputes all values.

    uv run python benchmarks/quantiles.py
    uv run --with InsufficientGibbs==1.2.1 --with seaborn --with tqdm python benchmarks/quantiles.py

Quartiles 11, 19 and 34 of 17 values, under a gamma and a log-normal distribution with the same priors for both
programs. By type 7, that of InsufficientGibbs, the quartiles of 17 values are order statistics; those of 16 leave
three gaps, which are harder. One core; seconds are CPU time of drawing, with compilation apart. Effective draws are
the fewest over both parameters. InsufficientGibbs: Luciano, Robert and Ryder (2023), arXiv:2307.14973.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

QUARTILES, PROBABILITIES = (11.0, 19.0, 34.0), (0.25, 0.5, 0.75)
# Of each parameter the prior: a gamma distribution by scale and shape, or a normal one by mean and SD.
PRIORS = {
    "gamma": {"scale": ("gamma", 10.0, 2.0), "shape": ("gamma", 1.0, 2.0)},
    "lognormal": {"mean_log": ("normal", 3.0, 1.0), "sd_log": ("gamma", 0.5, 2.0)},
}


@dataclass(frozen=True)
class Row:
    """One program on one family."""

    name: str
    draws: xr.Dataset
    compiling: float
    seconds: float

    @property
    def ess(self) -> float:
        """Effective draws of the parameter that has the fewest."""
        import arviz_stats as azs

        return float(azs.ess(self.draws).to_array().min())

    @property
    def rhat(self) -> float:
        """The largest R-hat; not a number where a chain did not move. Without it effective draws mean nothing."""
        import arviz_stats as azs

        return float(azs.rhat(self.draws).to_array().max(skipna=False))

    @property
    def means(self) -> str:
        """Posterior mean and SD of each parameter."""
        return ", ".join(
            f"{name} {float(x.mean()):.2f} ({float(x.std()):.2f})" for name, x in self.draws.items()
        )


def here(family: str, n: int, draws: int, seed: int) -> Row:
    """By the density of the order statistics, with nutpie."""
    import nutpie
    import pymc as pm
    import pytensor.tensor as pt

    from mgbayes.latent.order_statistics import Distribution, OrderStatistics, gaps_in_order, log_density
    from mgbayes.study.statistics import QuantileDefinition

    at = [QuantileDefinition.type_7.position(Fraction(p), n) for p in PROBABILITIES]
    order, q = OrderStatistics.at(n, at), np.array(QUARTILES)
    with pm.Model() as model:
        one, other = (_prior(pm, name, *prior) for name, prior in PRIORS[family].items())
        law = pm.Gamma.dist(other, 1 / one) if family == "gamma" else pm.LogNormal.dist(one, other)
        t = pm.Flat("t", shape=order.gaps, initval=np.zeros(order.gaps)) if order.gaps else np.zeros(0)
        gaps = gaps_in_order(order, q, order.with_gaps(t, xp=pt), low=0.0, xp=pt)
        distribution = Distribution(
            lambda v: pm.logp(law, v), lambda v: pm.logcdf(law, v), lambda v: pt.log1mexp(pm.logcdf(law, v))
        )
        density = log_density(order.values(q, gaps.d, xp=pt), order.ranks, n, distribution, xp=pt)
        pm.Potential("published", density + gaps.log_jacobian)
    compiled, compiling = _timed(lambda: nutpie.compile_pymc_model(model))
    trace, seconds = _timed(
        lambda: nutpie.sample(
            compiled, draws=draws, tune=600, chains=4, cores=1, seed=seed, progress_bar=False
        )
    )
    return Row(f"mgbayes, n = {n}", trace.posterior.to_dataset()[list(PRIORS[family])], compiling, seconds)


def _prior(pm: Any, name: str, form: str, one: float, other: float) -> Any:
    if form == "normal":
        return pm.Normal(name, one, other)
    return pm.Gamma(name, other, 1 / one)


def imputing(family: str, n: int, draws: int, seed: int) -> Row | None:
    """By InsufficientGibbs; nothing where it is not installed."""
    try:
        from InsufficientGibbs.Distribution import Gamma, Normal
        from InsufficientGibbs.Models import GammaModel, LogNormalModel
    except ImportError:
        return None
    np.random.seed(seed)  # noqa: NPY002 - that package draws from NumPy's global generator
    known = {"gamma": Gamma, "normal": Normal}
    one, other = (known[form](*values, name=name) for name, (form, *values) in PRIORS[family].items())
    model = (GammaModel if family == "gamma" else LogNormalModel)(one, other)
    with redirect_stdout(io.StringIO()):  # it prints each proposal that it rejects
        chains, seconds = _timed(
            lambda: [
                model.Gibbs_Quantile(draws, n, list(QUARTILES), list(PROBABILITIES), verbose=False)["chains"]
                for _ in range(4)
            ]
        )
    kept = {
        name: (("chain", "draw"), np.array([chain[name][draws // 4 :] for chain in chains], dtype=float))
        for name in PRIORS[family]
    }
    return Row(f"InsufficientGibbs, n = {n}", xr.Dataset(kept), 0.0, seconds)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1500, help="of each of four chains")
    parser.add_argument(
        "--sweeps", type=int, default=1000, help="of each of four chains of InsufficientGibbs"
    )
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    numbers = f"{'compile, s':>10} {'draw, s':>8} {'ESS':>7} {'ESS/s':>7} {'R-hat':>6}"
    print(f"{'':26} {'family':10} {numbers}  posterior mean (SD)")
    for family in PRIORS:
        rows = [here(family, n, options.draws, options.seed) for n in (17, 16)]
        rows += [row for row in [imputing(family, 17, options.sweeps, options.seed)] if row]
        for row in rows:
            rate = row.ess / row.seconds
            numbers = f"{row.compiling:10.1f} {row.seconds:8.1f} {row.ess:7.0f} {rate:7.0f} {row.rhat:6.2f}"
            print(f"{row.name:26} {family:10} {numbers}  {row.means}", flush=True)


if __name__ == "__main__":
    main()
