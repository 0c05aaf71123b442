"""Published categories and medians of ordered classes: every way in which patients can fall, SciPy, and patients."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import integrate, special, stats

from mgbayes.calibrate.fingerprint import _LogDensity
from mgbayes.inference.job import jobs_of
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.models.evidence import ClassCounts, MedianClasses
from mgbayes.models.ordinal import Ordinal
from mgbayes.models.ordinal_published import median_log_chance, with_terms
from mgbayes.models.outcome import Outcome
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.planning.classes import ordinal_plan
from mgbayes.study import load_study
from mgbayes.study.schema import Kind, Study, Visit
from tests.conftest import ROOT
from tests.known_models import priors_of
from tests.oracles.outcomes.likelihood import pointwise as compiled_likelihood

PRIORS = priors_of("mgfa")
ONE = Ordinal(Outcome("class", "class", Kind.ordinal, "", "lower", False))
TWO = Ordinal(
    Outcome(
        "class",
        "class",
        Kind.ordinal,
        "",
        "lower",
        False,
        tuple(Visit(id=visit, label=visit) for visit in ("start", "end")),
        "start",
    )
)
GIVEN: dict[str, Any] = {
    "first_cut": -0.7,
    "gap": np.array([0.7, 1.9]),
    "log_odds_ratio": np.array([0.8]),
}
AT_TWO = GIVEN | {"gap": np.array([1.1]), "shift": np.array([-0.9]), "base": 0.5, "patient_sd": 1.3}


pointwise = partial(compiled_likelihood, mode="FAST_COMPILE")


def chances(given: dict[str, Any], arm: int, u: float = 0.0, visit: int | None = None) -> np.ndarray:
    """The chance of each class of a patient, written out."""
    h = arm - 0.5
    apart = given.get("base", 0.0) + (0.0 if visit == 0 else given["log_odds_ratio"][0])
    shift = given["shift"][0] if visit else 0.0
    cuts = given["first_cut"] + np.concatenate([[0.0], np.cumsum(given["gap"])])
    below = special.expit(cuts - shift + h * apart - given.get("patient_sd", 0.0) * u)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


def over_patients(function: Any, size: int) -> np.ndarray:
    """The expectation over a patient's u, by adaptive quadrature."""
    return np.array(
        [
            integrate.quad(lambda u, k=k: stats.norm.pdf(u) * function(u)[k], -9, 9, epsabs=1e-12)[0]
            for k in range(size)
        ]
    )


def names(levels: int) -> np.ndarray:
    return np.array([str(k) for k in range(levels)])


def medians(n: np.ndarray, middle: np.ndarray, levels: int) -> MedianClasses:
    return with_terms(MedianClasses(n=n, level=names(levels), slot=np.arange(n.max()), middle=middle))


def of_counts(count: np.ndarray, n: np.ndarray) -> ClassCounts:
    return ClassCounts(n=n, level=names(count.shape[1]), slot=np.arange(n.max()), count=count)


@pytest.mark.parametrize("n", [(5, 4), (1, 6), (2, 3)])
def test_a_median_has_the_chance_of_all_ways_in_which_patients_can_fall(n: tuple[int, int]) -> None:
    """Every assignment of up to six patients, with chances of their own, to four classes."""
    chance = np.random.default_rng(1).dirichlet(np.ones(4), size=(2, 2, max(n))).transpose(0, 1, 3, 2)
    sizes = np.array(n)
    for c in np.arange(0, 3.5, 0.5):
        middle = np.array([[c if k % 2 == 0 else np.floor(c)] * 2 for k in n])
        data = medians(sizes, middle, 4)
        with pm.Model():
            counted = np.arange(max(n)) < sizes[:, None]
            found = np.exp(median_log_chance(pt.as_tensor(chance), counted, data).eval(mode="FAST_COMPILE"))
        for a, v in np.ndindex(2, 2):
            every = sum(
                np.prod([chance[a, v, k, i] for i, k in enumerate(fallen)])
                for fallen in itertools.product(range(4), repeat=n[a])
                if np.median(fallen) == middle[a, v]
            )
            assert found[a, v] == pytest.approx(every, abs=1e-12), (c, a, v)


def test_the_medians_of_many_have_probabilities_that_add_up_to_one() -> None:
    chance = np.random.default_rng(2).dirichlet(np.ones(5), size=(2, 1))[..., None]
    total = np.zeros(2)
    for c in np.arange(0, 4.5, 0.5):
        data = medians(np.array([200, 201]), np.array([[c], [np.floor(c)]]), 5)
        with pm.Model():
            found = np.exp(
                median_log_chance(pt.as_tensor(chance), np.array([[200], [201]]), data).eval(
                    mode="FAST_COMPILE"
                )
            )
        total += found[:, 0] * [1, c % 1 == 0]
    np.testing.assert_allclose(total, 1, atol=1e-11)


def test_at_one_visit_an_odd_median_is_a_difference_of_binomial_tails() -> None:
    data = medians(np.array([17, 15]), np.array([[1.0], [2.0]]), 4)
    found = pointwise(ONE.build(data, "cumulative_logit", PRIORS))(**GIVEN)
    for a, (n, c) in enumerate(((17, 1), (15, 2))):
        p = np.cumsum(chances(GIVEN, a))
        rank = (n + 1) // 2
        expected = stats.binom.sf(rank - 1, n, p[c]) - stats.binom.sf(rank - 1, n, p[c - 1])
        assert found[a, 0] == pytest.approx(np.log(expected), abs=1e-7)


def test_categories_have_the_multinomial_likelihood_and_are_worth_as_much_as_their_patients() -> None:
    counts = np.array([[3, 5, 0, 2], [1, 4, 4, 0]])
    data = of_counts(counts, counts.sum(axis=1))
    found = pointwise(ONE.build(data, "cumulative_logit", PRIORS))(**GIVEN)
    level = np.full((2, 10, 1), np.nan)
    for a in (0, 1):
        level[a, : counts[a].sum(), 0] = np.repeat(np.arange(4), counts[a])
        p = chances(GIVEN, a)
        expected = stats.multinomial.logpmf(counts[a], counts[a].sum(), p)
        assert found[a] == pytest.approx(expected, abs=1e-6)
    on_patients = ONE.build(Ordinal.patients(level, 4) | {"level": names(4)}, "cumulative_logit", PRIORS)
    by_patient = pointwise(on_patients)(**GIVEN).sum(axis=1)
    ways = special.gammaln(counts.sum(axis=1) + 1) - special.gammaln(counts + 1).sum(axis=1)
    np.testing.assert_allclose(by_patient + ways, found, rtol=1e-12)


def test_medians_of_the_same_patients_at_two_visits_have_their_joint_probability() -> None:
    """Three and two patients in three classes: u by the trapezoidal rule, against all 9^n ways in which they fall."""
    data = medians(np.array([3, 2]), np.array([[1.0, 0.0], [1.0, 0.5]]), 3)
    evaluate = pointwise(TWO.build(data, "cumulative_logit", PRIORS))
    nodes = np.linspace(-6, 6, 17)
    weight = stats.norm.pdf(nodes) * (nodes[1] - nodes[0])
    for a, n in enumerate((3, 2)):
        joint = over_patients(
            lambda u, a=a: np.outer(chances(AT_TWO, a, u, 0), chances(AT_TWO, a, u, 1)).ravel(), 9
        )
        expected = sum(
            np.prod([joint[3 * first[i] + second[i]] for i in range(n)])
            for first, second in itertools.product(itertools.product(range(3), repeat=n), repeat=2)
            if (np.median(first), np.median(second)) == tuple(data["middle"][a])
        )
        found = 0.0
        for at in itertools.product(range(len(nodes)), repeat=n):
            if list(at) == sorted(at):
                same = np.prod([special.factorial(at.count(k)) for k in set(at)])
                u = np.zeros((2, 3))
                u[a, :n] = nodes[list(at)]
                likelihood = np.exp(evaluate(**AT_TWO, patient=u)[a].sum())
                found += special.factorial(n) / same * weight[list(at)].prod() * likelihood
        assert found == pytest.approx(expected, rel=1e-5)


def test_naming_the_other_arm_as_reference_changes_nothing() -> None:
    middle, u = np.array([[1.0, 0.0], [1.0, 0.5]]), np.random.default_rng(3).normal(size=(2, 4))
    turned = AT_TWO | {"log_odds_ratio": -AT_TWO["log_odds_ratio"], "base": -AT_TWO["base"]}
    found = []
    for given, rows, own, n in ((AT_TWO, middle, u, [3, 4]), (turned, middle[::-1], u[::-1], [4, 3])):
        data = medians(np.array(n), rows, 3)
        at = given | {"patient": own}
        found.append(_LogDensity(TWO.build(data, "cumulative_logit", PRIORS), at).at(at, data))
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_predicted_medians_and_categories_have_the_chances_of_the_likelihood() -> None:
    rng, size = np.random.default_rng(5), 20_000
    dims = {"gap": ("cut",), "shift": ("moved",), "log_odds_ratio": ("later",)}
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *dims.get(name, ())), np.broadcast_to(v, (1, size, *np.shape(v))).copy())
            for name, v in GIVEN.items()
        }
    )
    n = np.array([6, 5])
    data = medians(n, np.array([[1.5], [1.0]]), 4)
    chance = np.exp(pointwise(ONE.build(data, "cumulative_logit", PRIORS))(**GIVEN))[:, 0]
    found = ONE.predict(rng, draws, data, "cumulative_logit")["middle"].to_numpy()[0, :, :, 0]
    share = (found == [1.5, 1.0]).mean(axis=0)
    np.testing.assert_allclose((share - chance) / np.sqrt(chance * (1 - chance) / size), 0, atol=4)
    counted = ONE.predict(rng, draws, of_counts(np.zeros((2, 4)), n), "cumulative_logit")
    for a in (0, 1):
        mean = counted["count"].to_numpy()[0, :, a].mean(axis=0)
        p = chances(GIVEN, a)
        np.testing.assert_allclose((mean - n[a] * p) / np.sqrt(n[a] * p * (1 - p) / size), 0, atol=4)


def test_the_embedded_study_has_its_medians_as_evidence() -> None:
    (job, *_) = jobs_of(load_study(), load_plan("mgfa"))
    data = job.data
    np.testing.assert_array_equal(data["middle"], [[2, 0, 0], [2, 0, 0]])
    np.testing.assert_array_equal(data["n"], [17, 16])


def _study(**changes: Any) -> tuple[Study, Plan]:
    """The embedded study with another claim on MGFA class, and a plan of one visit."""
    raw = load_study().model_dump(mode="json", exclude_none=True)
    raw["claims"] = [row for row in raw["claims"] if row.get("endpoint") != "mgfa"]
    (endpoint,) = [row for row in raw["endpoints"] if row["id"] == "mgfa"]
    endpoint |= {"levels": ["0", "I", "II"]}
    claim = {"id": "mgfa.it", "what": "class", "source": ["A"], "endpoint": "mgfa"} | changes
    plan = load_plan("mgfa").model_dump(mode="json", exclude_none=True)
    plan |= {"endpoints": [{"endpoint": "mgfa", "visit": "last"}], "headline": [], "important": []}
    del plan["decision"]
    return Study.model_validate(raw | {"claims": [*raw["claims"], claim]}), Plan.model_validate(plan)


def _read(*rows: dict[str, str]) -> dict[str, Any]:
    study, plan = _study(summaries=[{"visit": "last", **row} for row in rows])
    (job, *_) = jobs_of(study, plan)
    model = job.model
    return model.from_study(study, plan)  # type: ignore[no-any-return]


def test_categories_that_leave_none_out_are_evidence() -> None:
    counts = {"achr": (9, 0, 8), "musk": (10, 6, 0)}
    rows = [
        {"group": arm, "level": level, "count": str(x)}
        for arm, row in counts.items()
        for level, x in zip(("0", "I", "II"), row, strict=True)
    ]
    np.testing.assert_array_equal(_read(*rows)["count"], [[9, 0, 8], [10, 6, 0]])
    with pytest.raises(NotPrinted, match="categories"):
        _read(*rows[:-1], {"group": "musk", "level": "II", "count": "1"})


def test_a_plan_is_proposed_for_classes_that_a_paper_counts() -> None:
    study = load_study(ROOT / "studies" / "fonc2022.toml")
    plan = ordinal_plan(study, study.endpoint("complications"))
    assert isinstance(plan, Plan)
    (job,) = jobs_of(study, plan)
    np.testing.assert_array_equal(job.data["count"], [[25, 3, 1, 3, 2], [28, 1, 3, 2, 0]])
    assert {row.id: row.benefit for row in job.declared()}[plan.headline[0]] == "higher"
    assert set(plan.prior_set(plan.family)) == {"first_cut", "gap", "log_odds_ratio"}


def test_what_no_patients_can_have_is_refused() -> None:
    half = _read({"group": "achr", "median": "I"}, {"group": "musk", "median": "0.5"})
    np.testing.assert_array_equal(half["middle"], [[1], [0.5]])
    with pytest.raises(NotPrinted, match="can have"):
        _read({"group": "achr", "median": "0.5"}, {"group": "musk", "median": "0.5"})  # of 17
    with pytest.raises(NotPrinted, match="median"):
        _read({"group": "achr", "median": "I"})


@pytest.mark.evidence
@pytest.mark.parametrize("model", [ONE, TWO], ids=["one visit", "two visits"])
def test_ranks_of_simulated_studies_are_uniform(model: Ordinal) -> None:
    like = medians(np.array([17, 16]), np.zeros((2, 2 if model is TWO else 1)), 4)
    rng, ranks = np.random.default_rng(11), []
    compiled = compile_model(model.build(like, "cumulative_logit", PRIORS))
    sampling = Sampling(chains=2, draws=500, tune=500, target_accept=0.95, seed=3)
    for _ in range(120):
        truth, study = model.simulate(rng, like, "cumulative_logit", PRIORS)
        posterior, _stats = draw(swap(compiled, study), sampling, cores=1)
        ranks.append(float((posterior["log_odds_ratio"][..., 0] < truth["log_odds_ratio"][0]).mean()))
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
