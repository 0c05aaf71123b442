"""What a paper would have reported of a sample."""

from __future__ import annotations

import numpy as np

from mgbayes.study.rounding import decimals, rounded
from mgbayes.study.statistics.statistic import PublishedStatistic


def as_reported(like: PublishedStatistic, sample: np.ndarray) -> tuple[str, ...]:
    """The numbers of a statistic in one sample, with as many decimals as another one has."""
    values = zip(like.numbers, like.of(sample), strict=True)
    return tuple(rounded(float(value), decimals(number.text)) for number, value in values)
