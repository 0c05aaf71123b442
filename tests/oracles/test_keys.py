"""Keys of the cache: what changes a result changes its key, one thing at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgbayes import cache
from mgbayes.calibrate.kept import KeptReplicates
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.inference.store import fit_key
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.robustness import cell, confounding, power_scaling, tipping
from mgbayes.robustness.settings import Setting, settings, with_choices
from mgbayes.study import Study, load_study

RELAPSE, REMISSION = load_plan("relapse"), load_plan("remission")


def _with_sampling(plan: Plan, **changed: Any) -> Plan:
    return plan.model_copy(update={"sampling": plan.sampling.model_copy(update=changed)})


def _with_claim(study: Study, claim: str, **changed: Any) -> Study:
    claims = tuple(row.model_copy(update=changed) if row.id == claim else row for row in study.claims)
    return study.model_copy(update={"claims": claims})


def _jobs() -> dict[str, Job]:
    study = load_study()
    base = Job(study, RELAPSE, "weibull")
    given = replace(base, printed_p=RELAPSE.printed_p)
    followup = str(study.endpoint(RELAPSE.endpoints[0].endpoint).followup)
    longer = tuple(row.model_copy(update={"mean": "1862"}) for row in study.claim(followup).summaries)
    wider = {"log_hazard_ratio": Prior("normal", (0.0, 2.0), "wider")}
    as_mixture = {"log_hazard_ratio": Prior("normal", (0.0, 1.0), "the same").as_mixture()}
    return {
        "as it is": base,
        "another family": replace(base, family="piecewise_exponential"),
        "other numbers of a prior": replace(base, plan=with_choices(RELAPSE, wider)),
        "another form of a prior": replace(base, plan=with_choices(RELAPSE, as_mixture)),
        "another seed": replace(base, plan=_with_sampling(RELAPSE, seed=7)),
        "another target": replace(base, plan=_with_sampling(RELAPSE, target_accept=0.99)),
        "more draws": replace(base, plan=_with_sampling(RELAPSE, draws=4321)),
        "another follow-up": replace(base, study=_with_claim(study, followup, summaries=longer)),
        "chains that start elsewhere": replace(base, start=with_choices(RELAPSE, wider)),
        "a reported p": given,
        "another reported p": replace(given, study=_with_claim(study, RELAPSE.printed_p[0].claim, p="0.31")),
        "the p of another test": replace(
            given,
            printed_p=tuple(
                use.model_copy(update={"statistic": "mann_whitney"}) for use in RELAPSE.printed_p
            ),
        ),
    }


def test_every_change_of_a_fit_is_another_key() -> None:
    fitter = Fitter(use_cache=False)
    keys = {name: fitter.key(job) for name, job in _jobs().items()}
    assert len(set(keys.values())) == len(keys)
    assert {name: fitter.key(job) for name, job in _jobs().items()} == keys


def test_other_data_are_another_key() -> None:
    one = partial(fit_key, {"seed": 1})
    assert one({"x": np.array([1.0, 2.0])}) == one({"x": np.array([1.0, 2.0])})
    keys = {one({"x": np.array(x)}) for x in ([1.0, 2.0], [2.0, 1.0], [1.0, 2.0 + 1e-12], [1.0])}
    assert len(keys | {one({"y": np.array([1.0, 2.0])})}) == 5


@pytest.mark.parametrize("library", ["pymc", "pytensor", "nutpie", "numba", "numpy", "scipy"])
def test_another_version_of_what_draws_is_another_key(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        return "0.0.1" if name == library else metadata.version(name)

    before = fit_key({}, {})
    monkeypatch.setattr(cache, "version", version)
    cache.versions.cache_clear()
    after = fit_key({}, {})
    monkeypatch.undo()
    cache.versions.cache_clear()
    assert after != before
    assert fit_key({}, {}) == before


@pytest.fixture(name="package", scope="module")
def _package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the sources, in which they can be changed."""
    copy = tmp_path_factory.mktemp("copy") / "mgbayes"
    shutil.copytree(cache.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "PACKAGE", copy)
        cache.source_hash.cache_clear()
        yield copy
    cache.source_hash.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "models/counts.py",
        "latent/root.py",
        "inference/arrow.py",
        "inference/printed_p.py",
        "inference/run.py",
        "inference/sample.py",
        "study/rounding.py",
        "study/statistics/p_value.py",
    ],
)
def test_another_character_of_what_draws_and_conditions_is_another_key(package: Path, file: str) -> None:
    before, place = fit_key({}, {}), package / file
    text = place.read_text("utf-8")
    place.write_text(text.replace("import", "improt", 1), "utf-8")  # as long as before
    cache.source_hash.cache_clear()
    after = fit_key({}, {})
    place.write_text(text, "utf-8")
    cache.source_hash.cache_clear()
    assert after != before
    assert fit_key({}, {}) == before


def _settings() -> tuple[Setting, ...]:
    return settings(load_study(), REMISSION)


KEYS: dict[str, Callable[[Fitter, Setting], str]] = {
    "cells": cell.FROM_REPORTS.key,
    "powers": power_scaling.POWERS.key,
    "confounding": confounding.CONFOUNDING.key,
    "tipping": tipping.REFITS.key,
}


def test_every_cell_of_a_grid_has_a_key_of_its_own() -> None:
    fitter = Fitter(use_cache=False)
    grid = [row for row in _settings() if not row.printed_p]
    assert len({row.varied.estimand for row in grid}) > 1
    keys = [cell.cell_key(fitter, row) for row in grid]
    assert len(set(keys)) == len(grid)


def test_the_key_of_a_cell_knows_estimand_misprint_and_size() -> None:
    """Where two settings share their fits these alone set them apart."""
    fitter = Fitter(use_cache=False)
    base = next(row for row in _settings() if row.is_base)
    other = base.varied.model_copy(update={"estimand": "risk_difference_730"})
    more = base.study.model_copy(update={"arms": (*base.study.arms, base.study.arms[0])})
    changed = (
        replace(base, varied=other),
        replace(base, alternative="slip"),
        replace(base, alternative="another slip"),
        replace(base, study=more),
    )
    assert len({cell.cell_key(fitter, row) for row in (base, *changed)}) == 5


@pytest.mark.parametrize("kind", KEYS)
def test_what_starts_from_another_fit_is_another_key(kind: str) -> None:
    fitter = Fitter(use_cache=False)
    base = next(row for row in _settings() if row.is_base)
    other = replace(base, plan=_with_sampling(base.plan, seed=7))
    assert KEYS[kind](fitter, other) != KEYS[kind](fitter, base)


def test_another_prior_of_the_bias_is_another_key() -> None:
    fitter = Fitter(use_cache=False)
    base = next(row for row in _settings() if row.is_base)
    found = set()
    for mean in (0.1, 0.2):
        bias = {"estimand": base.varied.estimand, "bias": {"mean": mean, "sd": 0.3}, "why": "A toy."}
        plan = Plan.model_validate(base.plan.model_dump() | {"confounding": bias})
        found.add(confounding.CONFOUNDING.key(fitter, replace(base, plan=plan)))
    assert len(found) == 2


def test_replicates_of_a_calibration_are_of_its_priors_data_and_settings() -> None:
    normal, data = Prior("normal", (0.0, 1.0), "one"), {"n": np.array([3, 4])}
    keep = partial(KeptReplicates.of, family="poisson", seed=1)
    folders = {
        keep({"x": normal}, data).folder,
        keep({"x": Prior("normal", (0.0, 2.0), "another")}, data).folder,
        keep({"x": normal}, {"n": np.array([3, 5])}).folder,
        KeptReplicates.of({"x": normal}, data, family="poisson", seed=2).folder,
    }
    assert len(folders) == 4
    assert keep({"x": replace(normal, why="other words")}, data).folder in folders
