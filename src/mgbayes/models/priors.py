"""A prior as a frozen value: its form, its numbers and the reason for them.

Forms and their numbers: normal (mean, SD); half_normal (SD before folding); lognormal (mean and SD
of the log); beta (a, b); uniform (low, high); lkj (eta), for a correlation matrix; student_t_mixture
(weight, centre, scale and degrees of freedom of two components), which is normal where the degrees of
freedom are infinite, heavy-tailed where they are few, and robust with a wide second component.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf, isnan
from typing import Any, Literal

LARGEST = 1e6
"""No number of a prior is larger: an outcome of such values is written in another unit."""
Form = Literal["normal", "half_normal", "lognormal", "beta", "uniform", "lkj", "student_t_mixture"]


@dataclass(frozen=True)
class _Shape:
    """What makes the numbers of a form possible, and its quantile function if it has one."""

    numbers: tuple[str, ...]
    possible: Callable[..., bool]
    quantile: Callable[..., Any] | None


def _norm(q: float, mean: float, sd: float) -> float:
    from scipy.special import ndtri

    return mean + sd * float(ndtri(q))


def _lognorm(q: float, mean: float, sd: float) -> float:
    from math import exp

    return exp(_norm(q, mean, sd))


def _beta(q: float, a: float, b: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(a, b, q))


def _t_mixture(q: float, *values: float) -> float:
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    weight, centre, scale, df = np.reshape(values, (2, 4)).T

    def excess(x: float) -> float:
        z = (x - centre) / scale
        return float((weight * np.where(np.isinf(df), ndtr(z), stdtr(np.minimum(df, 1e10), z))).sum() - q)

    ends = centre + scale * np.where(np.isinf(df), ndtri(q), stdtrit(np.minimum(df, 1e10), q))
    ends = ends[weight > 0]
    return float(ends[0] if np.ptp(ends) == 0 else brentq(excess, ends.min(), ends.max(), xtol=1e-12))


def _possible_t_mixture(*values: float) -> bool:
    weights, scales, dfs = values[::4], values[2::4], values[3::4]
    return min(weights) >= 0 and abs(sum(weights) - 1) < 1e-9 and min(*scales, *dfs) > 0


_T_COMPONENTS = tuple(
    f"{what} {which}" for which in (1, 2) for what in ("weight", "centre", "scale", "degrees of freedom")
)

_SHAPES: Mapping[str, _Shape] = {
    "normal": _Shape(("mean", "SD"), lambda mean, sd: sd > 0, _norm),
    "half_normal": _Shape(("SD",), lambda sd: sd > 0, lambda q, sd: _norm((1 + q) / 2, 0.0, sd)),
    "lognormal": _Shape(("mean of the log", "SD of the log"), lambda mean, sd: sd > 0, _lognorm),
    "beta": _Shape(("a", "b"), lambda a, b: a > 0 and b > 0, _beta),
    "uniform": _Shape(("low", "high"), lambda low, high: low < high, lambda q, a, b: a + q * (b - a)),
    "lkj": _Shape(("eta",), lambda eta: eta > 0, None),
    "student_t_mixture": _Shape(_T_COMPONENTS, _possible_t_mixture, _t_mixture),
}


@dataclass(frozen=True)
class Prior:
    """A prior distribution that can say itself."""

    form: Form
    values: tuple[float, ...]
    why: str

    def fault(self) -> str | None:
        """What is impossible about the numbers, or None."""
        shape = _SHAPES[self.form]
        if len(self.values) != len(shape.numbers):
            return f"{self.form} takes {len(shape.numbers)} numbers ({', '.join(shape.numbers)})"
        if any(isnan(value) or LARGEST < abs(value) < inf for value in self.values) or (
            inf in map(abs, self.values) and self.form != "student_t_mixture"
        ):
            return f"numbers between -{LARGEST:g} and {LARGEST:g}"
        if not shape.possible(*self.values):
            return f"{self.form} cannot have {', '.join(shape.numbers)} = {list(self.values)}"
        return None

    def interval(self, prob: float = 0.95) -> tuple[float, float] | None:
        """The central interval; None for a form that is not of one number."""
        quantile = _SHAPES[self.form].quantile
        if quantile is None:
            return None
        tail = (1 - prob) / 2
        return float(quantile(tail, *self.values)), float(quantile(1 - tail, *self.values))

    def as_mixture(self) -> Prior:
        """A normal prior in the form student_t_mixture; that form itself as it is. Raises ValueError."""
        if self.form == "student_t_mixture":
            return self
        if self.form != "normal":
            raise ValueError(f"{self.form} is not a mixture of Student t")
        component = (*self.values, float("inf"))
        return replace(self, form="student_t_mixture", values=(1.0, *component, 0.0, *component))

    def call(self) -> str:
        """The prior as it would be written: ``Normal(0, 1.5)``."""
        if self.form == "student_t_mixture":
            return _mixture_call(self.values)
        name = "".join(part.capitalize() for part in self.form.split("_"))
        name = name if self.form != "lkj" else "LKJ"
        return f"{name}({', '.join(f'{value:g}' for value in self.values)})"


def _mixture_call(values: tuple[float, ...]) -> str:
    """The components that have a weight, normal ones by that name."""
    parts = []
    for weight, centre, scale, df in (values[:4], values[4:]):
        numbers = f"{centre:g}, {scale:g})"
        component = f"Normal({numbers}" if df == float("inf") else f"StudentT({df:g}, {numbers}"
        if weight > 0:
            parts.append(component if weight == 1 else f"{weight:g} {component}")
    return " + ".join(parts)
