"""Effective sample sizes of a published mixture of betas.

Ankylosing spondylitis, eight historical placebo groups (Baeten et al. 2013, Lancet 382:1705), as analyzed in the
documentation of the R package RBesT, version 1.9-0, article "Getting started with RBesT (binary)"
(opensource.nibr.com/RBesT/articles/introduction.html). What RBesT computes from its printed mixture is exact. The
posterior behind it is among the published posteriors (tests/oracles/published).
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from mgbayes.synthesis.robust_prior import elir

MIXTURE = (
    (0.4612914, 33.9513487, 103.0146367),
    (0.1917812, 19.4400089, 41.5205219),
    (0.1893896, 12.2692310, 55.9202833),
    (0.1575378, 2.2521243, 5.4812202),
)


def test_effective_sample_sizes_of_the_printed_mixture_are_the_printed_ones() -> None:
    """ELIR of the mixture of betas, and of the mixture with Beta(1, 1) at a weight of 0.2."""
    x = (np.arange(20_000) + 0.5) / 20_000
    pieces = [np.log(w) + stats.beta.logpdf(x, a, b) for w, a, b in MIXTURE]
    printed = np.logaddexp.reduce(pieces)
    robust = np.logaddexp(np.log(0.8) + printed, np.log(0.2))
    assert [round(elir(x, row, 1 / (x * (1 - x)))) for row in (printed, robust)] == [38, 27]
