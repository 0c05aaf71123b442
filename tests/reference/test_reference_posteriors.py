"""The reference posteriors are what they say: format, posteriordb's criteria on the stored draws, and refits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.reference.cases import CASES, FOLDER, Case
from tests.reference.columns import (
    CHAINS,
    DRAWS,
    LARGEST,
    Estimate,
    apart,
    checks,
    estimates,
    sampled,
    weighted_estimates,
    within,
)
from tests.reference.database import (
    draws_file,
    info_file,
    read_draws,
    read_model,
    read_zipped,
    run_text,
    summary_file,
)
from tests.reference.run import refitted

MADE = [case for case in CASES if draws_file(case.name).exists()]
REFITTED = ("births-counts_poisson", "effects_only-reported_odds_ratio")
EACH = pytest.mark.parametrize("case", MADE, ids=lambda case: case.name)
LARGEST_FOLDER = 6_000_000


def _read(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))


def test_every_posterior_is_there_and_all_are_small() -> None:
    assert [case.name for case in MADE] == [case.name for case in CASES]
    assert sorted(path.stem for path in (FOLDER / "posteriors").iterdir()) == sorted(
        case.name for case in CASES
    )
    assert {path.name.split(".")[0] for path in (FOLDER / "data" / "data").iterdir()} == {
        c.data for c in CASES
    }
    assert {path.stem for path in (FOLDER / "models" / "pymc").iterdir()} == {case.model for case in CASES}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < LARGEST_FOLDER


@EACH
def test_the_files_have_the_keys_of_posteriordb(case: Case) -> None:
    posterior = _read(FOLDER / "posteriors" / f"{case.name}.json")
    assert (posterior["data_name"], posterior["model_name"]) == (case.data, case.model)
    assert posterior["reference_posterior_name"] == posterior["name"] == case.name
    data = _read(FOLDER / "data" / "info" / f"{case.data}.info.json")
    assert (FOLDER / f"{data['data_file']}.zip").exists()
    model = _read(FOLDER / "models" / "info" / f"{case.model}.info.json")
    assert (FOLDER / model["model_implementations"]["pymc"]["model_code"]).exists()
    info = _read(info_file(case.name))
    keys = [
        "name",
        "inference",
        "diagnostics",
        "checks_made",
        "comments",
        "versions",
        "added_by",
        "added_date",
    ]
    assert list(info) == keys
    names = info["diagnostics"]["diagnostic_information"]["names"]
    assert list(posterior["dimensions"]) == names == list(read_draws(case.name))
    assert len(info["diagnostics"]["divergent_transitions"]) == CHAINS


@EACH
def test_the_stored_draws_meet_the_criteria_and_have_the_stored_means(case: Case) -> None:
    columns, info = read_draws(case.name), _read(info_file(case.name))
    known, found = info["diagnostics"], sampled(columns)
    assert known["ndraws"] == CHAINS * DRAWS
    divergent, e_fmi = (
        sum(known["divergent_transitions"]),
        min(known["expected_fraction_of_missing_information"]),
    )
    assert (
        checks(columns, found, divergent, e_fmi)
        == info["checks_made"]
        == dict.fromkeys(info["checks_made"], True)
    )
    for stored, again in (
        ("effective_sample_size_bulk", found.bulk),
        ("effective_sample_size_tail", found.tail),
        ("r_hat", found.r_hat),
    ):
        np.testing.assert_allclose(known[stored], list(again.values()), rtol=1e-6)
    for statistic, of in (("mean", np.mean), ("sd", lambda x: np.std(x, ddof=1))):
        summary = _read(summary_file(case.name, statistic))
        assert summary["names"] == list(columns)
        np.testing.assert_allclose(summary[statistic], [of(x) for x in columns.values()], rtol=1e-9)


@EACH
def test_data_and_model_are_those_of_a_fit(case: Case) -> None:
    job = case.job()
    stored = read_zipped(FOLDER / "data" / "data" / f"{case.data}.json.zip")
    data = job.data
    assert stored.keys() == data.keys()
    for name, values in data.items():
        # JSON keeps no shape of an array without entries.
        np.testing.assert_array_equal(np.reshape(stored[name], np.shape(values)), values)
    text = run_text(case)
    assert (text["FAMILY"], text["OUTCOME"]) == (case.family, job.model)
    assert text["PRIORS"] == job.plan.prior_set(case.family, case.adjusted)


@pytest.mark.long
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in REFITTED], ids=lambda case: case.name
)
def test_a_refit_agrees(case: Case) -> None:
    model, data = read_model(case)
    job = case.job()
    ours = job.model.build(job.data, case.family, job.plan.prior_set(case.family, case.adjusted))
    start = ours.initial_point()
    assert model(data).compile_logp()(start) == pytest.approx(float(ours.compile_logp()(start)), rel=1e-12)
    distance = refitted(case)
    assert within(distance, len(distance))


def test_chance_is_allowed_for_by_how_much_is_compared() -> None:
    """In 2 000 sets of 50 normal distances about 1 % are beyond it, within four errors; alone, beyond 2.58."""
    rng = np.random.default_rng(4)
    sets = np.abs(rng.standard_normal((2000, 50)))
    beyond = sum(not within({("x", str(i)): value for i, value in enumerate(row)}, 50) for row in sets)
    assert abs(beyond / 2000 - 0.01) < 4 * np.sqrt(0.01 / 2000)
    assert within({("x", "mean"): 2.57}, 1)
    assert not within({("x", "mean"): 2.58}, 1)


def test_criteria_and_distances_tell_good_draws_from_bad() -> None:
    rng = np.random.default_rng(2)
    good = {"x": rng.standard_normal((CHAINS, DRAWS))}
    repeated = {"x": np.repeat(rng.standard_normal((CHAINS, DRAWS // 2)), 2, axis=1)}
    moved = {"x": good["x"] + np.arange(CHAINS)[:, None] / 10}
    short = {"x": good["x"][:, ::2]}

    def missed(columns: dict[str, np.ndarray], divergent: int = 0, e_fmi: float = 1.0) -> set[str]:
        return {
            name for name, holds in checks(columns, sampled(columns), divergent, e_fmi).items() if not holds
        }

    assert missed(good) == set()
    assert "ess_within_bounds" in missed(repeated)
    assert "r_hat_below_1_01" in missed(moved)
    assert "ndraws_is_10k" in missed(short)
    assert missed(good, divergent=1) == {"no_divergent_transitions"}
    assert missed(good, e_fmi=0.19) == {"efmi_above_0_2"}

    n = CHAINS * DRAWS
    known = {("x", "mean"): Estimate(0.0, 0.0), ("x", "sd"): Estimate(1.0, 0.0)}
    assert max(apart(estimates(good), known).values()) < LARGEST
    assert apart(estimates({"x": good["x"] + 0.05}), known)["x", "mean"] == pytest.approx(
        0.05 * n**0.5, rel=0.3
    )
    # Uniform draws with weights of a standard normal over (-6, 6); 40 batches know an error to 11 %.
    x = rng.uniform(-6, 6, (1, 40_000))
    weighted = weighted_estimates({"x": x}, np.exp(-(x**2) / 2))
    assert max(apart(weighted, known).values()) < LARGEST
    # Var = ∫ x² φ(x)² / q dx over n with q = 1/12: 12 / (4 √π) / n.
    assert weighted["x", "mean"].error == pytest.approx((12 / (4 * np.pi**0.5) / 40_000) ** 0.5, rel=0.35)
