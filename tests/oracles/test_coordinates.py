"""Closed forms: a reparametrized parameter has its prior's density, in whatever coordinates it is sampled."""

from __future__ import annotations

import arviz_stats as azs
import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.coordinates import LogReparametrized, Reparametrized, reparametrized
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Form, Prior

MIXTURE = (0.8, 0.3, 1.2, 5.0, 0.2, -1.0, 2.0, 30.0)
PRIORS: dict[Form, tuple[tuple[float, ...], str]] = {
    "normal": ((0.5, 1.3), "theta_reparametrized__"),
    "student_t_mixture": (MIXTURE, "theta_reparametrized__"),
    "lognormal": ((0.2, 0.7), "theta_log_reparametrized__"),
    "half_normal": ((1.4,), "theta_log_reparametrized__"),
    "beta": ((2.0, 3.0), "theta_logodds__"),
    "uniform": ((-1.0, 4.0), "theta_interval__"),
}
SLOPE = 1.7


def _density(form: Form, values: tuple[float, ...], theta: float) -> float:
    if form == "student_t_mixture":
        parts = zip(*np.reshape(values, (2, 4)).T, strict=True)
        return float(np.log(sum(w * stats.t.pdf(theta, df, c, s) for w, c, s, df in parts)))
    laws = {
        "normal": lambda v: stats.norm(*v),
        "lognormal": lambda v: stats.lognorm(v[1], scale=np.exp(v[0])),
        "half_normal": lambda v: stats.halfnorm(0, *v),
        "beta": lambda v: stats.beta(*v),
        "uniform": lambda v: stats.uniform(v[0], v[1] - v[0]),
    }
    return float(laws[form](values).logpdf(theta))


def _parameter(
    form: Form, values: tuple[float, ...], coordinate: float, centre: float, unit: float, skew: float
) -> tuple[float, float]:
    """θ at a coordinate, and the log of |∂θ / ∂coordinate|."""
    if form in ("beta", "uniform"):
        low, high = values if form == "uniform" else (0.0, 1.0)
        share = special.expit(coordinate)
        return low + (high - low) * share, float(np.log((high - low) * share * (1 - share)))
    place = centre + unit * (np.sinh(np.arcsinh(coordinate) + skew) - np.sinh(skew))
    slope = float(np.log(unit * np.cosh(np.arcsinh(coordinate) + skew) / np.sqrt(1 + coordinate**2)))
    if form in ("normal", "student_t_mixture"):
        return float(place), slope
    return float(np.exp(place)), slope + float(place)


@pytest.mark.parametrize("skew", [0.0, 0.5, -0.5])
@pytest.mark.parametrize("form", PRIORS)
def test_the_density_is_that_of_the_prior_wherever_the_centre_lies(form: Form, skew: float) -> None:
    values, name = PRIORS[form]
    with pm.Model() as model:
        other = pm.Normal("other")
        reparametrized("theta", {"theta": Prior(form, values, "any")}, SLOPE * other, pt.exp(other), skew)
    theta = model["theta"]
    outputs = [*model.replace_rvs_by_values([theta]), model.logp(theta)]
    evaluate = pm.compile(model.value_vars, outputs, on_unused_input="ignore")
    assert [variable.name for variable in model.value_vars] == ["other", name]
    for at in (-0.7, 0.4):
        for coordinate in (-2.5, -0.5, 0.9):
            found, density = evaluate(at, coordinate)
            exact, jacobian = _parameter(form, values, coordinate, SLOPE * at, np.exp(at), skew)
            assert found == pytest.approx(exact, rel=1e-10)
            assert density == pytest.approx(_density(form, values, exact) + jacobian, rel=1e-9)


@pytest.mark.parametrize("transform", [Reparametrized, LogReparametrized])
@pytest.mark.parametrize("skew", [0.0, 0.5, -0.5])
def test_every_value_has_its_coordinate(transform: type[Reparametrized], skew: float) -> None:
    value, there = pt.vector(), transform(skew)
    back = there.forward(there.backward(value, 0.3, 1.7), 0.3, 1.7)
    at = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(back.eval({value: at}), at, atol=1e-9)


@pytest.mark.long
def test_draws_are_of_the_prior_and_its_numbers_can_be_swapped() -> None:
    """Of a model whose only evidence is the prior: centre, unit and skewness leave no trace in the draws."""
    with pm.Model() as model:
        other = pm.Normal("other")
        reparametrized(
            "theta", {"theta": Prior("normal", (0.0, 1.0), "any")}, SLOPE * other, pt.exp(other / 2), 0.5
        )
    compiled = compile_model(model)
    for mean, sd in ((0.0, 1.0), (3.0, 0.5)):
        draws, _ = draw(swap(compiled, {"prior_theta": np.array([mean, sd])}), Sampling(draws=2000, seed=3))
        theta = draws["theta"].to_numpy()
        # Scores of standard normals: one beyond 4 comes once in 16 000 seeds.
        assert abs(theta.mean() - mean) < 4 * float(azs.mcse(theta, method="mean"))
        assert abs(theta.std() - sd) < 4 * float(azs.mcse(theta, method="sd"))
        both = np.corrcoef(theta.ravel(), draws["other"].to_numpy().ravel())[0, 1]
        assert abs(both) < 4 / np.sqrt(float(azs.ess(theta)))
