r"""The softplus function of width κ: max(0, t) with its corner rounded.

h(t) = κ log(1 + exp(t / κ)),   h'(t) = 1 / (1 + exp(-t / κ)),   h(t) - max(0, t) <= κ log 2
"""

from __future__ import annotations

import numpy as np

WIDTH = 0.5
"""κ. At 0.1 the densities of latent values bend so sharply that a sampler diverges now and then."""
NODES = np.linspace(-8.0, 8.0, 161)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()
"""Of the trapezoidal rule for expectations over a standard normal."""


def softplus(t: np.ndarray) -> np.ndarray:
    """h(t) = κ log(1 + exp(t / κ))."""
    return WIDTH * np.logaddexp(0.0, t / WIDTH)


def inverse_softplus(y: np.ndarray) -> np.ndarray:
    """The t of which h(t) is y; minus infinity for zero."""
    with np.errstate(divide="ignore"):
        return y + WIDTH * np.log(-np.expm1(-y / WIDTH))


def expected_softplus(eta: np.ndarray, sd: np.ndarray | float = 1.0) -> np.ndarray:
    """E h(η + sd Z), Z standard normal, by the trapezoidal rule, which is exact to rounding for such functions."""
    spread = np.asarray(sd)[..., None] * NODES
    return (softplus(np.asarray(eta)[..., None] + spread) * WEIGHTS).sum(-1)
