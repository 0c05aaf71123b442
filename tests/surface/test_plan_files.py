"""A plan that asks for what its model does not have is refused before anything is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgbayes.errors import InputError
from mgbayes.models.plan_file import load_plan, parse_plan, shipped_plans
from mgbayes.planning.toml_text import plan_text
from tests.conftest import ROOT, run_cli

TEXT = (ROOT / "models" / "binary.toml").read_text("utf-8")

MISTAKES = {
    "a wrong key": (
        'title = "Yes/no outcomes"',
        'titel = "Yes/no outcomes"',
        ["titel", "did you mean 'title'"],
    ),
    "an unknown model": ('model = "binary"', 'model = "ternary"', ["'ternary'", "one of "]),
    "an unknown family": ('family = "independent"', 'family = "cauchy"', ["'cauchy'", "hierarchical"]),
    "an unknown parameter": (
        "[priors.level]",
        "[priors.sigma]",
        ["'sigma'", "level", "log_odds_ratio_pis_mm"],
    ),
    "an impossible prior": (
        "values = [1.0, 1.0]",
        "values = [-1.0, 1.0]",
        ["priors → p", "beta cannot have"],
    ),
    "too many numbers": ("values = [1.0, 1.0]", "values = [1.0]", ["priors → p", "beta takes 2"]),
    "another form": ('form = "beta"', 'form = "normal"', ["p", "'beta', the form of p"]),
    "an unknown form": ('form = "beta"', 'form = "cauchy"', ["p", "'cauchy'"]),
    "no reason": ('why = "Midway', 'wy = "Midway', ["wy", "why"]),
    "one chain": ("chains = 4", "chains = 1", ["chains", "1"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_named(name: str) -> None:
    before, after, said = MISTAKES[name]
    assert before in TEXT
    with pytest.raises(InputError) as error:
        parse_plan(TEXT.replace(before, after, 1), "mine.toml")
    for part in said:
        assert part in str(error.value)


def test_a_wrong_plan_stops_the_command_before_anything_is_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(TEXT.replace("values = [1.0, 1.0]", "values = [-1.0, 1.0]"), "utf-8")
    run = run_cli("reanalyze", "--plan", bad, "--out", tmp_path / "out")
    assert run.code == 2
    assert str(bad) in run.err
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()


def test_every_shipped_plan_loads_by_its_id() -> None:
    plans = shipped_plans()
    assert {plan.id for plan in plans} == {path.stem for path in (ROOT / "models").glob("*.toml")}
    for plan in plans:
        assert load_plan(plan.id) == plan


def test_patients_may_be_drawn_with_larger_steps_than_the_print() -> None:
    plan = load_plan("remission")
    assert plan.sampling_of("gamma", patients=False) == plan.sampling
    assert plan.sampling_of("gamma", patients=True).target_accept == plan.patients.target_accept == 0.9
    same = load_plan("relapse")
    assert same.sampling_of("weibull", patients=True) == same.sampling


def test_a_family_may_have_steps_of_its_own() -> None:
    plan = load_plan("prednisone")
    others = plan.sampling.model_copy(update={"families": {}})
    assert plan.sampling_of("normal", patients=False) == others
    assert parse_plan(plan_text(plan), "again.toml") == plan
    wrong = plan_text(plan).replace("softplus_normal = {", "softplus = {")
    with pytest.raises(InputError, match="sampling → families: given 'softplus'"):
        parse_plan(wrong, "wrong.toml")
    own = {"draws": 2500, "tune": 2000, "target_accept": 0.9925}
    assert plan.sampling_of("softplus_normal", patients=False) == others.model_copy(update=own)
