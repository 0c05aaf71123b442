"""What a model of times takes from a study: every way in which follow-up, events and times are printed."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.plan_file import load_plan, parse_plan
from mgbayes.models.priors import Prior
from mgbayes.models.time_evidence import Followup, followup_of, from_median_and_range, time_evidence
from mgbayes.study.load import load_study, parse_study
from mgbayes.study.schema import Study
from tests.known_models import priors_of, priors_text
from tests.oracles.arms_swapped import hold_mirrored, shorter, summaries, swapped

STUDY = """
schema_version = 1
id = "ward"
title = "Two ways of weaning"
citation = "invented"
question = "Do patients leave sooner?"
time_zero = "admission"
sources = [{{ id = "A", what = "invented" }}]
arms = [
  {{ id = "old", label = "Old", n = "{n[0]}", reference = true }},
  {{ id = "new", label = "New", n = "{n[1]}" }},
]

[[endpoints]]
id = "followup"
label = "follow-up"
kind = "continuous"
unit = "{followup_unit}"
role = "baseline"

[[endpoints]]
id = "home"
label = "discharged home"
kind = "binary"
benefit = "{better}"

[[endpoints]]
id = "time"
label = "time to discharge"
kind = "time_to_event"
unit = "{unit}"
benefit = "{time_better}"
event = "home"
times = "times"
{endpoint}

[[claims]]
id = "home"
what = "discharged home"
source = ["A"]
endpoint = "home"
summaries = [
  {{ group = "old", count = "{events[0]}", n = "{n[0]}" }},
  {{ group = "new", count = "{events[1]}", n = "{n[1]}" }},
]

[[claims]]
id = "times"
what = "days to discharge"
source = ["A"]
endpoint = "time"
summaries = [{times}]

[[claims]]
id = "length"
what = "length of follow-up"
source = ["A"]
endpoint = "followup"
summaries = [{followup}]
"""

PLAN = """
schema_version = 1
id = "discharge"
title = "Discharge: how soon"
question = "Do patients leave sooner?"
model = "{model}"
family = "{family}"
endpoints = [{{ endpoint = "time" }}]
horizons = [{horizon}]
restricted_to = {horizon}
cuts = [{cut}, {horizon}]
{more}

[sampling]
draws = 1500
tune = 600
target_accept = 0.95
"""

BY_ARM = '{ group = "old", mean = "30.0", sd = "14.0" }, { group = "new", mean = "21.0", sd = "12.0" }'
TOGETHER = '{ group = "all", mean = "26.0", sd = "13.5" }'


def study(**changes: Any) -> Study:
    """The invented study, with changes."""
    said = {
        "n": (20, 18),
        "events": (11, 13),
        "unit": "days",
        "better": "higher",
        "time_better": "lower",
        "endpoint": 'fixed_followup = "84"',
        "times": BY_ARM,
        "followup": '{ group = "all", mean = "84", sd = "0" }',
        "followup_unit": "days",
        **changes,
    }
    return parse_study(STUDY.format(**said), "ward.toml")


def plan(model: str = "cure", family: str = "lognormal", horizon: float = 84, more: str = "") -> Plan:
    """A plan for its times, weak priors about half the horizon."""
    shipped = priors_of("remission" if model == "cure" else "relapse")
    shipped = {name: prior for name, prior in shipped.items() if not name.startswith("covariate")}
    level = "log_mean_time" if model == "cure" else "log_scale"
    near = float(np.log(horizon / 2 if model == "cure" else horizon))
    priors = shipped | {level: Prior("normal", (near, 1.0), "a test")}
    text = PLAN.format(model=model, family=family, horizon=horizon, cut=horizon / 3, more=more)
    return parse_plan(text + priors_text(priors), "discharge.toml")


def test_follow_up_is_read_however_it_is_printed_in_the_unit_of_the_times() -> None:
    named = 'followup = "length"\nminimum_followup = "10"'
    assert followup_of(study(), plan()) == Followup(84, 84, 0)
    in_weeks = study(
        endpoint=named, followup_unit="weeks", followup='{ group = "all", mean = "20", sd = "4" }'
    )
    assert followup_of(in_weeks, plan()) == Followup(10, 140, 28)
    alike = study(endpoint=named, followup='{ group = "all", mean = "90", sd = "0" }')
    assert followup_of(alike, plan()) == Followup(90, 90, 0)


def test_follow_up_of_each_arm_is_pooled_as_the_patients_would_be() -> None:
    rng = np.random.default_rng(2)
    arms = [rng.gamma(4, 20, 20).round(2), rng.gamma(6, 20, 18).round(2)]
    rows = ", ".join(
        f'{{ group = "{name}", mean = "{arm.mean():.10f}", sd = "{arm.std(ddof=1):.10f}" }}'
        for name, arm in zip(("old", "new"), arms, strict=True)
    )
    found = followup_of(study(endpoint='followup = "length"', followup=rows), plan())
    every = np.concatenate(arms)
    assert found is not None
    assert (found.mean, found.sd) == pytest.approx((every.mean(), every.std(ddof=1)), rel=1e-8)


def test_a_median_and_range_give_the_gamma_that_has_them() -> None:
    shape, scale, low, n = 2.5, 30.0, 12.0, 38
    law = stats.gamma(shape, low, scale)
    found = from_median_and_range(law.median(), low, law.ppf(0.5 ** (1 / n)), n)
    assert found.minimum == low
    assert (found.mean, found.sd) == pytest.approx((law.mean(), law.std()), rel=1e-6)
    printed = '{ group = "all", median = "60", range = ["12", "240"] }'
    read = followup_of(study(endpoint='followup = "length"', followup=printed), plan())
    assert read == from_median_and_range(60, 12, 240, 38)


def test_unknown_follow_up_is_asked_for_and_may_be_assumed() -> None:
    unknown = study(endpoint="")
    with pytest.raises(NotPrinted, match="how long patients were followed"):
        time_evidence(unknown, plan())
    assumed = plan(more='followup = { mean = 100, sd = 20, why = "as in the registry" }')
    assert time_evidence(unknown, assumed).followup == Followup(0, 100, 20)


def test_a_waiting_time_is_taken_off_follow_up() -> None:
    waiting = study(endpoint='fixed_followup = "84"\nconfirmed_after = "28"')
    assert time_evidence(waiting, plan()).followup == Followup(56, 56, 0)
    with pytest.raises(NotPrinted, match="exceeds confirmed_after"):
        time_evidence(study(endpoint='fixed_followup = "84"\nconfirmed_after = "84"'), plan())


@pytest.mark.parametrize(
    ("times", "events", "timed", "summaries_of_times"),
    [
        (BY_ARM, (11, 13), [11, 13], 2),
        (TOGETHER, (11, 13), [11, 13], 1),
        (BY_ARM.split(", { group")[0], (11, 13), [11, 0], 2),  # one arm's times alone
        (BY_ARM, (0, 13), [0, 13], 2),
        (BY_ARM, (1, 0), [1, 0], 2),
        ('{ group = "all", count = "24", n = "38" }', (11, 13), [0, 0], 2),  # no times at all
    ],
)
def test_times_enter_where_they_are_printed(
    times: str, events: tuple[int, int], timed: list[int], summaries_of_times: int
) -> None:
    job = Job(study(times=times, events=events), plan(), "lognormal")
    data = job.model.from_study(job.study, job.plan)
    assert data["timed"].tolist() == timed
    assert data["events"].tolist() == list(events)
    assert len(data["time_mean"]) == summaries_of_times


CASES = {
    "cure, times of both arms together": ("cure", "lognormal", {"times": TOGETHER}),
    "hazards, times of each arm": ("proportional_hazards", "weibull", {}),
    "no event in one arm": ("proportional_hazards", "weibull", {"events": (0, 9)}),
    "counts alone": (
        "proportional_hazards",
        "weibull",
        {"times": '{ group = "all", count = "24", n = "38" }'},
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_any_print_of_times_is_fitted_and_mirrored(name: str) -> None:
    model, family, changes = CASES[name]
    one, asked = study(**changes), shorter(plan(model, family), 1500)
    fitter = Fitter(use_cache=False, predictive=False)
    hold_mirrored(summaries(fitter, one, asked, family), summaries(fitter, swapped(one), asked, family))


@pytest.mark.long
def test_no_latent_time_lies_beyond_a_fixed_follow_up() -> None:
    fit = Fitter(use_cache=False, predictive=False).fit(Job(study(), shorter(plan(), 2000), "lognormal"))
    assert fit.estimands, fit.diagnostics
    times = fit.posterior["latent_time"].to_numpy()
    assert times[..., 0, :11].max() < 84
    assert times[..., 1, :13].max() < 84
    np.testing.assert_allclose(times[..., 0, :11].mean(axis=-1), 30.0)


@pytest.mark.long
def test_days_or_weeks_are_the_same_posterior() -> None:
    in_days, weeks = study(), '{ group = "old", mean = "4.285714285714286", sd = "2" }, '
    weeks += '{ group = "new", mean = "3", sd = "1.714285714285714" }'
    in_weeks = study(unit="weeks", times=weeks, endpoint='fixed_followup = "12"')
    fitter = Fitter(use_cache=False, predictive=False)
    day = summaries(fitter, in_days, shorter(plan(horizon=84), 2000), "lognormal")
    week = summaries(fitter, in_weeks, shorter(plan(horizon=12), 2000), "lognormal")
    for name, row in day.items():
        other = week[name.replace("84", "12")]
        error = 3 * np.hypot(row.mcse_p_benefit or 0, other.mcse_p_benefit or 0)
        assert row.p_benefit == pytest.approx(other.p_benefit, abs=error), name
        scale = 7.0 if row.estimand.unit else 1.0
        spread = 4 * row.sd * np.sqrt(2 / min(row.ess_bulk, other.ess_bulk))
        assert row.mean == pytest.approx(scale * other.mean, abs=spread), name
    assert {row.estimand.unit for row in week.values()} == {"", "weeks"}


def test_the_standard_error_of_times_is_that_of_those_with_the_event() -> None:
    """With SE = SD / sqrt(events) in place of the SD, to ten digits, a model has the same evidence."""
    study, plan = load_study(), load_plan("remission")
    usual = time_evidence(study, plan)
    raw = study.model_dump(mode="json", exclude_none=True)
    (times,) = [row for row in raw["claims"] if row["id"] == study.endpoint("time_to_remission").times]
    events = dict(zip((study.reference.id, study.contrast.id), usual.events, strict=True))
    for row in times["summaries"]:
        row.pop("n", None)  # whose times they are follows from the events
        row["se"] = f"{float(row.pop('sd')) / np.sqrt(events[row['group']]):.10f}"
    by_error = time_evidence(Study.model_validate(raw), plan)
    assert by_error.events == usual.events
    np.testing.assert_allclose(by_error.times, usual.times, rtol=1e-9)
