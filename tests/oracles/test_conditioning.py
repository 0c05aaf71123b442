"""Conditioning draws on a reported p value, on draws whose p values are written by hand: no sampler."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference.diagnostics import Status
from mgbayes.inference.fit import Agreement
from mgbayes.inference.job import Job
from mgbayes.inference.printed_p import agreeing, select
from mgbayes.inference.run import Fitter
from mgbayes.latent_cohort import one_outcome
from mgbayes.latent_cohort.one_outcome import Led
from mgbayes.latent_cohort.tempering import Climb, Level
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
    monkeypatch.setattr(one_outcome, "has_tables", lambda job: False)
    posterior, stats = Fitter(use_cache=False)._drawn(job, _Model(), {}, {}, plan.sampling)
    assert posterior["x"].to_numpy().tolist() == [[1.0, 2.0], [5.0, 9.0]]
    assert stats.attrs == {"agreeing_share": 0.5, "agreeing_drawn": 10, "agreeing_by_tables": 0}
    assert "slope" not in stats  # it knows nothing of the p value
    assert stats["diverging"].to_numpy().tolist() == [
        [False, False, True, False, False],
        [False] * 4 + [True],
    ]


def test_a_p_that_hardly_any_draw_has_is_a_warning_and_one_that_none_has_a_failure() -> None:
    statuses = [Agreement((), share, 1000).status for share in (0.0, 0.009, 0.01, 0.5)]
    assert statuses == [Status.failed, Status.warn, Status.ok, Status.ok]


CLIMB = Climb((Level(1.0, 0.2, ()), Level(0.0, 0.1, ())), True, 0.0, 0.09)
FOUND = {
    "come to it": Led((CLIMB,), xr.Dataset({"x": (DIMS, np.zeros((3, 4)))})),
    "do not": Led((replace(CLIMB, reached=False),), None),
    "none started": Led((), None),
}


@pytest.mark.parametrize(
    ("chains", "few", "agreeing", "drawn"),
    [
        ("come to it", 0.6, P, ({"chain": 3, "draw": 4}, pytest.approx(0.02), 1)),
        ("come to it", 0.5, P, ({"chain": 2, "draw": 2}, 0.5, 0)),  # half are enough
        ("do not", 0.6, P, ({"chain": 2, "draw": 2}, 0.5, 0)),  # but some draws have it
        ("do not", 0.6, P + 0.2, ({"chain": 2, "draw": 0}, 0.0, 1)),
        ("none started", 0.6, P + 0.2, ({"chain": 2, "draw": 0}, 0.0, 0)),
    ],
)
def test_where_few_draws_agree_chains_of_tables_are_led_to_the_p(
    monkeypatch: pytest.MonkeyPatch, chains: str, few: float, agreeing: Any, drawn: Any
) -> None:
    """Half of the draws agree: that is few below 60 %, and enough at 50 %."""
    plan = load_plan("relapse")
    job = Job(load_study(), plan, "weibull", plan.printed_p)
    draws = (
        xr.Dataset({"x": (DIMS, np.arange(10.0).reshape(2, 5))}),
        xr.Dataset({"diverging": (DIMS, np.zeros((2, 5), bool)), "slope": (DIMS, P)}),
    )
    monkeypatch.setattr(Agreement, "FEW_TO_SELECT", few)
    monkeypatch.setattr(Fitter, "_sampled", lambda *arguments: draws)
    monkeypatch.setattr(Fitter, "_statistics", lambda *arguments: xr.Dataset({"logrank": (DIMS, agreeing)}))
    monkeypatch.setattr(one_outcome, "led_to_p", lambda job: FOUND[chains])
    posterior, stats = Fitter(use_cache=False)._drawn(job, job.model, job.data, {}, plan.sampling)
    said = stats.attrs
    found = said["agreeing_share"], said["agreeing_by_tables"]
    assert ({name: posterior.sizes[name] for name in DIMS}, *found) == drawn
    assert said["agreeing_drawn"] == 10


@pytest.mark.parametrize(
    ("statistic", "larger", "text", "agrees"),
    [
        ("mann_whitney", None, "0.01", [True, False]),
        ("mann_whitney", None, "0.3", [True, True]),
        ("logrank", None, "0.01", [True, True]),  # it counts those without the event, too
        ("logrank", "achr", "0.3", [True, False]),
        ("logrank", "musk", "0.3", [False, True]),
    ],
)
def test_a_p_has_the_direction_of_its_means_or_of_the_text(
    statistic: str, larger: str | None, text: str, agrees: list[bool]
) -> None:
    """The means are 441 and 230: one that is later in the contrast arm does not agree."""
    raw = load_study().model_dump(mode="json", exclude_none=True)
    (claim,) = (row for row in raw["claims"] if row["id"] == "remission.time")
    claim |= {"p": text, "comparison": {"between": "arms"} | ({"larger": larger} if larger else {})}
    if larger == "musk":
        claim["summaries"] = []
    use = PrintedPUse(claim="remission.time", test="it", statistic=statistic)
    p = {statistic: (DIMS, [[float(text)] * 2]), f"{statistic}_side": (DIMS, [[-1.0, 1.0]])}
    assert agreeing(Study.model_validate(raw), (use,), xr.Dataset(p)).tolist() == [agrees]


def test_a_fit_given_a_p_is_another_where_the_study_says_more_of_it() -> None:
    plan = load_plan("relapse")
    keys = set()
    for larger, alpha in ((None, "0.05"), ("musk", "0.05"), (None, "0.01")):
        raw = load_study().model_dump(mode="json", exclude_none=True)
        (claim,) = (row for row in raw["claims"] if row["id"] == CLAIM)
        claim["comparison"] = {"between": "arms"} | ({"larger": larger} if larger else {})
        raw["methods"]["alpha"] = alpha
        keys.add(Fitter().key(Job(Study.model_validate(raw), plan, "weibull", plan.printed_p)))
    assert len(keys) == 3


def test_the_side_of_latent_times_is_that_of_the_arm_with_later_ones() -> None:
    """Draws with all times of one arm before those of the other, and with the arms exchanged."""
    job = Job(load_study(), load_plan("remission"), "lognormal")
    priors = job.plan.prior_set(job.family)
    draws = job.model.prior_draws(np.random.default_rng(3), job.data, job.family, priors, 2)
    early, late = np.arange(1.0, 13.0), np.arange(400.0, 412.0)
    times = [[[early, late], [late, early]]]  # (chain, draw, arm, slot)
    draws = draws.assign(latent_time=((*DIMS, "summary", "slot"), times))
    p = job.model.printed_p(np.random.default_rng(3), draws, job.data, job.family)
    for statistic in ("logrank", "mann_whitney"):
        assert p[f"{statistic}_side"].to_numpy().tolist() == [[1.0, -1.0]]
    assert (p["mann_whitney"] < 0.001).all()
