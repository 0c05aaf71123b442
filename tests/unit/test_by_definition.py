"""Answers under each definition of a quantile: draws weighted by the shares of both arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference.by_definition import by_definition
from mgbayes.models.quantile_evidence import SHARE
from mgbayes.report.premises import quantile_definitions
from mgbayes.study.statistics import QuantileDefinition
from tests.toy_results import toy_results

# Of four draws, the log hazard ratio and the shares of types 6, 7 and 2 in each arm; type 2 is impossible.
RATIO = np.array([[-1.0, -0.2], [0.3, 0.8]])
REFERENCE = np.array([[[0.5, 0.5, 0], [0.8, 0.2, 0]], [[0.1, 0.9, 0], [0.3, 0.7, 0]]])
CONTRAST = np.array([[[0.6, 0.4, 0], [0.5, 0.5, 0]], [[0.2, 0.8, 0], [0.4, 0.6, 0]]])


def test_chances_are_those_of_draws_weighted_by_both_shares() -> None:
    fit = _fit()
    found = by_definition(fit, fit.declared[0])
    assert [one.definition for one in found] == [QuantileDefinition(name) for name in ("6", "7", "2")]
    # A lower hazard is a benefit: the first two draws.
    six, seven = [0.30, 0.40, 0.02, 0.12], [0.20, 0.10, 0.72, 0.42]
    assert found[0].p_benefit == pytest.approx(sum(six[:2]) / sum(six))
    assert found[1].p_benefit == pytest.approx(sum(seven[:2]) / sum(seven))
    assert found[0].probability == pytest.approx(sum(six) / (sum(six) + sum(seven)))
    assert (found[2].p_benefit, found[2].probability) == (None, 0)


def test_the_report_says_so() -> None:
    (sentence,) = quantile_definitions([_fit()])
    assert "83 % by SPSS and Minitab, 21 % by R and Excel; SAS and Stata cannot have given" in sentence


def test_where_no_quantile_is_evidence_nothing_is_said() -> None:
    fit = toy_results().fits[0]
    assert by_definition(fit, fit.declared[0]) == ()
    assert not list(quantile_definitions([fit]))


def _fit():  # type: ignore[no-untyped-def]
    fit = toy_results().fits[0]
    dims, coords = ("chain", "draw"), {"definition": ["6", "7", "2"]}
    share = np.stack([REFERENCE, CONTRAST], axis=2)
    posterior = xr.Dataset({SHARE: ((*dims, "arm", "definition"), share)}, coords=coords)
    contrasts = xr.Dataset({row.id: (dims, np.exp(RATIO)) for row in fit.declared})
    return replace(fit, posterior=posterior, contrasts=contrasts)
