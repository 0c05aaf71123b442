"""Cohorts with a chosen truth have it: large ones, held against the formulas of the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mgbayes
from mgbayes.errors import InputError
from mgbayes.simulation.truth import cohort_from_truth, event_free, load_truth
from mgbayes.study.schema import Study

N = 4000
TRUTH = f"""
schema_version = 1
patients = [{N}, {N}]
followup = {{ minimum = 365, mean = 1861, sd = 953.4 }}
[times.time_to_relapse]
model = "proportional_hazards"
family = "weibull"
parameters = {{ log_hazard_ratio = -0.7, log_scale = 7.5, shape = 0.8 }}
[times.time_to_remission]
model = "cure"
family = "lognormal"
parameters = {{ logit_ever = 1.0, log_odds_ratio = -0.5, log_mean_time = 6, log_time_ratio = -0.6, shape = 1 }}
[doses.prednisone]
visits = ["baseline", "12m", "last"]
mean = [[46.8, 11.8, 7.9], [30.9, 9.5, 2.8]]
sd = [[20.8, 15.3, 9.6], [24.9, 8.7, 3.8]]
correlation = [[0.3, 0.2, 0.5], [0.3, 0.2, 0.5]]
[yes_no]
pis_improved = [0.65, 0.75]
"""


@pytest.fixture(name="truth_file")
def _truth_file(tmp_path: Path) -> Path:
    path = tmp_path / "truth.toml"
    path.write_text(TRUTH, "utf-8")
    return path


def test_a_large_cohort_has_the_truth(study: Study, truth_file: Path) -> None:
    truth = load_truth(truth_file, study)
    cohort = cohort_from_truth(np.random.default_rng(1), study, truth)
    assert cohort.followup is not None
    arm = cohort.contrast.astype(int)
    assert (cohort.followup >= 365).all()
    assert abs(cohort.followup.mean() - 1861) < 4 * 953.4 / np.sqrt(2 * N) + 1
    assert cohort.followup.std() == pytest.approx(953.4, rel=0.05)
    for a in (0, 1):
        yes = cohort.values["pis_improved", None][arm == a].mean()
        assert abs(yes - (0.65, 0.75)[a]) < 4 * 0.5 / np.sqrt(N)
        true = truth.doses["prednisone"]
        for visit, mean, sd in zip(true.visits, true.mean[a], true.sd[a], strict=True):
            doses = cohort.values["prednisone", visit][arm == a]
            assert (doses > 0).all()
            assert abs(doses.mean() - mean) < 4 * sd / np.sqrt(N) + 0.05


def test_chances_of_no_event_are_those_of_the_formulas(study: Study, truth_file: Path) -> None:
    """Among those followed beyond a day, the share without the event by then."""
    truth = load_truth(truth_file, study)
    cohort = cohort_from_truth(np.random.default_rng(2), study, truth)
    assert cohort.followup is not None
    pi = 1 / (1 + np.exp(-(1.0 + np.array([0.25, -0.25]))))
    weibull = lambda day, a: np.exp(-np.exp(-0.7 * (a - 0.5)) * (day / np.exp(7.5)) ** 0.8)  # noqa: E731
    for a in (0, 1):
        for day in (200.0, 365.0, 800.0):
            mine = (cohort.contrast == a) & (cohort.followup > day)
            free = {name: 1 - (times.day[mine] <= day).mean() for name, times in cohort.times.items()}
            error = 4 * 0.5 / np.sqrt(mine.sum())
            assert abs(free["time_to_relapse"] - weibull(day, a)) < error
            assert free["time_to_remission"] > 1 - pi[a] - error


def test_a_log_normal_that_never_comes_levels_off(study: Study, truth_file: Path) -> None:
    free = event_free(load_truth(truth_file, study).times["time_to_remission"])
    pi = 1 / (1 + np.exp(-(1.0 + np.array([0.25, -0.25]))))
    assert free[:, -1] == pytest.approx(1 - pi, abs=1e-3)


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another(study: Study, truth_file: Path) -> None:
    truth_file.write_text(TRUTH.replace(f"[{N}, {N}]", "[17, 16]"), "utf-8")
    one, same, other = (mgbayes.simulate(study, members=2, seed=seed, truth=truth_file) for seed in (1, 1, 2))
    assert one == same
    assert one[0].columns != one[1].columns
    assert one[0].columns != other[0].columns


def test_every_fault_of_a_truth_file_is_told(study: Study, truth_file: Path) -> None:
    text = TRUTH.replace("pis_improved", "pis_worse").replace("log_scale = 7.5, shape = 0.8", "shape = -1")
    truth_file.write_text(text.replace("mean = 1861", "mean = 200"), "utf-8")
    with pytest.raises(InputError) as caught:
        load_truth(truth_file, study)
    places = [problem.place for problem in caught.value.problems]
    assert any("pis_worse" in place for place in places)
    assert any(place.endswith("parameters") for place in places)
    assert any(place.endswith("shape") for place in places)
    assert "followup → mean" in places
