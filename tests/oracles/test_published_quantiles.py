"""Medians and quartiles in their model: against the patients, simulated samples, SciPy, and simulated studies."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from mgbayes.inference.job import jobs_of
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.quantile_evidence import published
from mgbayes.models.quantiles import FAMILIES, PublishedQuantiles
from mgbayes.planning.propose import propose_plans
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics import QuantileDefinition, Quantiles
from tests.conftest import ROOT
from tests.oracles.continuous_fits import log_density, log_likelihood


def _measured_finely(study: Study) -> Study:
    """The study with outcomes in any numbers: whole ones are in test_whole_quantiles."""
    endpoints = tuple(row.model_copy(update={"whole": False}) for row in study.endpoints)
    return study.model_copy(update={"endpoints": endpoints})


STUDY = _measured_finely(load_study(ROOT / "studies" / "fonc2022.toml"))
PLAN = load_plan(ROOT / "studies" / "fonc2022" / "stay.toml")
PRIORS = PLAN.prior_set("lognormal")
AT: dict[str, dict[str, Any]] = {
    "lognormal": {"log_level": 2.0, "log_ratio": -0.4, "log_sd": np.array([0.5, 0.8])},
    "weibull": {"log_level": 2.0, "log_ratio": -0.4, "log_sd": np.array([0.5, 0.8])},
    "normal": {"level": 8.0, "difference": -1.0, "sd": np.array([2.0, 3.0])},
}


def law(family: str, arm: int) -> Any:
    """SciPy's distribution of an arm."""
    level, effect, sd = (AT[family][name] for name in FAMILIES[family].names)
    median, dispersion = level + (arm - 0.5) * effect, sd[arm]
    if family == "normal":
        return stats.norm(median, dispersion)
    if family == "lognormal":
        return stats.lognorm(dispersion, scale=np.exp(median))
    return stats.weibull_min(1 / dispersion, scale=np.exp(median) / np.log(2) ** dispersion)


def ll(built: Any, point: dict[str, Any]) -> float:
    """The log likelihood of both arms."""
    return float(np.sum(log_density(built, point)))


def model() -> PublishedQuantiles:
    return PublishedQuantiles.of(STUDY, PLAN)


def priors_for(family: str) -> Any:
    names = dict(zip(FAMILIES[family].names, ("log_level", "log_ratio", "log_sd"), strict=True))
    return {name: PRIORS[own] for name, own in names.items()}


def quantiles(values: Any, probabilities: tuple[Fraction, ...], definition: str) -> Quantiles:
    """What a paper would report of values, to twelve digits."""
    bare = Quantiles.of_texts(
        len(values),
        others=tuple((str(float(p)), "1") for p in probabilities),
        definitions=(QuantileDefinition(definition),),
    )
    found = bare.of(values)
    return Quantiles.of_texts(
        len(values),
        others=tuple((str(float(p)), f"{q:.12g}") for p, q in zip(probabilities, found, strict=True)),
        definitions=(QuantileDefinition(definition),),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_with_every_order_statistic_it_is_the_likelihood_of_the_patients(family: str) -> None:
    """The five numbers of five patients are all of them."""
    five = tuple(Fraction(k, 4) for k in range(5))
    arms = [np.sort(law(family, a).rvs(5, random_state=a)) for a in (0, 1)]
    data = published(*(quantiles(values, five, "7") for values in arms))
    built = model().build(data, family, priors_for(family))
    assert "gap" not in built.named_vars
    expected = sum(law(family, a).logpdf(values).sum() for a, values in enumerate(arms)) + 2 * np.log(120)
    assert ll(built, AT[family]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_with_gaps_integrated_it_is_the_density_of_reported_medians(family: str) -> None:
    """Medians of sixteen patients, against how often simulated samples have such ones, to 4 standard errors."""
    half = (Fraction(1, 2),)
    typical = [law(family, a).ppf((np.arange(16) + 0.5) / 16) for a in (0, 1)]
    data = published(*(quantiles(values, half, "6") for values in typical))
    built = model().build(data, family, priors_for(family))
    # The arms multiply, so that each gap is integrated by itself, over its place's own density.
    of_gap = log_likelihood(built, AT[family], "gap")
    at = np.linspace(-25, 25, 1001)
    weights = stats.logistic.pdf(at) * (at[1] - at[0])
    first, second = (
        np.array([np.sum(of_gap(np.where([a == 0, a == 1], t, 0.0))) for t in at]) for a in (0, 1)
    )
    both = np.sum(of_gap(np.zeros(2)))
    integral = np.log(weights @ np.exp(first)) + np.log(weights @ np.exp(second)) - both
    rng, expected, error = np.random.default_rng(5), 0.0, 0.0
    for a in (0, 1):
        q, h = data["quantile"][a, 0], 0.05 * typical[a].std()
        medians = np.median(law(family, a).rvs((400_000, 16), random_state=rng), axis=1)
        share = (np.abs(medians - q) < h).mean()
        expected += np.log(share / (2 * h))
        error += (1 - share) / (share * 400_000)
    assert integral == pytest.approx(expected, abs=4 * np.sqrt(error) + 2e-3)


def test_definitions_that_differ_share_the_likelihood() -> None:
    """With the first quartile at 4.25, 4.5 or 4.75: the densities on average, at one place of the gap."""
    values = law("lognormal", 0).ppf((np.arange(16) + 0.5) / 16)
    first = quantiles(values, (Fraction(1, 4),), "7")
    every = Quantiles(first.quantiles, first.n)
    built = model().build(published(every, every), "lognormal", PRIORS)
    gaps = np.array([-2.0, -2.5])  # of each arm, under each definition
    found = ll(built, AT["lognormal"] | {"gap": gaps})
    expected = sum(
        np.log(
            sum(
                share * np.exp(_at_gap(first, definition, a, gaps[a]))
                for definition, share in (("2", 0.5), ("6", 0.25), ("7", 0.25))
            )
        )
        for a in (0, 1)
    )
    assert found == pytest.approx(expected, rel=1e-9)


def _at_gap(reported: Quantiles, definition: str, arm: int, gap: float) -> float:
    """An arm's log likelihood at a gap, written out with SciPy; the gap's own density is taken back."""
    n, q, one = reported.n, float(reported.quantiles[0].text), law("lognormal", arm)
    j, g = QuantileDefinition(definition).position(Fraction(1, 4), n)
    room = q / float(g)  # the lower neighbour stays above zero
    wide = room * special.expit(gap)
    low, high = q - float(g) * wide, q + (1 - float(g)) * wide
    ways = special.gammaln(n + 1) - special.gammaln(j) - special.gammaln(n - j)
    density = one.logpdf([low, high]).sum() + (j - 1) * one.logcdf(low) + (n - j - 1) * one.logsf(high)
    return float(ways + density + np.log(room))


def test_predicted_quantiles_are_those_of_new_samples() -> None:
    (job, *_) = jobs_of(STUDY, PLAN)
    data, rng = job.data, np.random.default_rng(3)
    dims = ("chain", "draw")
    drawn = xr.Dataset(
        {name: (dims, np.full((1, 4000), AT["lognormal"][name])) for name in ("log_level", "log_ratio")}
        | {"log_sd": ((*dims, "arm"), np.broadcast_to(AT["lognormal"]["log_sd"], (1, 4000, 2)))},
        coords={"arm": ["reference", "contrast"]},
    )
    found = model().predict(rng, drawn, data, "lognormal")["quantile"].to_numpy()[0]
    first = QuantileDefinition(str(data["definition"][0]))
    for a in (0, 1):
        samples = law("lognormal", a).rvs((4000, 34), random_state=rng)
        expected = np.array(
            Quantiles.of_texts(34, median="1", iqr=("1", "1"), definitions=(first,)).of(samples)
        )
        for i in range(3):
            assert stats.ks_2samp(found[:, a, i], expected[i]).pvalue > 1e-3


def test_what_has_no_density_is_refused() -> None:
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    stay = next(row for row in raw["claims"] if row["id"] == "stay")
    for iqr in (["8.00", "11.00"], ["0.00", "11.00"]):
        stay["summaries"][0]["iqr"] = iqr
        changed = Study.model_validate(raw)
        with pytest.raises(NotPrinted):
            PublishedQuantiles.of(changed, PLAN).from_study(changed, PLAN)


def test_plans_are_proposed_for_medians_that_papers_report() -> None:
    for name, expected in (("fonc2022", {"blood_loss", "defecation", "stay"}), ("ghosh2023", set())):
        plans: tuple[Plan, ...] = propose_plans(load_study(ROOT / "studies" / f"{name}.toml"))
        proposed = {plan.id for plan in plans if plan.model == "quantiles"}
        assert proposed >= expected
        for plan in plans:
            assert plan.prior_set(plan.family)


@pytest.mark.long
@pytest.mark.parametrize("family", ["lognormal", "weibull"])
def test_ranks_of_simulated_studies_are_uniform(family: str) -> None:
    (job, *_) = jobs_of(STUDY, PLAN)
    data, rng, ranks = job.data, np.random.default_rng(11), []
    compiled = compile_model(model().build(data, family, PRIORS))
    sampling = Sampling(chains=2, draws=500, tune=500, target_accept=0.95, seed=3)
    for _ in range(120):
        truth, study = model().simulate(rng, data, family, PRIORS)
        posterior, _stats = draw(swap(compiled, study), sampling, cores=1)
        ranks.append(float((posterior["log_ratio"] < truth["log_ratio"]).mean()))
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
