"""Conditioning draws on a reported p value, on draws whose p values are written by hand: no sampler."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference.diagnostics import Status
from mgbayes.inference.fit import Agreement
from mgbayes.inference.job import Job
from mgbayes.inference.printed_p import agreeing, select
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import PrintedPUse
from mgbayes.models.plan_file import load_plan
from mgbayes.study import Study, load_study

DIMS = ("chain", "draw")
CLAIM = "relapse.time"  # p = 0.09, which stands for [0.085, 0.1)
P = np.array([[0.08, 0.086, 0.09, 0.12, 0.0999], [0.095, 0.17, 0.1, 0.084, 0.0851]])
AGREES = np.array([[False, True, True, False, True], [True, False, False, False, True]])


@pytest.fixture(name="study")
def _study() -> Study:
    study = load_study()
    assert set(study.claim(CLAIM).p_by_source.values()) == {"0.09"}
    return study


def test_the_draws_that_agree_are_those_whose_p_is_reported_so(study: Study) -> None:
    use = PrintedPUse(claim=CLAIM, test="log-rank", statistic="logrank")
    found = agreeing(study, (use,), xr.Dataset({"logrank": (DIMS, P)}))
    assert found.tolist() == AGREES.tolist()


def test_of_two_p_values_both_must_be_met(study: Study) -> None:
    uses = tuple(PrintedPUse(claim=CLAIM, test="one", statistic=name) for name in ("one", "other"))
    turned = P[:, ::-1]
    both = agreeing(study, uses, xr.Dataset({"one": (DIMS, P), "other": (DIMS, turned)}))
    assert both.tolist() == (AGREES & AGREES[:, ::-1]).tolist()


@pytest.mark.parametrize(("arm", "at"), [("reference", 0), ("contrast", 1)])
def test_the_p_of_an_arm_is_held_against_that_arm(study: Study, arm: str, at: int) -> None:
    by_arm = np.stack([P, P[:, ::-1]], axis=-1)
    use = PrintedPUse(claim=CLAIM, test="one", statistic="one", arm=getattr(study, arm).id)
    found = agreeing(study, (use,), xr.Dataset({"one": ((*DIMS, "arm"), by_arm)}))
    assert found.tolist() == (AGREES if at == 0 else AGREES[:, ::-1]).tolist()


def test_the_draws_that_are_kept_are_those_that_agree_as_many_of_each_chain() -> None:
    draws = xr.Dataset({"x": (DIMS, np.arange(10.0).reshape(2, 5))})
    assert select(draws, AGREES)["x"].to_numpy().tolist() == [[1.0, 2.0], [5.0, 9.0]]


class _Model:
    """Draws that are known, with the p value of each."""

    def printed_p(self, rng: Any, posterior: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        return xr.Dataset({"logrank": (DIMS, P)})


def test_the_share_is_of_all_draws_and_divergences_are_of_those_that_are_kept(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load_plan("relapse")
    job = Job(study, plan, "weibull", plan.printed_p)
    drawn = (
        xr.Dataset({"x": (DIMS, np.arange(10.0).reshape(2, 5))}),
        xr.Dataset(
            {
                "diverging": (DIMS, [[True, False, True, False, False], [False, True, False, False, True]]),
                "slope": ((*DIMS, "of"), np.ones((2, 5, 1))),
            }
        ),
    )
    monkeypatch.setattr(Fitter, "_sampled", lambda *arguments: drawn)
    posterior, stats = Fitter(use_cache=False)._drawn(job, _Model(), {}, {}, plan.sampling)
    assert posterior["x"].to_numpy().tolist() == [[1.0, 2.0], [5.0, 9.0]]
    assert stats.attrs == {"agreeing_share": 0.5, "agreeing_drawn": 10}
    assert "slope" not in stats  # it knows nothing of the p value
    assert stats["diverging"].to_numpy().tolist() == [
        [False, False, True, False, False],
        [False] * 4 + [True],
    ]


def test_a_p_that_hardly_any_draw_has_is_a_warning_and_one_that_none_has_a_failure() -> None:
    statuses = [Agreement((), share, 1000).status for share in (0.0, 0.009, 0.01, 0.5)]
    assert statuses == [Status.failed, Status.warn, Status.ok, Status.ok]
