"""Which arm, or which visit, a reported p value says has more, or has it later."""

from __future__ import annotations

import numpy as np

from mgbayes.study.numbers import find_mean_and_spread, find_quantiles, mean_of, quantiles_of
from mgbayes.study.schema import Claim, Study
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.study.statistics.quantiles import Quantiles

_Middle = tuple[str, float]


def direction_of_p(
    study: Study, claim: Claim, text: str, visit: str | None = None, *, of_values: bool = True
) -> int:
    """1 where a claim says with this p value that the contrast arm has more, -1 less, 0 where it says neither.

    It says so where the study file names the arm that has more, or by the means or medians (at a visit, where there
    are several) beside a p value that is significant. These are ``of_values``: a test that counts patients without
    the event too, as the log-rank test does, can go the other way.
    """
    if claim.comparison is not None and claim.comparison.larger is not None:
        return 1 if claim.comparison.larger == study.contrast.id else -1
    if not of_values or not _significant(study, text):
        return 0
    endpoint, middle = study.endpoint_of(claim), dict[str, _Middle]()
    for row in claim.summaries:
        found = _middle(mean_of(study, row), quantiles_of(study, endpoint, row))
        if found is not None and row.change_from is None and visit in (None, row.visit):
            middle.setdefault(row.group, found)
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
    return study.parse_p(text).interval.high <= study.parse_p(study.methods.alpha).value


def _middle(mean: MeanAndSpread | None, quantiles: Quantiles | None) -> _Middle | None:
    """The mean or the median, whichever is reported."""
    if mean is not None:
        return "mean", mean.mean_value
    medians = () if quantiles is None else (one for one in quantiles.quantiles if float(one.p) == 0.5)
    return next((("median", float(one.text)) for one in medians), None)


def _sign(first: _Middle | None, other: _Middle | None) -> int:
    """0 where one of the two is not known, or the one is a mean and the other a median."""
    if first is None or other is None or first[0] != other[0]:
        return 0
    return int(np.sign(other[1] - first[1]))
