"""Values that others computed, and what this installation computes of the same numbers.

They stand in oracles.toml, and those of the embedded study beside it, in study/embedded/oracles/.

Each kind of oracle is one function from what the oracle gives to the interval in which this installation places the
value: a point for closed forms and tests, the range over rounding for a claim, the estimate within four Monte Carlo
errors for a refit. An oracle holds if its expected value lies there, within its tolerance.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from math import log
from typing import Any

import numpy as np

from mgbayes.frequentist import samples
from mgbayes.progress import quiet
from mgbayes.qualification import refits
from mgbayes.study.load import embedded_oracles

Given = Mapping[str, Any]
Computed = tuple[float, float]


@dataclass(frozen=True)
class Oracle:
    """An expected value with its source; ``given`` is what its kind computes from."""

    kind: str
    what: str
    source: str
    expected: float
    tolerance: float
    given: Given

    @property
    def samples_posterior(self) -> bool:
        """Whether it takes a refit."""
        return self.kind in REFITS

    def computed(self) -> Computed:
        """Lower and upper limit of what this installation computes."""
        low, high = KINDS[self.kind](self.given)
        return float(low), float(high)


def oracles() -> tuple[Oracle, ...]:
    """The oracles that come with the package, in their order."""
    places = (files("mgbayes.qualification") / "oracles.toml", embedded_oracles())
    rows = [row for place in places for row in tomllib.loads(place.read_text("utf-8"))["oracle"]]
    own = ("kind", "what", "source", "expected", "tolerance")
    return tuple(Oracle(**{name: row.pop(name) for name in own}, given=row) for row in rows)


def _two_by_two(given: Given) -> Computed:
    from mgbayes.frequentist.two_by_two import TESTS, Table

    (test,) = [test for test in TESTS if test.name == given["test"]]
    return (test(Table(*given["table"])),) * 2


def _patients(given: Given) -> Computed:
    """A test on patients: ``test`` is module.function, ``shape`` the class of samples that it takes."""
    module, name = given["test"].split(".")
    test = getattr(import_module(f"mgbayes.frequentist.{module}"), name)
    values = {key: np.array(column) for key, column in given["values"].items()}
    return (np.squeeze(test(getattr(samples, given["shape"])(**values)).p).item(),) * 2


def _claim(given: Given) -> Computed:
    """The range of a test's p value over the rounding of a claim's published numbers."""
    (row,) = [row for row in _ledger().claims if row.id == given["claim"]]
    (test,) = [test for test in row.tests if test.name == given["test"]]
    return test.p_low, test.p_high


@cache
def _ledger() -> Any:
    from mgbayes.study.load import load_study
    from mgbayes.verification.ledger import verify

    return verify(load_study(), search=False, use_cache=False, say=quiet)


def _lifetime(given: Given) -> Computed:
    from mgbayes.distributions.lifetimes import LIFETIMES

    function = getattr(LIFETIMES[given["family"]], given["function"])
    return (function(np.float64(given["at"]), log(given["mean"]), given["shape"]),) * 2


def _order_statistics(given: Given) -> Computed:
    """The log density of order statistics of values from the uniform distribution."""
    from scipy.stats import uniform

    from mgbayes.latent.order_statistics import Distribution, log_density

    flat = Distribution(uniform.logpdf, uniform.logcdf, uniform.logsf)
    return (log_density(np.array(given["values"]), np.array(given["ranks"]), given["n"], flat),) * 2


def _quantile(given: Given) -> Computed:
    from fractions import Fraction

    from mgbayes.study.statistics import QuantileDefinition

    ordered = sorted(given["sample"])
    j, g = QuantileDefinition(given["definition"]).position(Fraction(given["p"]), len(ordered))
    return (float((1 - g) * Fraction(ordered[j - 1]) + g * Fraction(ordered[min(j, len(ordered) - 1)])),) * 2


REFITS: Mapping[str, Callable[[Given], Computed]] = {
    "plan refitted": refits.plan_refitted,
    "latent values refitted": refits.latent_refitted,
    "published numbers in every draw": refits.published_in_every_draw,
}
KINDS: Mapping[str, Callable[[Given], Computed]] = {
    "exact and asymptotic test": _two_by_two,
    "test on patients": _patients,
    "claim of the embedded study": _claim,
    "lifetime distribution": _lifetime,
    "order statistics": _order_statistics,
    "quantile": _quantile,
    **REFITS,
}
