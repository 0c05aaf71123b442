"""Which arm, or which visit, a reported p value says has more, or has it later."""

from __future__ import annotations

import numpy as np

from mgbayes.study.numbers import find_mean_and_spread, find_quantiles, mean_of, quantiles_of
from mgbayes.study.schema import Claim, Study
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.study.statistics.quantiles import Quantiles


def direction_of_p(study: Study, claim: Claim, text: str) -> int:
    """1 where a claim says with this p value that the contrast arm has more, -1 less, 0 where it says neither.

    It says so by a p value that is significant, or where the study file names the arm that has more.
    """
    if claim.comparison is not None and claim.comparison.larger is not None:
        return 1 if claim.comparison.larger == study.contrast.id else -1
    if not _significant(study, text):
        return 0
    endpoint = study.endpoint_of(claim)
    middle = {
        row.group: _middle(mean_of(study, row), quantiles_of(study, endpoint, row)) for row in claim.summaries
    }
    return _sign(middle.get(study.reference.id), middle.get(study.contrast.id))


def direction_of_change(study: Study, claim: Claim, text: str, later: str) -> int:
    """1 where it says that patients have more at a later visit than at the first of the claim, -1 less, 0 neither."""
    endpoint, compared = study.endpoint_of(claim), claim.comparison
    if endpoint is None or compared is None or not _significant(study, text):
        return 0
    group = compared.groups[0]
    first, then = (
        _middle(
            find_mean_and_spread(study, endpoint.id, group, visit),
            find_quantiles(study, endpoint, group, visit),
        )
        for visit in (compared.visits[0], later)
    )
    return _sign(first, then)


def _significant(study: Study, text: str) -> bool:
    return study.parse_p(text).interval.high <= float(study.methods.alpha)


def _middle(mean: MeanAndSpread | None, quantiles: Quantiles | None) -> float | None:
    """The mean or the median, whichever is reported."""
    if mean is not None:
        return mean.mean_value
    medians = () if quantiles is None else (one for one in quantiles.quantiles if float(one.p) == 0.5)
    return next((float(one.text) for one in medians), None)


def _sign(first: float | None, other: float | None) -> int:
    """0 where one of the two is not known."""
    return 0 if first is None or other is None else int(np.sign(other - first))
