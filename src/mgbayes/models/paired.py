r"""What a printed paired p value says about the correlation nobody printed.

For n patients measured twice, with means m₁, m₂ and SDs s₁, s₂, the paired t statistic is

    t = (m₁ - m₂) / √((s₁² + s₂² - 2 r s₁ s₂) / n)        n - 1 degrees of freedom

so that r = (s₁² + s₂² - n (m₁ - m₂)² / t²) / (2 s₁ s₂): everything but the sample correlation r is
printed, and a two-sided p in [p_low, p_high] is an interval of r. So is the SD of the changes, d:

    r = (s₁² + s₂² - d²) / (2 s₁ s₂)
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from mgbayes.study.rounding import Interval

UNBOUNDED = np.array([-1.0, 1.0])


def correlation_bounds(
    mean: np.ndarray, sd: np.ndarray, n: np.ndarray, p_low: np.ndarray, p_high: np.ndarray
) -> np.ndarray:
    """Return the bounds (arm, pair, 2) that paired t tests put on sample correlations.

    mean, sd: (arm, visit), n: (arm,). p_low, p_high: (arm, later visit), the interval of
    each printed two-sided p of a later visit against the first: "<0.01" is 0 and 0.01. Pairs of
    later visits were not tested and stay unbounded.

    Raises ValueError when no correlation gives the printed p.
    """
    first, later = sd[:, :1], sd[:, 1:]
    change = n[:, None] * (mean[:, 1:] - mean[:, :1]) ** 2
    df = n[:, None] - 1
    with np.errstate(divide="ignore"):  # p = 1 is t = 0: no lower bound
        low, high = (
            (first**2 + later**2 - change / stats.t.isf(p / 2, df) ** 2) / (2 * first * later)
            for p in (p_high, p_low)
        )
    impossible = (low >= 1) | (high <= -1)
    if impossible.any():
        raise ValueError(
            f"no within-patient correlation gives the reported paired p (arm, later visit): "
            f"{np.argwhere(impossible).tolist()} with means {mean.tolist()} and SDs {sd.tolist()}; "
            f"leave this p out, or read the SDs or the test differently"
        )
    tested = np.stack([np.clip(low, -1, 1), np.clip(high, -1, 1)], axis=-1)
    visits = mean.shape[1]
    untested = np.broadcast_to(UNBOUNDED, (len(n), (visits - 1) * (visits - 2) // 2, 2))
    return np.concatenate([tested, untested], axis=1)


def change_bounds(sd: np.ndarray, change: Sequence[Sequence[Interval | None]]) -> np.ndarray:
    """Return the bounds (arm, pair, 2) that SDs of changes, over their rounding, put on sample correlations.

    sd: (arm, visit). change: (arm, later visit), of the changes from the first visit; None where none is printed.
    """
    bounds = unbounded(*sd.shape)
    for a, of_arm in enumerate(change):
        for later, interval in enumerate(of_arm):
            if interval is not None:
                d = np.array([interval.high, interval.low])
                first, last = sd[a, 0], sd[a, later + 1]
                bounds[a, later] = np.clip((first**2 + last**2 - d**2) / (2 * first * last), -1, 1)
    return bounds


def paired_p(mean: np.ndarray, sd: np.ndarray, n: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return the two-sided p of later visits against the first, (..., arm, later visit).

    mean, sd: (arm, visit), n: (arm,). r: sample correlations (..., arm, later visit).
    """
    first, later = sd[:, :1], sd[:, 1:]
    variance = first**2 + later**2 - 2 * r * first * later
    t = (mean[:, 1:] - mean[:, :1]) / np.sqrt(variance / n[:, None])
    return 2 * stats.t.sf(np.abs(t), n[:, None] - 1)


def unbounded(arms: int = 2, visits: int = 3) -> np.ndarray:
    """Return the bounds (arm, pair, 2) where no paired p is used."""
    return np.broadcast_to(UNBOUNDED, (arms, visits * (visits - 1) // 2, 2)).copy()
