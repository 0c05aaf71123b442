"""The logistic model against closed forms, quadrature and its own structure."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import betaln, expit

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import summarize
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.binary import Binary
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import YesNo
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior
from tests.known_models import priors_of

MODEL, PRIORS = Binary(), priors_of("binary")

SAMPLING = Sampling(draws=5000, tune=1500, target_accept=0.95, seed=7)
Z = 4  # Monte Carlo errors: a right model fails once in 16 000 such comparisons, and the seed is fixed


def data_of(*tables: tuple[int, int, int, int], sign: float = 1.0) -> YesNo:
    """Tables x of m, y of n as the data of the model."""
    names = np.array([f"e{k}" for k in range(len(tables))])
    return YesNo(
        endpoint=names,
        endpoint_label=names,
        benefit=np.array(["higher"] * len(tables)),
        sign=np.full(len(tables), sign),
        count=np.array([[x, y] for x, _, y, _ in tables]),
        patients=np.array([[m, n] for _, m, _, n in tables]),
    )


def chance_that_second_is_higher(x: int, m: int, y: int, n: int) -> float:
    """P(p2 > p1) for independent Beta(x + 1, m - x + 1) and Beta(y + 1, n - y + 1), in closed form.

    Sum over i = 0..y of B(a1 + i, b1 + b2) / ((b2 + i) B(1 + i, b2) B(a1, b1)) gives P(p2 > p1) for whole a2
    (Cook 2003, "Exact calculation of beta inequalities").
    """
    a1, b1, a2, b2 = x + 1, m - x + 1, y + 1, n - y + 1
    terms = [
        np.exp(betaln(a1 + i, b1 + b2) - np.log(b2 + i) - betaln(1 + i, b2) - betaln(a1, b1))
        for i in range(a2)
    ]
    return float(sum(terms))


def benefit(posterior: xr.Dataset, data: YesNo, family: str, estimand: str):
    contrasts = MODEL.estimands(posterior, data, family)
    declared = {row.id: row for row in MODEL.declared(data)}
    return summarize(contrasts[estimand].to_numpy(), declared[estimand])


def test_the_closed_form_itself_by_enumeration() -> None:
    """P(p2 > p1) for 1/1 v 0/1 under uniform priors: ∫ 2p (1 - (1-p)... ) = P(Beta(1,2) > Beta(2,1)) = 1/6."""
    assert chance_that_second_is_higher(1, 1, 0, 1) == pytest.approx(1 / 6, abs=1e-12)
    assert chance_that_second_is_higher(3, 9, 3, 9) == pytest.approx(0.5, abs=1e-12)
    # the same chance from Fisher's hypergeometric sum (Altham 1969): x of m, y of n with uniform priors
    x, m, y, n = 10, 17, 6, 16
    total, events = m + n + 2, x + y + 1
    tail = sum(comb(m + 1, i) * comb(n + 1, events - i) for i in range(x + 1, min(m + 1, events) + 1))
    altham = tail / comb(total, events)
    assert chance_that_second_is_higher(x, m, y, n) == pytest.approx(altham, abs=1e-12)


@pytest.fixture(scope="module")
def independent():
    """The family ``independent`` compiled once for one table; other tables are swapped in."""
    return compiled("independent")


@pytest.fixture(scope="module")
def beta():
    """The family ``beta`` compiled once for one table."""
    return compiled("beta")


def compiled(family: str):
    return compile_model(MODEL.build(data_of((12, 17, 9, 16)), family, PRIORS))


def drawn(model, table: tuple[int, int, int, int], family: str):
    """The summary of the odds ratio of one table."""
    data = data_of(table)
    posterior, _ = draw(swap(model, {"count": data["count"], "patients": data["patients"]}), SAMPLING)
    return benefit(posterior, data, family, "odds_ratio_e0")


@pytest.mark.parametrize("table", [(12, 17, 9, 16), (10, 17, 6, 16), (0, 5, 5, 6), (4, 17, 11, 16)])
def test_one_table_agrees_with_the_beta_binomial_closed_form(beta, table) -> None:
    data = data_of(table)
    posterior, _ = draw(swap(beta, {"count": data["count"], "patients": data["patients"]}), SAMPLING)
    row = benefit(posterior, data, "beta", "odds_ratio_e0")
    exact = chance_that_second_is_higher(*table)
    assert abs(row.p_benefit - exact) < Z * row.mcse_p_benefit
    # each posterior mean is (x + 1) / (n + 2), with the standard error of its own effective draws
    chance = posterior["chance"].transpose("arm", "chain", "draw", "endpoint").to_numpy()[..., 0]
    for arm, (x, n) in enumerate(((table[0], table[1]), (table[2], table[3]))):
        mean = Estimand("p", "p", "", 0.0, "higher")
        summary = summarize(chance[arm], mean)
        assert abs(summary.mean - (x + 1) / (n + 2)) < Z * summary.sd / np.sqrt(summary.ess_bulk)


def quadrature(table: tuple[int, int, int, int], density) -> tuple[float, float]:
    """P(d > 0) and E[d] of one table's log odds ratio d with this prior density, on a fine grid.

    P = ∫_{d > 0} g(d) π(d) dd / ∫ g(d) π(d) dd with
    g(d) = ∫ Binomial(x; m, expit(l - d/2)) Binomial(y; n, expit(l + d/2)) Normal(l; 0, 1.5) dl.
    """
    x, m, y, n = table
    level = np.linspace(-9, 9, 901)[:, None]
    d = np.linspace(-12, 12, 2401)
    first, second = expit(level - d / 2), expit(level + d / 2)
    likelihood = stats.binom.pmf(x, m, first) * stats.binom.pmf(y, n, second)
    weight = (stats.norm.pdf(level, 0, 1.5) * likelihood).sum(axis=0) * density(d)
    weight /= weight.sum()
    return float(weight[d > 0].sum() + weight[d == 0].sum() / 2), float((weight * d).sum())


def pooled_density(d: np.ndarray) -> np.ndarray:
    """∫ Normal(d; 0, sqrt(0.75² + tau²)) HalfNormal(tau; 0.5) dtau: the prior that mu and tau induce."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = np.sqrt(0.75**2 + (0.5 * nodes) ** 2)  # tau² = (0.5 z)², whatever the sign of z
    return (stats.norm.pdf(d[..., None], 0, spread) * weights / weights.sum()).sum(axis=-1)


@pytest.mark.parametrize("table", [(10, 17, 6, 16), (2, 16, 14, 20), (0, 5, 5, 6)])
def test_the_independent_family_agrees_with_quadrature(independent, table) -> None:
    row = drawn(independent, table, "independent")
    p, _ = quadrature(table, stats.norm(0, 1.5).pdf)
    assert abs(row.p_benefit - p) < Z * row.mcse_p_benefit


def test_equal_rates_give_a_half_up_to_the_asymmetry_of_the_data_themselves(independent) -> None:
    """2/12 v 3/18: the rates are alike, and P is the ratio of integrals of ``quadrature``, 0.485, not a half.

    The smaller arm is known less well, and at a rate below a half that lets it be lower more than higher. What the
    model adds is nothing: with the arms exchanged the integral is 1 - P exactly, and with 5/30 in both it is 0.5.
    """
    normal = stats.norm(0, 1.5).pdf
    p, _ = quadrature((2, 12, 3, 18), normal)
    assert p == pytest.approx(0.4854, abs=1e-4)
    assert p == pytest.approx(1 - quadrature((3, 18, 2, 12), normal)[0], abs=1e-9)
    assert quadrature((5, 30, 5, 30), normal)[0] == pytest.approx(0.5, abs=1e-9)
    row = drawn(independent, (2, 12, 3, 18), "independent")
    assert abs(row.p_benefit - p) < Z * row.mcse_p_benefit


@pytest.mark.long
@pytest.mark.parametrize("family", MODELS["binary"].parameters)
def test_it_does_not_matter_which_arm_is_the_reference(family: str) -> None:
    """With the arms exchanged each P is 1 - P, within three Monte Carlo errors; no family knows the arms apart."""
    tables = ((14, 20, 2, 16), (5, 12, 9, 18))
    there, back = data_of(*tables), data_of(*((y, n, x, m) for x, m, y, n in tables))
    model = compile_model(MODEL.build(there, family, PRIORS))
    for estimand in ("odds_ratio_e0", "risk_difference_e1"):
        rows = []
        for data in (there, back):
            posterior, _ = draw(swap(model, {"count": data["count"], "patients": data["patients"]}), SAMPLING)
            rows.append(benefit(posterior, data, family, estimand))
        error = np.hypot(rows[0].mcse_p_benefit, rows[1].mcse_p_benefit)
        assert abs(rows[0].p_benefit + rows[1].p_benefit - 1) < 3 * error


@pytest.mark.long
def test_the_hierarchical_family_with_one_endpoint_agrees_with_quadrature() -> None:
    table = (10, 17, 6, 16)
    data = data_of(table)
    posterior, _ = draw(compile_model(MODEL.build(data, "hierarchical", PRIORS)), SAMPLING)
    p, mean = quadrature(table, pooled_density)
    row = benefit(posterior, data, "hierarchical", "odds_ratio_e0")
    assert abs(row.p_benefit - p) < Z * row.mcse_p_benefit
    d = summarize(posterior["log_odds_ratio_e0"].to_numpy(), Estimand("d", "d", "", 0.0, "higher"))
    assert abs(d.mean - mean) < Z * d.sd / np.sqrt(d.ess_bulk)


@pytest.mark.long
def test_a_member_with_a_prior_of_its_own_leaves_the_pool() -> None:
    """Its posterior is that of its table alone, whatever the others are; theirs that of a pool without it."""
    own = {"log_odds_ratio_e0": Prior("normal", (0.3, 0.4), "a test")}
    data = data_of((10, 17, 6, 16), (1, 17, 15, 16), (2, 17, 14, 16))
    posterior, _ = draw(compile_model(MODEL.build(data, "hierarchical", {**PRIORS, **own})), SAMPLING)
    row = benefit(posterior, data, "hierarchical", "odds_ratio_e0")
    p, _ = quadrature((10, 17, 6, 16), stats.norm(0.3, 0.4).pdf)
    assert abs(row.p_benefit - p) < Z * row.mcse_p_benefit
    # The joint density is that of the pool of the others times that of the table alone.
    full = MODEL.build(data, "hierarchical", {**PRIORS, **own}).compile_logp()
    rest = MODEL.build(data_of((1, 17, 15, 16), (2, 17, 14, 16)), "hierarchical", PRIORS).compile_logp()
    rng = np.random.default_rng(5)

    def added() -> float:
        pool = {"mu": rng.normal(), "tau_log__": rng.normal(), "zeta": rng.normal(size=2)}
        level = rng.normal(size=2)
        whole = full({**pool, "level": np.r_[0.2, level], "log_odds_ratio_e0": 0.1})
        return float(whole - rest({**pool, "level": level}))

    assert np.ptp([added() for _ in range(20)]) < 1e-9


def test_the_prior_that_a_hierarchy_induces_has_the_mean_and_sd_that_are_said() -> None:
    priors = {**PRIORS, "mu": Prior("normal", (0.4, 0.75), "a test")}
    data = data_of((10, 17, 6, 16), (12, 17, 9, 16), sign=-1.0)
    drawn = MODEL.prior_draws(np.random.default_rng(1), data, "hierarchical", priors, 200_000)
    values = drawn["log_odds_ratio_e1"].to_numpy()
    assert values.mean() == pytest.approx(-0.4, abs=0.01)
    assert values.std() == pytest.approx(np.hypot(0.75, 0.5), rel=0.01)


@pytest.mark.long
def test_five_of_the_same_ten_patients_under_two_names_count_once(independent) -> None:
    """The posterior of each outcome is that of it alone: nothing is counted twice."""
    table = (5, 10, 2, 10)
    twice = data_of(table, table)
    posterior, _ = draw(compile_model(MODEL.build(twice, "independent", PRIORS)), SAMPLING)
    p, mean = quadrature(table, stats.norm(0, 1.5).pdf)
    for k in (0, 1):
        row = benefit(posterior, twice, "independent", f"odds_ratio_e{k}")
        assert abs(row.p_benefit - p) < Z * row.mcse_p_benefit
        d = summarize(posterior[f"log_odds_ratio_e{k}"].to_numpy(), Estimand("d", "d", "", 0.0, "higher"))
        assert abs(d.mean - mean) < Z * d.sd / np.sqrt(d.ess_bulk)


def test_an_event_that_is_bad_for_the_patient_turns_the_benefit_round() -> None:
    """Counting failures instead of events, with the sign turned, leaves every log density as it was."""
    good = MODEL.build(data_of((10, 17, 6, 16)), "hierarchical", PRIORS)
    bad = MODEL.build(data_of((7, 17, 10, 16), sign=-1.0), "hierarchical", PRIORS)
    point = {"level": np.array([0.3]), "mu": 0.4, "tau_log__": -0.2, "zeta": np.array([-1.1])}
    mirrored = point | {"level": np.array([-0.3])}
    assert good.compile_logp()(point) == pytest.approx(bad.compile_logp()(mirrored), rel=1e-12)


def test_an_endpoint_moves_the_others_only_through_the_shared_hyperprior() -> None:
    """log p with an endpoint more, less log p without, depends on mu, tau and its own parameters only."""
    two, three = [(10, 17, 6, 16), (12, 17, 9, 16)], [(10, 17, 6, 16), (12, 17, 9, 16), (4, 17, 11, 16)]
    prior = PRIORS
    small = MODEL.build(data_of(*two), "hierarchical", prior).compile_logp()
    large = MODEL.build(data_of(*three), "hierarchical", prior).compile_logp()
    rng = np.random.default_rng(3)

    def added(shared: dict, own: dict, others: dict) -> float:
        joined = {name: np.r_[others[name], own[name]] for name in ("level", "zeta")}
        return float(large(shared | joined) - small(shared | others))

    def point(size: int) -> dict:
        return {"level": rng.normal(size=size), "zeta": rng.normal(size=size)}

    shared, own = {"mu": 0.3, "tau_log__": -0.5}, point(1)
    differences = [added(shared, own, point(2)) for _ in range(20)]
    assert np.ptp(differences) < 1e-9
    # and it does depend on what is shared, so that information is borrowed at all
    assert abs(added(shared | {"mu": 1.3}, own, point(2)) - differences[0]) > 0.1
