"""Quantiles of whole numbers: every sample that there can be, against the ways and their probability."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from scipy import special, stats

from mgbayes.inference.job import jobs_of
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.latent.order_statistics import Distribution
from mgbayes.latent.whole_quantiles import TooManyWays, log_probability, ranks_of, ways
from mgbayes.models.plan import Plan, Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study import load_study
from mgbayes.study.numbers import find_quantiles
from mgbayes.study.schema import Study
from mgbayes.study.statistics import QuantileDefinition, Quantiles
from tests.conftest import ROOT
from tests.oracles.continuous_fits import log_likelihood

MOST = 7
QUARTILES = tuple(Fraction(k, 4) for k in (1, 2, 3))
CASES = [
    (5, "7", ("1", "1", "3")),
    (5, "6", ("1", "2", "3")),
    (6, "2", ("1", "1", "2")),
    (6, "7", ("1", "2", "4")),
    (4, "6", ("0", "1", "2")),
    (6, "hinges", ("2", "2", "2")),
]


def samples(n: int) -> list[tuple[int, ...]]:
    """Every sorted sample of n whole numbers from 0 to MOST."""
    return list(itertools.combinations_with_replacement(range(MOST + 1), n))


def reported(n: int, definition: str, texts: tuple[str, str, str]) -> Quantiles:
    return Quantiles.of_texts(
        n, median=texts[1], iqr=(texts[0], texts[2]), definitions=(QuantileDefinition(definition),)
    )


def bounds_of(quantiles: Quantiles) -> list[tuple[float, float]]:
    return [
        (float(one.interval.low), float(one.interval.high) - 1e-6 * one.interval.open_high)
        for one in quantiles.quantiles
    ]


@pytest.mark.parametrize(("n", "definition", "texts"), CASES)
def test_the_ways_are_the_order_statistics_of_all_samples_that_are_reported_so(
    n: int, definition: str, texts: tuple[str, str, str]
) -> None:
    quantiles = reported(n, definition, texts)
    positions = [QuantileDefinition(definition).position(p, n) for p in QUARTILES]
    at = np.array(ranks_of(positions)) - 1
    every = {tuple(np.array(x)[at]) for x in samples(n) if quantiles.allows(np.array(x))}
    found = {tuple(way) for way in ways(positions, bounds_of(quantiles), low=0) if way.max() <= MOST}
    assert found == every


def probability(quantiles: Quantiles, numbers: np.ndarray, cell: dict[int, float]) -> float:
    """Of all samples of these whole numbers whose quantiles are reported so."""
    return float(
        sum(
            factorial(quantiles.n) * np.prod([cell[k] ** x.count(k) / factorial(x.count(k)) for k in set(x)])
            for x in itertools.combinations_with_replacement(numbers.tolist(), quantiles.n)
            if quantiles.allows(np.array(x))
        )
    )


@pytest.mark.parametrize(("n", "definition", "texts"), CASES)
@pytest.mark.parametrize("family", ["normal", "lognormal"])
def test_the_probability_is_that_of_all_samples(
    n: int, definition: str, texts: tuple[str, str, str], family: str
) -> None:
    """Whole numbers beyond MOST are too rare to matter; places by Monte Carlo, to four standard errors."""
    law = stats.norm(1.8, 1.0) if family == "normal" else stats.lognorm(0.5, scale=1.7)
    quantiles = reported(n, definition, texts)
    least = 0.0 if family == "lognormal" else -np.inf
    numbers = np.arange(-3 if family == "normal" else 0, MOST + 1)
    cell = dict(zip(numbers.tolist(), np.diff(law.cdf([*(numbers - 0.5), MOST + 0.5])), strict=True))
    expected = probability(quantiles, numbers, cell)
    positions = [QuantileDefinition(definition).position(p, n) for p in QUARTILES]
    found = ways(positions, bounds_of(quantiles), low=float(numbers[0]))
    one = Distribution(law.logpdf, law.logcdf, law.logsf)
    ranks = np.array(ranks_of(positions))[:, None]
    place = np.random.default_rng(1).random((len(ranks), 20_000))
    # Every draw of the places is a "definition" of its own here.
    many = np.repeat(ranks, place.shape[1], axis=1)
    way = np.repeat(found.T[:, None, :], place.shape[1], axis=1)
    value = np.exp(log_probability(way, many, n, place, one, least)).sum(axis=1)
    error = value.std() / np.sqrt(len(value))
    assert error < 0.05 * expected
    assert abs(value.mean() - expected) < 4 * error + 1e-4 * expected


def test_values_that_are_far_apart_are_taken_as_measured_finely() -> None:
    with pytest.raises(TooManyWays):
        ways([(2, Fraction(1, 2)), (5, Fraction(1, 2))], [(200, 201), (900, 901)], low=0)


def test_equal_quantiles_of_whole_numbers_are_evidence() -> None:
    """The stay in hospital of another study, in whole days, with quartiles that are equal."""
    whole, plan = _with_stay((("3", ["3", "4"]), ("4", ["3", "6"])))
    (job, *_) = jobs_of(whole, plan)
    data = job.data
    assert data["possible"].sum() > 0
    model, priors = job.model, plan.prior_set("lognormal")
    built = model.build(data, "lognormal", priors)
    assert "place" in built.named_vars
    truth, again = model.simulate(np.random.default_rng(3), data, "lognormal", priors)
    assert set(truth) == {"log_level", "log_ratio", "log_sd"}
    assert (again["quantile"] * 4 % 1 == 0).all()
    # The whole numbers are those of the simulated quantiles, by the definition that made them.
    first = QuantileDefinition(str(again["definition"][0]))
    for a, n in enumerate(again["n"]):
        places = [first.position(p, int(n)) for p in QUARTILES]
        ranks = ranks_of(places)
        for way in again["whole"][a, : len(ranks), 0, again["possible"][a, 0] > 0]:
            known = dict(zip(ranks, way, strict=True))
            made = [(1 - float(g)) * known[j] + float(g) * known.get(j + 1, 0.0) for j, g in places]
            np.testing.assert_allclose(made, again["quantile"][a])


@pytest.mark.long
def test_the_model_has_the_probability_of_both_arms_on_average_over_definitions() -> None:
    """Arms of different sizes, whose software is not named; the places' average to four standard errors."""
    study, plan = _with_stay((("1", ["1", "2"]), ("2", ["1", "3"])), sizes=("6", "5"))
    (job, *_) = jobs_of(study, plan)
    data = job.data
    built = job.model.build(data, "lognormal", plan.prior_set("lognormal"))
    point = {"log_level": 0.6, "log_ratio": 0.3, "log_sd": np.array([0.4, 0.35])}
    of_places = log_likelihood(built, point, "place")
    size = int(built["place"].eval().size)
    rng = np.random.default_rng(2)
    by_arm = np.array([of_places(special.logit(rng.random(size))) for _ in range(1500)])
    numbers = np.arange(MOST + 1)
    for a, median in enumerate((0.45, 0.75)):
        law = stats.lognorm(point["log_sd"][a], scale=np.exp(median))  # type: ignore[index]
        cell = dict(zip(numbers.tolist(), np.diff(law.cdf([*(numbers - 0.5), MOST + 0.5])), strict=True))
        stay = find_quantiles(study, study.endpoint("stay"), study.arms[a].id, None)
        assert stay is not None
        each = [
            probability(replace(stay, definitions=(definition,)), numbers, cell)
            for definition in QuantileDefinition
        ]
        value = np.exp(by_arm[:, a])
        error = value.std() / np.sqrt(len(value))
        assert error < 0.05 * np.mean(each)
        assert abs(value.mean() - np.mean(each)) < 4 * error + 2e-3 * np.mean(each)


@pytest.mark.evidence
def test_ranks_of_simulated_studies_are_uniform() -> None:
    study, plan = _with_stay((("3", ["3", "4"]), ("4", ["3", "6"])), sizes=("12", "9"))
    (job, *_) = jobs_of(study, plan)
    data, rng = job.data, np.random.default_rng(11)
    # Few ways each: a stay of about three days.
    priors = plan.prior_set("lognormal") | {"log_level": Prior("normal", (0.9, 0.4), "a simulation")}
    compiled = compile_model(job.model.build(data, "lognormal", priors))
    ranks = []
    for _ in range(120):
        truth, again = job.model.simulate(rng, data, "lognormal", priors)
        sampling = Sampling(chains=2, draws=500, tune=500, target_accept=0.95, seed=3)
        posterior, _stats = draw(swap(compiled, again), sampling, cores=1)
        ranks.append(
            [
                float((posterior["log_ratio"] < truth["log_ratio"]).mean()),
                float((posterior["log_level"] < truth["log_level"]).mean()),
            ]
        )
    for column in np.transpose(ranks):
        assert stats.kstest(column, "uniform").pvalue > 0.01


def _with_stay(
    numbers: tuple[tuple[str, list[str]], ...], sizes: tuple[str, str] | None = None
) -> tuple[Study, Plan]:
    """A study whose stay in hospital, in whole days, has other quartiles, and its plan."""
    study = load_study(ROOT / "studies" / "fonc2022.toml")
    raw = study.model_dump(mode="json", exclude_none=True)
    (endpoint,) = [row for row in raw["endpoints"] if row["id"] == "stay"]
    endpoint["whole"] = True
    (claim,) = [row for row in raw["claims"] if row["id"] == "stay"]
    for row, (median, iqr) in zip(claim["summaries"], numbers, strict=True):
        row |= {"median": median, "iqr": iqr}
        row.pop("range", None)
    if sizes is not None:
        for arm, n in zip(raw["arms"], sizes, strict=True):
            arm["n"] = n
        raw["claims"] = [claim]
        raw["alternatives"] = []
    return Study.model_validate(raw), load_plan(ROOT / "studies" / "fonc2022" / "stay.toml")
