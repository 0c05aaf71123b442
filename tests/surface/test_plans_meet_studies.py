"""A plan that its study contradicts, or that names what is not there, is refused before anything is fitted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgbayes.errors import InputError
from mgbayes.inference.job import jobs_of
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan, parse_plan, shipped_plans
from mgbayes.planning.check import checked_jobs, plan_problems
from mgbayes.planning.toml_text import plan_text
from mgbayes.starter import init, starter_plan
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from tests.conftest import run_cli


@pytest.fixture(scope="module", name="starter")
def _starter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study, Plan]:
    folder = tmp_path_factory.mktemp("mine")
    init(folder)
    return (
        folder,
        load_study(folder / "study.toml"),
        parse_plan((folder / "plan.toml").read_text(), "plan.toml"),
    )


def _refused(study: Study, plan: Plan) -> str:
    with pytest.raises(InputError) as error:
        checked_jobs(study, [plan], lambda row: jobs_of(study, row))
    assert error.value.exit_code == 2
    return str(error.value)


def _changed(plan: Plan, **changes: object) -> Plan:
    return Plan.model_validate(plan.model_dump() | changes)


MISSPELT: dict[str, tuple[dict[str, object], list[str]]] = {
    "endpoint": (
        {"endpoints": [{"endpoint": "walk_alone"}]},
        ["endpoints[1]", "'walk_alone'", "did you mean 'walks_alone'?"],
    ),
    "visit": (
        {"endpoints": [{"endpoint": "fall", "visit": "12weeks"}]},
        ["endpoints[1] → visit", "'12weeks'", "did you mean '12w'?"],
    ),
    "baseline": ({"baseline": "12w"}, ["baseline", "'12w'", "name no visit"]),
    "headline": (
        {"headline": ["odds_ratio_wals_alone"]},
        ["headline[1]", "did you mean 'odds_ratio_walks_alone'?"],
    ),
    "important": (
        {"important": [{"estimand": "odd_ratio_fall", "threshold": 0.8}]},
        ["important[1] → estimand", "did you mean 'odds_ratio_fall'?"],
    ),
    "claim of important": (
        {"important": [{"estimand": "odds_ratio_fall", "threshold": 0.8, "claim": "fall.12v"}]},
        ["important[1] → claim", "did you mean 'fall.12w'?"],
    ),
    "decision": ({"decision": {"estimand": "hazard_ratio"}}, ["decision → estimand", "'hazard_ratio'"]),
    "printed p of nothing": (
        {"printed_p": [{"claim": "wals_alone.12w", "test": "t", "statistic": "t"}]},
        ["printed_p[1] → claim", "did you mean 'walks_alone.12w'?"],
    ),
    "printed p of a claim without one": (
        {"printed_p": [{"claim": "fall.12w", "test": "t", "statistic": "t"}]},
        ["printed_p[1] → claim", "reports no p value", "one of walks_alone.12w"],
    ),
    "printed p of a model without": (
        {"printed_p": [{"claim": "walks_alone.12w", "test": "t", "statistic": "t"}]},
        ["printed_p[1] → statistic", "'t'", "the model binary takes no p value"],
    ),
    "a threshold on the side of harm": (
        {"important": [{"estimand": "odds_ratio_walks_alone", "threshold": 0.8}]},
        ["important[1] → threshold", "above 1, the side of benefit"],
    ),
    "a threshold of harm as one of benefit": (
        {"important": [{"estimand": "odds_ratio_fall", "threshold": 1.25}]},
        ["important[1] → threshold", "below 1, the side of benefit"],
    ),
    "an effect that is expected on the side of harm": (
        {
            "sensitivity": [
                {
                    "effect": "log_odds_ratio_fall",
                    "estimand": "odds_ratio_fall",
                    "expected": 1.5,
                    "why": "a test",
                }
            ]
        },
        ["sensitivity[1] → expected", "below 1, the side of benefit"],
    ),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_each_is_named_with_what_is_near(starter: tuple[Path, Study, Plan], name: str) -> None:
    _, study, plan = starter
    changes, said = MISSPELT[name]
    message = _refused(study, _changed(plan, **changes))
    for part in ["my_study with plan yes_no", *said]:
        assert part in message


REPORTED_P: dict[str, tuple[str, dict[str, str | None], list[str]]] = {
    "an unknown statistic": (
        "remission",
        {"statistic": "log_rank"},
        ["statistic", "did you mean 'logrank'?"],
    ),
    "a claim of another outcome": ("remission", {"claim": "relapse.time"}, ["claim", "of another endpoint"]),
    "an arm of a comparison": ("remission", {"arm": "achr"}, ["arm", "'achr'", "compares the arms"]),
    "a visit that is the first": (
        "prednisone",
        {"statistic": "paired_baseline"},
        ["one of paired_12m, paired_last"],
    ),
    "an unknown arm": ("prednisone", {"arm": "arch"}, ["arm", "did you mean 'achr'?"]),
    "no arm": ("prednisone", {"arm": None}, ["arm", "given nothing", "one of achr, musk"]),
}


@pytest.mark.parametrize("name", REPORTED_P)
def test_a_reported_p_that_the_model_cannot_take_is_refused(study: Study, name: str) -> None:
    shipped, changes, said = REPORTED_P[name]
    plan = load_plan(shipped)
    first, *others = plan.model_dump()["printed_p"]
    message = _refused(study, _changed(plan, printed_p=[first | changes, *others]))
    assert len(message.splitlines()) == 2
    for part in ["printed_p[1] → ", *said]:
        assert part in message


def test_all_problems_are_told_in_one_pass(starter: tuple[Path, Study, Plan]) -> None:
    _, study, plan = starter
    wrong = _changed(
        plan,
        headline=["odds_ratio_wals_alone"],
        important=[{"estimand": "odds_ratio_fall", "threshold": 1.25, "claim": "fal.12w"}],
        decision={"estimand": "odds_ratio_fal"},
        baseline="12w",
    )
    with pytest.raises(InputError) as error:
        checked_jobs(study, [wrong, plan], lambda row: jobs_of(study, row))
    assert len(error.value.problems) == 5


def test_the_plan_that_init_writes_is_of_its_study_and_has_no_problem(
    starter: tuple[Path, Study, Plan],
) -> None:
    _, study, plan = starter
    assert plan.study == study.id
    assert plan == starter_plan()
    assert checked_jobs(study, [plan], lambda row: jobs_of(study, row))


def test_times_beyond_the_end_of_follow_up_are_refused(starter: tuple[Path, Study, Plan]) -> None:
    _, study, plan = starter
    late = _changed(
        plan,
        endpoints=[{"endpoint": "time_to_fall"}],
        horizons=[42, 84, 85],
        restricted_to=100,
        followup={"mean": 80, "sd": 4, "why": "a guess"},
    )
    problems = {row.place: str(row) for row in plan_problems(study, late)}
    assert set(problems) == {"horizons[3]", "restricted_to", "followup"}
    assert "at most 84 days" in problems["horizons[3]"]


def test_a_follow_up_that_is_printed_need_not_be_assumed(
    starter: tuple[Path, Study, Plan], study: Study
) -> None:
    guess = {"mean": 80, "sd": 4, "why": "a guess"}
    (fixed,) = plan_problems(
        starter[1], _changed(starter[2], endpoints=[{"endpoint": "time_to_fall"}], followup=guess)
    )
    assert str(fixed).endswith("the study reports that of time_to_fall, 84 days for everyone")
    (printed,) = plan_problems(study, _changed(load_plan("relapse"), followup=guess))
    assert "the study reports that of time_to_relapse, 1861 ± 953.4 days" in str(printed)


def test_shipped_plans_are_of_the_embedded_study_and_refused_on_another(
    starter: tuple[Path, Study, Plan], study: Study
) -> None:
    _, other, _ = starter
    for plan in shipped_plans():
        assert plan_problems(study, plan) == []
        message = _refused(other, plan)
        assert "given 'litchman2020'" in message
        assert "`mgbayes plan` writes plans of my_study" in message


@pytest.mark.parametrize("command", ["reanalyze", "sensitivity"])
def test_the_commands_refuse_a_shipped_plan_on_another_study_and_write_nothing(
    starter: tuple[Path, Study, Plan], tmp_path: Path, command: str
) -> None:
    run = run_cli(command, starter[0] / "study.toml", "--plan", "binary", "--out", tmp_path / "out")
    assert (run.code, run.out) == (2, "")
    assert "given 'litchman2020'" in run.err
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()


def test_endpoints_that_happen_to_have_the_embedded_names_get_no_embedded_priors(
    starter: tuple[Path, Study, Plan], tmp_path: Path
) -> None:
    text = (starter[0] / "study.toml").read_text("utf-8").split("[patients]")[0]
    text = text.replace("walks_alone", "remission").replace('"fall"', '"relapse"')
    path = tmp_path / "study.toml"
    path.write_text(text, "utf-8")
    from mgbayes.planning.choose import plans_of

    assert all(plan.study == "my_study" for plan in plans_of(load_study(path)).plans)


@pytest.mark.parametrize("plan", shipped_plans(), ids=lambda plan: plan.id)
def test_a_written_plan_reads_as_the_same_plan(plan: Plan) -> None:
    assert parse_plan(plan_text(plan), "written.toml") == plan


def test_every_key_of_a_plan_survives_being_written() -> None:
    plan = _changed(
        load_plan("binary"),
        title='Quotes "and" \\ back\nslashes \t tab → é',
        baseline="before",
        horizons=[0.5, 1e-7, 123456789.0],
        restricted_to=2.5,
        followup={"mean": 2.0, "sd": 0.5, "why": "assumed"},
        confounding={
            "estimand": "odds_ratio_pis_mm",
            "confounder": {
                "prevalence_reference": [2, 8],
                "prevalence_contrast": [4, 6],
                "log_ratio": {"mean": 0.7, "sd": 0.2},
            },
            "why": "one",
        },
        patients={"target_accept": 0.8},
        sensitivity=[
            {
                "effect": "log_odds_ratio_pis_mm",
                "estimand": "odds_ratio_pis_mm",
                "expected": 2.0,
                "why": "so",
                "priors": [
                    {
                        "name": n,
                        "form": "student_t_mixture",
                        "values": [1, 0, 1, float("inf"), 0, 0, 1, 3],
                        "why": n,
                    }
                    for n in ("one", "two")
                ],
            }
        ],
    )
    assert parse_plan(plan_text(plan), "written.toml") == plan


def test_the_schema_of_a_plan_describes_every_key_and_model() -> None:
    schema = json.loads(run_cli("schema", "--plan").out)
    assert set(schema["properties"]) == set(Plan.model_fields)
    assert set(schema["models"]) == set(schema["properties"]["model"]["enum"])
    example = run_cli("schema", "--plan", "--example").out
    assert parse_plan(example, "example") == starter_plan()
