"""What ends calibration evidence, and what does not, on copies of a toy model with one thing changed each."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import stats

from mgbayes.calibrate import evidence, sbc
from mgbayes.calibrate.fingerprint import checksums, fingerprint
from mgbayes.calibrate.setting import Setting
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.priors import Prior
from tests.calibration import conjugate_toy

PRIORS = {
    "theta": Prior("normal", (0.0, 1.0), "a toy"),
    "sigma": Prior("lognormal", (0.0, 0.5), "a toy"),
}
TEMPLATE = {"m": np.array(0.0), "spare": np.array([1.0, 2.0])}


def model(**changed):
    """θ ~ Normal(0, 1), σ ~ LogNormal, m ~ Normal(θ, σ / √10), by parts that can be replaced one by one."""

    def build(data, family, priors):
        with pm.Model() as built:
            theta = pm.Normal("theta", *priors["theta"].values)
            sigma = pm.LogNormal("sigma", *priors["sigma"].values)
            pm.Normal("mean", theta, sigma / np.sqrt(10), observed=pm.Data("m", data["m"]))
        return built

    def simulate(rng, data, family, priors):
        truth = {"theta": rng.normal(*priors["theta"].values), "sigma": rng.lognormal(0, 0.5)}
        return truth, {"m": rng.normal(truth["theta"], truth["sigma"], 10).mean()}

    def estimands(draws, data, family):
        return xr.Dataset({"theta": draws["theta"], "z": draws["theta"] / draws["sigma"]})

    def declared(data):
        return tuple(Estimand(name, "", "", 0.0, "higher") for name in ("theta", "z"))

    parts = {"build": build, "simulate": simulate, "estimands": estimands, "declared": declared}
    return SimpleNamespace(**(parts | changed))


def print_of(given, priors=PRIORS):
    return fingerprint(given, "toy", priors, TEMPLATE)


@pytest.fixture(scope="module")
def original():
    return print_of(model())


def test_the_density_is_the_closed_form(original):
    truth, data = model().simulate(np.random.default_rng(1), TEMPLATE, "toy", PRIORS)
    expected = (
        stats.norm(0, 1).logpdf(truth["theta"])
        + stats.lognorm(0.5).logpdf(truth["sigma"])
        + stats.norm(truth["theta"], truth["sigma"] / np.sqrt(10)).logpdf(data["m"])
    )
    assert original.density[0][0] == pytest.approx(expected, rel=1e-7)


def rewritten(data, family, priors):
    """The same densities, under other names, in another order, by a potential and in other coordinates."""
    with pm.Model() as built:
        sigma = pm.LogNormal("sd", *priors["sigma"].values, transform=None)
        theta = pm.Normal("centre", *priors["theta"].values)
        observed = pm.Data("published", data["published"])
        pm.Potential("summary", pm.logp(pm.Normal.dist(theta, sigma / np.sqrt(10)), observed))
    return built


def renamed(rng, data, family, priors):
    truth, drawn = model().simulate(rng, data, family, priors)
    return {"sd": truth["sigma"], "centre": truth["theta"]}, {
        "published": drawn["m"],
        "label": np.array("new"),
    }


def of_renamed(draws, data, family):
    return xr.Dataset({"ratio": draws["centre"] / draws["sd"], "level": draws["centre"]})


def test_renaming_and_rewriting_keep_it(original):
    names = tuple(Estimand(name, "other words", "", 0.0, "lower") for name in ("level", "ratio"))
    other = model(build=rewritten, simulate=renamed, estimands=of_renamed, declared=lambda data: names)
    assert original.differences(print_of(other)) == ()


def another_likelihood(data, family, priors):
    with pm.Model() as built:
        theta = pm.Normal("theta", *priors["theta"].values)
        sigma = pm.LogNormal("sigma", *priors["sigma"].values)
        pm.Normal("mean", theta, sigma / np.sqrt(10.001), observed=pm.Data("m", data["m"]))
    return built


def another_prior(data, family, priors):
    with pm.Model() as built:
        theta = pm.Normal("theta", *priors["theta"].values)
        sigma = pm.HalfNormal("sigma", 1.0)
        pm.Normal("mean", theta, sigma / np.sqrt(10), observed=pm.Data("m", data["m"]))
    return built


def another_simulator(rng, data, family, priors):
    truth, drawn = model().simulate(rng, data, family, priors)
    return truth, {"m": drawn["m"] * 1.00001}


def other_estimands(draws, data, family):
    return xr.Dataset({"theta": draws["theta"], "z": draws["theta"] / draws["sigma"] ** 1.001})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"build": another_likelihood}, "the priors or likelihood changed"),
        ({"build": another_prior}, "the priors or likelihood changed"),
        ({"simulate": another_simulator}, "the simulator changed"),
        ({"estimands": other_estimands}, "the estimands changed"),
    ],
)
def test_a_changed_meaning_ends_it(original, changed, words):
    assert words in original.differences(print_of(model(**changed)))


def test_latent_values_count_in_their_natural_scale():
    """A latent value in other coordinates of the sampler keeps the fingerprint; another scale of it does not."""

    def latent(transform, scale):
        def build(data, family, priors):
            with pm.Model() as built:
                theta = pm.Normal("theta", *priors["theta"].values)
                sigma = pm.LogNormal("sigma", *priors["sigma"].values)
                z = pm.Normal("z", 0.0, 1.0, shape=3, default_transform=transform)
                pm.Normal("mean", theta + scale * z.sum(), sigma, observed=pm.Data("m", data["m"]))
            return built

        return print_of(model(build=build))

    usual = latent(None, 0.1)
    assert usual.differences(latent(pm.distributions.transforms.Interval(-100, 100), 0.1)) == ()
    assert usual.differences(latent(None, 0.2)) == ("the priors or likelihood changed",)


def test_sums_see_values_and_their_order_but_no_names():
    values = np.array([1.0, 2.0, 4.0])
    assert checksums({"a": values, "b": values + 1}) == checksums({"x": values + 1, "y": values})
    assert checksums({"a": values}) != checksums({"a": values[::-1]})
    assert checksums({"a": np.array([1.0, np.nan])}) != checksums({"a": np.array([1.0, 0.0])})
    assert checksums({"a": np.array(["words"])}) == ()


def setting(**changed):
    usual = Setting(conjugate_toy, "toy", conjugate_toy.PRIORS, TEMPLATE, conjugate_toy.TEMPLATE, 0.95)
    return dataclasses.replace(usual, **changed).basis()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    ranks = tuple(range(sbc.LEVELS + 1)) * 5
    result = sbc.SbcResult("toy", "toy", 1, sbc.LEVELS, {"theta": ranks}, ("",) * 500, 0)
    path = tmp_path / "evidence" / "toy.json"
    assert evidence.outdated(path, setting()) == ("there is none",)
    evidence.store(result, setting(), path)
    assert evidence.load(path) == result
    return path


def test_evidence_holds_for_what_it_stands_on(stored):
    assert evidence.outdated(stored, setting()) == ()
    record = json.loads(stored.read_text())
    assert (
        record["verdict"]
        == "calibrated: the ranks are uniform, and 0 of 500 fits (0.0%) failed their diagnostics"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"priors": {"theta": Prior("normal", (0.0, 1.1), "a toy")}}, "the priors of the plan changed"),
        ({"numbers": {"m": np.array(0.1), "spare": np.array([1.0, 2.0])}}, "the study's numbers changed"),
        ({"target_accept": 0.9}, "the sampler's settings changed"),
    ],
)
def test_evidence_ends_with_what_it_stands_on(stored, changed, words):
    assert words in evidence.outdated(stored, setting(**changed))


def test_evidence_ends_with_the_calibrator(stored):
    other = dataclasses.replace(setting(), calibrator_sha256="another")
    assert evidence.outdated(stored, other) == ("the code of the calibrator changed",)


def test_a_record_that_says_nothing_of_what_it_stands_on_is_no_evidence(stored):
    record = json.loads(stored.read_text())
    stored.write_text(json.dumps(record | {"schema_version": 1}))
    assert evidence.outdated(stored, setting()) == ("it does not say what it stands on",)
