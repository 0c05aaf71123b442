"""What it costs to take published quartiles for those of other software: calibration over simulated studies.

    uv run python benchmarks/definitions.py

Two arms of log-normal values, of parameters drawn from the priors, each reported by its median and quartiles as one
program computes them (type 6: SPSS, Minitab; type 7: R, Excel). The model of published quantiles takes them for what
they are, for those of other software, or for those of any, every definition alike. Over the studies, a row has the
coverage of the 95 % intervals of the ratio of the medians and of the arms' log SDs, the mean of the log of posterior
median by true SD, and the p of Kolmogorov and Smirnov's test that the ranks of the true values are uniform. The table
is written to docs/_static/quantile_definitions.csv; the same values stand behind all rows.
"""

from __future__ import annotations

import argparse
import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import stats

from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.outcome import Outcome
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior
from mgbayes.models.quantiles import PublishedQuantiles, published
from mgbayes.study.schema import Kind
from mgbayes.study.statistics import QuantileDefinition, Quantiles

TABLE = Path(__file__).parents[1] / "docs" / "_static" / "quantile_definitions.csv"
FAMILY = "lognormal"
PRIORS = {
    "log_level": Prior("normal", (3.0, 1.0), "a simulation"),
    "log_ratio": Prior("normal", (0.0, 0.7), "a simulation"),
    "log_sd": Prior("lognormal", (-0.5, 0.5), "a simulation"),
}
ANY = tuple(QuantileDefinition)
TWO, SIX, SEVEN = (
    (one,) for one in (QuantileDefinition("2"), QuantileDefinition("6"), QuantileDefinition("7"))
)
NAMES = {SIX: "6", SEVEN: "7", ANY: "any"}
PAIRS = ((SIX, SIX), (SEVEN, SEVEN), (SIX, SEVEN), (SEVEN, SIX), (SIX, ANY), (SEVEN, ANY))
"""Definitions by which quartiles are computed, and for which they are taken."""
SAMPLING = Sampling(chains=2, draws=250, tune=300, target_accept=0.9, seed=3)
MODEL = PublishedQuantiles(Outcome("y", "y", Kind.continuous, "", "lower", True))
Definitions = tuple[QuantileDefinition, ...]


def reported(values: np.ndarray, made: Definitions, taken: Definitions) -> Quantiles:
    """Median and quartiles of an arm, to ten digits."""
    blank = Quantiles.of_texts(len(values), median="1", iqr=("1", "1"), definitions=made)
    first, median, third = (f"{q:.10g}" for q in blank.of(values))
    return Quantiles.of_texts(len(values), median=median, iqr=(first, third), definitions=taken)


def parameters(rng: Generator) -> dict[str, Any]:
    """True values from the priors."""
    level, ratio, (middle, width) = rng.normal(3, 1), rng.normal(0, 0.7), PRIORS["log_sd"].values
    return {"log_level": level, "log_ratio": ratio, "log_sd": np.exp(rng.normal(middle, width, 2))}


@cache
def compiled(n: int, taken: Definitions) -> Any:
    """The model of n patients an arm whose quartiles are taken for those of some definitions."""
    any_values = reported(np.arange(1.0, n + 1), taken, taken)
    return compile_model(MODEL.build(published(any_values, any_values), FAMILY, PRIORS))


def row(n: int, made: Definitions, taken: Definitions, studies: int) -> dict[str, str]:
    """One row of the table."""
    ratios: list[float] = []
    sds: list[float] = []
    errors: list[float] = []
    for seed in range(studies):
        rng = np.random.default_rng([n, seed])
        truth = parameters(rng)
        arms = [
            np.exp(
                truth["log_level"] + (a - 0.5) * truth["log_ratio"] + truth["log_sd"][a] * rng.normal(size=n)
            )
            for a in (0, 1)
        ]
        data = published(*(reported(values, made, taken) for values in arms))
        draws, _ = draw(swap(compiled(n, taken), data), SAMPLING, cores=1)
        ratios.append(float((draws["log_ratio"] < truth["log_ratio"]).mean()))
        sd = draws["log_sd"].stack(sample=("chain", "draw")).to_numpy()
        sds += list((sd < truth["log_sd"][:, None]).mean(axis=1))
        errors += list(np.log(np.median(sd, axis=1) / truth["log_sd"]))
    return {
        "n": str(n),
        "computed": NAMES[made],
        "taken_for": NAMES[taken],
        "coverage_ratio": _coverage(ratios),
        "coverage_sd": _coverage(sds),
        "log_sd_error": f"{np.mean(errors):.3f}",
        "p_ratio": f"{stats.kstest(ratios, 'uniform').pvalue:.2g}",
        "p_sd": f"{stats.kstest(sds, 'uniform').pvalue:.2g}",
        "studies": str(studies),
    }


def _coverage(ranks: list[float]) -> str:
    return f"{np.mean([0.025 <= rank <= 0.975 for rank in ranks]):.3f}"


def main() -> None:
    """Write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=8, help="of each arm")
    parser.add_argument("--studies", type=int, default=250)
    options = parser.parse_args()
    rows = []
    for made, taken in PAIRS:
        rows.append(row(options.patients, made, taken, options.studies))
        print(*rows[-1].values(), flush=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
