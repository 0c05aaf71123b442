"""What a fit is made of, without a sampler: which model serves which priors, who sways it, what pools it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference import leave_one_out as loo
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.members import fit_members
from mgbayes.inference.run import Fitter
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study import load_study
from tests.oracles.report import toy


def test_priors_of_another_form_are_another_model_and_other_numbers_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mgbayes.inference.run.compile_model", lambda model: object())
    monkeypatch.setattr("mgbayes.inference.run.swap", lambda compiled, data: compiled)
    fitter, job = Fitter(use_cache=False), Job(load_study(), load_plan("relapse"), "weibull")
    module, data = SimpleNamespace(build=lambda *_: None), {"n": np.array([3, 4])}
    one, other = Prior("normal", (0.0, 1.0), "one"), Prior("normal", (0.0, 2.0), "other")
    first, second, third = (
        fitter._compiled_model(job, module, data, {"x": prior}) for prior in (one, other, one.as_mixture())
    )
    assert first is second
    assert third is not first
    assert fitter._compiled_model(job, module, {"n": np.array([3, 4, 5])}, {"x": one}) is not first


def test_the_patient_whom_the_others_do_not_foresee_is_named_by_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five patients near the mean of the draws, and one at 20 SDs of the posterior from it."""
    draws = np.random.default_rng(1).normal(size=(4, 1000))
    values = np.array([0.1, -0.2, 0.0, 20.0, 0.2, -0.1])
    pointwise = -0.1 * (values - draws[..., None]) ** 2
    posterior = xr.Dataset({"x": (("chain", "draw"), draws)})
    monkeypatch.setattr(loo, "pointwise_log_likelihood", lambda *_: (posterior, pointwise))
    data = {"row": np.array([[2.0, 3.0, 4.0, 0.0], [5.0, 6.0, 7.0, 0.0]])}
    found = loo.leave_one_out(None, posterior, data)
    assert found.influential == (5,)
    assert found.pareto_k_max > 0.7
    assert found.patients == 6


@dataclass
class _Fits:
    """Gives fits that are known."""

    made: Any
    predictive: bool = True
    say: Callable[[str], None] = lambda text: None

    def fit(self, job: Any) -> Fit:
        return next(self.made)


def test_a_pooled_fit_is_of_all_its_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    def pooled(*keys: str) -> Fit:
        made = [replace(toy.fit(toy.FITS[3]), key=key, curve=None) for key in keys]
        job: Any = SimpleNamespace(
            members=[xr.Dataset(attrs={"available": 9})] * len(keys),
            plan=made[0].plan,
            evidence="km",
            family="weibull",
            model=SimpleNamespace(curve=None),
        )
        monkeypatch.setattr("mgbayes.inference.members.member_jobs", lambda job: job.members)
        return fit_members(_Fits(iter(made)), job)  # type: ignore[arg-type]

    one, other = pooled("a", "b"), pooled("a", "c")
    assert one.key != other.key
    assert one.pooled is not None
    assert (one.pooled.members, one.pooled.available) == (2, 9)
    assert one.contrasts.sizes["draw"] == 2 * toy.DRAWS
    assert one.evidence == "km"
