"""Which arm a reported p value says has more, or has it later."""

from __future__ import annotations

import numpy as np

from mgbayes.study.numbers import mean_of, quantiles_of
from mgbayes.study.schema import Claim, Study


def direction_of_p(study: Study, claim: Claim, text: str) -> int:
    """1 where a claim says with this p value that the contrast arm has more, -1 less, 0 where it says neither.

    It says so by a p value that is significant, or where the study file names the arm that has more.
    """
    told = claim.comparison is not None and claim.comparison.larger is not None
    significant = study.parse_p(text).interval.high <= float(study.methods.alpha)
    return _direction(study, claim) if told or significant else 0


def _direction(study: Study, claim: Claim) -> int:
    """By the text, the means or the medians of a claim; 0 unknown."""
    if claim.comparison is not None and claim.comparison.larger is not None:
        return 1 if claim.comparison.larger == study.contrast.id else -1
    middle = {}
    for row in claim.summaries:
        mean, quantiles = mean_of(study, row), quantiles_of(study, study.endpoint_of(claim), row)
        if mean is not None:
            middle[row.group] = mean.mean_value
        elif quantiles is not None and row.median is not None:
            middle[row.group] = next(float(one.text) for one in quantiles.quantiles if float(one.p) == 0.5)
    groups = study.reference.id, study.contrast.id
    if not set(groups) <= set(middle):
        return 0
    return int(np.sign(middle[groups[1]] - middle[groups[0]]))
