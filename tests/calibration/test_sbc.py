import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mgbayes.calibrate import sbc
from mgbayes.calibrate.kept import KeptReplicates
from mgbayes.models.priors import Prior
from tests.calibration import conjugate_toy


def toy(refit, replicates=300, seed=1, draws=200, **options):
    return sbc.calibrate(
        conjugate_toy,
        "normal",
        conjugate_toy.PRIORS,
        conjugate_toy.TEMPLATE,
        replicates,
        seed,
        draws=draws,
        compile_refit=refit,
        **options,
    )


@pytest.fixture(scope="module")
def right():
    return toy(partial(conjugate_toy.exact, 0, 1))


def test_right_posterior_is_calibrated(right):
    assert right.calibrated()
    assert (right.failed, right.errors, right.replicates) == (0, 0, 300)


@pytest.mark.parametrize(("shift", "stretch"), [(0.4, 1), (-0.4, 1), (0, 0.7), (0, 1.5)])
def test_wrong_posterior_is_found(shift: float, stretch: float):
    # At 300 replicates a shift of 0.4 SD moves the mean rank by 0.11 of its range: 6 errors.
    result = toy(partial(conjugate_toy.exact, shift, stretch))
    assert not result.calibrated()
    assert result.failed == 0
    assert result.ecdf_p()["theta"] < 0.001


@pytest.mark.long
def test_right_posterior_by_nutpie_is_calibrated():
    result = toy(None, replicates=100, draws=500)
    assert result.calibrated()
    assert result.errors == 0


def test_an_interrupted_calibration_goes_on_where_it_stopped(right, tmp_path: Path):
    made = []

    def refit_but_stop(after):
        def compiled(model, draws, chains):
            fit = conjugate_toy.exact(0, 1, model, draws, chains)

            def refit(data, seed, *, careful=False):
                if len(made) == after:
                    raise KeyboardInterrupt
                made.append(seed)
                return fit(data, seed, careful=careful)

            return refit

        return compiled

    kept = KeptReplicates(tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        toy(refit_but_stop(120), kept=kept)
    assert kept.count(300) == 120
    (tmp_path / "kept" / "7.json").write_text("half of a fi", "utf-8")
    resumed = toy(refit_but_stop(None), kept=kept)
    assert len(made) == 301  # 120, the other 180, and the one that cannot be read
    assert resumed == right

    def refuse(model, draws, chains):
        raise AssertionError("nothing is left to be compiled")

    assert toy(refuse, kept=kept) == right


def test_another_prior_is_another_calibration():
    key = partial(KeptReplicates.of, data=conjugate_toy.TEMPLATE, family="normal")
    one, other = (Prior("normal", (0.0, sd), "") for sd in (1.0, 2.0))
    assert key(priors={"a": one}) == key(priors={"a": one})
    assert key(priors={"a": one}) != key(priors={"a": other})


def test_troubled_fits_are_counted_with_their_reason():
    result = toy(conjugate_toy.troubled)
    diverged = sum(problem == "3 divergences" for problem in result.problems)
    broken = sum("FloatingPointError: bad initial energy" in p for p in result.problems)
    assert diverged > 0
    assert broken > 0
    assert result.failed == diverged + broken
    assert result.errors == broken
    assert len(result.ranks["theta"]) == 300 - broken  # diverged fits keep their ranks
    assert not result.calibrated()


def test_a_doubtful_fit_is_made_once_more_with_smaller_steps(right):
    result = toy(conjugate_toy.troubled_once)
    assert result.failed == 0
    assert result.ranks == right.ranks


@pytest.mark.long
def test_result_does_not_depend_on_jobs(right):
    assert toy(partial(conjugate_toy.exact, 0, 1), jobs=3).ranks == right.ranks


def test_p_values_are_uniform_for_uniform_ranks():
    rng = np.random.default_rng(3)
    ranks = rng.integers(0, sbc.LEVELS + 1, (200, 300))
    for p in (sbc.chi_square_p, partial(sbc.ecdf_p, simulations=1000)):
        values = [p(r, sbc.LEVELS) for r in ranks]
        # Uniform p: the share below 0.1 has SD 0.021.
        assert abs(np.mean(np.array(values) < 0.1) - 0.1) < 4 * 0.021
        assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_ties_are_split_at_random():
    rng = np.random.default_rng(0)
    ranks = [sbc.rank(rng, 0.0, np.zeros((4, 100))) for _ in range(500)]
    assert sbc.chi_square_p(np.array(ranks), sbc.LEVELS) > 1e-3


@pytest.mark.parametrize(
    ("errors", "failed", "bottom", "words"),
    [
        (0, 2, False, "calibrated: the ranks are uniform, and 2 of 500 fits (0.4%) failed"),
        (0, 30, False, "not calibrated: the ranks are uniform, but 30 of 500 fits (6.0%) failed"),
        (3, 3, False, "not calibrated: 3 of 500 fits raised an error"),
        (0, 0, True, "not calibrated: the ranks of theta are not uniform (p "),
    ],
)
def test_the_verdict_says_why(errors, failed, bottom, words):
    ranks = (0,) * 500 if bottom else tuple(range(sbc.LEVELS + 1)) * 5
    problems = ("1 divergences",) * failed + ("",) * (500 - failed)
    result = sbc.SbcResult("toy", "toy", 1, sbc.LEVELS, {"theta": ranks}, problems, errors)
    assert result.verdict().startswith(words)
    assert result.verdict().startswith("calibrated") == result.calibrated()


def test_one_divergent_transition_makes_a_fit_doubtful():
    draws = np.random.default_rng(1).normal(size=(4, 500))
    estimands = xr.Dataset({"x": (("chain", "draw"), draws)})
    assert sbc.problem(sbc.Fit(estimands, 0), estimands) == ""
    assert sbc.problem(sbc.Fit(estimands, 1), estimands) == "1 divergences"


def test_one_estimand_whose_ranks_are_not_uniform_is_enough():
    even = tuple(range(sbc.LEVELS + 1)) * 5
    ranks = {"even": even, "low": tuple(rank // 2 for rank in even)}
    result = sbc.SbcResult("toy", "toy", 1, sbc.LEVELS, ranks, ("",) * len(even), 0)
    assert not result.uniform()
    assert result.verdict().startswith("not calibrated: the ranks of low are not uniform")


def test_a_result_cannot_be_changed(right):
    with pytest.raises(dataclasses.FrozenInstanceError):
        right.errors = 1
