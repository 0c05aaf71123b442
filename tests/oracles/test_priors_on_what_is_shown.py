"""The prior of a cell is the prior of the odds ratio that it shows: held to integrals over two-by-two tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mgbayes.errors import InputError
from mgbayes.inference.job import Job, applies
from mgbayes.inference.run import Fitter
from mgbayes.models.binary import Binary
from mgbayes.models.overlap import overlapping, perhaps_nested
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.robustness.cell import Cell, cell_by_refit, cell_from_parent
from mgbayes.robustness.reference_priors import OWN
from mgbayes.robustness.settings import Setting, induced_interval, is_prior_of, settings
from mgbayes.robustness.tipping import Refit, surface, tipping_sd
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from tests.conftest import ROOT
from tests.known_models import priors_of
from tests.oracles.test_binary_model import quadrature

TABLES = {"well": (2, 16, 14, 20), "home": (5, 16, 9, 20)}
LOG_ODDS = np.linspace(-12, 12, 2401)


def _made(fitter: Fitter, setting: Setting) -> Cell:
    return cell_from_parent(fitter, setting) or cell_by_refit(fitter, setting)


def study(overlaps: tuple[str, ...] = (), visits: tuple[str, ...] = ()) -> Study:
    """Two arms and two yes/no endpoints, the first at each of the visits."""

    def summaries(name: str, visit: str | None) -> list[dict[str, str]]:
        x, m, y, n = TABLES[name]
        at = {} if visit is None else {"visit": visit}
        return [
            {"group": "old", "count": str(x), "n": str(m)} | at,
            {"group": "new", "count": str(y), "n": str(n)} | at,
        ]

    rows: list[tuple[str, str | None]] = [("home", None), *(("well", visit) for visit in visits or (None,))]
    return Study.model_validate(
        {
            "schema_version": 1,
            "id": "small",
            "title": "",
            "citation": "",
            "question": "",
            "sources": [{"id": "A", "what": "the paper"}],
            "arms": [
                {"id": "old", "label": "old", "n": "16", "reference": True},
                {"id": "new", "label": "new", "n": "20"},
            ],
            "visits": [
                {"id": visit, "label": f"week {k}", "days": str(7 * k)} for k, visit in enumerate(visits, 1)
            ],
            "endpoints": [
                {
                    "id": "well",
                    "label": "recovered",
                    "kind": "binary",
                    "benefit": "higher",
                    "overlaps": overlaps,
                },
                {"id": "home", "label": "at home", "kind": "binary", "benefit": "higher"},
            ],
            "claims": [
                {
                    "id": f"c{i}",
                    "what": "",
                    "source": ["A"],
                    "endpoint": name,
                    "summaries": summaries(name, visit),
                    "comparison": {"between": "arms"},
                }
                for i, (name, visit) in enumerate(rows)
            ],
        }
    )


def plan(family: str = "independent", **changes: Any) -> Plan:
    own = [
        {"name": f"SD {sd}", "form": "normal", "values": [0.0, sd], "why": "A test."}
        for sd in (0.1, 0.205, 0.355)
    ]
    varied = [
        {
            "effect": f"log_odds_ratio_{name}",
            "estimand": f"odds_ratio_{name}",
            "expected": 2.0,
            "why": "A test.",
            "priors": own,
        }
        for name in TABLES
    ]
    row = {
        "schema_version": 1,
        "id": "small",
        "title": "A test",
        "question": "A test?",
        "model": "binary",
        "family": family,
        "endpoints": [{"endpoint": name} for name in TABLES],
        "sensitivity": varied,
        "sampling": {"draws": 2500, "target_accept": 0.95},
        "priors": {
            name: {"form": prior.form, "values": prior.values, "why": prior.why}
            for name, prior in priors_of("binary").items()
        },
    }
    return Plan.model_validate(row | changes)


@pytest.fixture(scope="module", params=["independent", "hierarchical"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(family: str) -> list[tuple[Setting, Cell]]:
    """Every cell of the first endpoint, by production code alone."""
    fitter = Fitter(cores=1, use_cache=False, predictive=False)
    chosen = [row for row in settings(study(), plan(family)) if row.varied.effect == "log_odds_ratio_well"]
    return [(row, _made(fitter, row)) for row in chosen]


@pytest.mark.long
def test_the_cells_of_three_skeptics_are_those_of_a_prior_on_the_odds_ratio(
    made: list[tuple[Setting, Cell]],
) -> None:
    """14/20 v 2/16: with a prior on a mean over endpoints the first was 0.98."""
    found = {row.reference_prior.name: cell.p_benefit for row, cell in made}
    for name, p in {"SD 0.1": 0.69, "SD 0.205": 0.84, "SD 0.355": 0.946}.items():
        assert found[name] == pytest.approx(p, abs=0.01)
        sd = float(name.removeprefix("SD "))
        assert quadrature(TABLES["well"], stats.norm(0, sd).pdf)[0] == pytest.approx(p, abs=0.005)


@pytest.mark.long
def test_every_cell_is_the_integral_over_its_table(made: list[tuple[Setting, Cell]], family: str) -> None:
    """Under each named prior; the plan's own is one only where nothing is pooled."""
    compared = 0
    for row, cell in made:
        if row.reference_prior.name == OWN and family == "hierarchical":
            continue
        rows = np.reshape(row.reference_prior.prior.values, (2, 4))

        def density(d: np.ndarray, rows: np.ndarray = rows) -> np.ndarray:
            parts = [
                weight * (stats.norm(at, scale) if np.isinf(df) else stats.t(df, at, scale)).pdf(d)
                for weight, at, scale, df in rows
            ]
            return np.sum(parts, axis=0)

        p, _ = quadrature(TABLES["well"], density)
        assert cell.p_benefit is not None, cell.reason
        assert cell.mcse_p_benefit is not None
        assert abs(cell.p_benefit - p) < 4.5 * max(cell.mcse_p_benefit, 0.0005), row.reference_prior.name
        assert cell.effect_sd is not None
        assert cell.prior_sd is not None
        assert cell.prior_weight == pytest.approx(min(1.0, (cell.effect_sd / cell.prior_sd) ** 2))
        compared += 1
    assert compared == (14 if family == "hierarchical" else 15)


@pytest.mark.long
def test_what_a_hierarchy_says_of_a_member_is_shown_beside_the_named_priors(
    made: list[tuple[Setting, Cell]], family: str
) -> None:
    (own,) = (cell for row, cell in made if row.reference_prior.name == OWN)
    if family == "independent":
        assert own.prior == "Normal(0, 1.5)"
    else:
        assert own.prior == "Normal(0, 0.901388), induced by mu ~ Normal(0, 0.75) and tau ~ HalfNormal(0.5)"


def test_the_sd_at_which_a_skeptic_is_convinced_is_that_of_the_effect() -> None:
    """A prior centred at no effect crosses 0.95 near an SD of 0.36."""
    rng, sds = np.random.default_rng(2), (0.15, 0.35, 0.8, 2.0, 5.0)
    level = np.linspace(-9, 9, 901)[:, None]
    first, second = (1 / (1 + np.exp(-(level + half * LOG_ODDS))) for half in (-0.5, 0.5))
    x, m, y, n = TABLES["well"]
    likelihood = (
        stats.norm.pdf(level, 0, 1.5) * stats.binom.pmf(x, m, first) * stats.binom.pmf(y, n, second)
    ).sum(axis=0)

    def refit(sd: float) -> Refit:
        weight = likelihood * stats.norm.pdf(LOG_ODDS, 0, sd)
        drawn = rng.choice(LOG_ODDS, 4000, p=weight / weight.sum()) + rng.uniform(-0.005, 0.005, 4000)
        return Refit(0.0, sd, drawn, drawn > 0)

    found = tipping_sd(surface([refit(sd) for sd in sds], np.array([0.0]), np.geomspace(0.15, 5, 16)), 0.95)
    assert found == pytest.approx(0.364, abs=0.03)


def test_an_estimand_that_the_prior_is_not_about_is_refused_unless_what_it_induces_is_shown() -> None:
    row = {
        "effect": "log_odds_ratio_well",
        "estimand": "risk_difference_well",
        "expected": 2.0,
        "why": "A test.",
    }
    with pytest.raises(InputError, match="induced = true") as error:
        settings(study(), plan(sensitivity=[row]))
    assert "sensitivity → 1 → estimand" in str(error.value)
    assert settings(study(), plan(sensitivity=[row | {"induced": True}]))
    job = Job(study(), plan(), "independent")
    assert is_prior_of(job, "log_odds_ratio_well", "odds_ratio_well")
    assert not is_prior_of(job, "log_odds_ratio_well", "odds_ratio_home")

    # The prior that a Normal(0, 0.355) induces on the odds ratio itself is log-normal.
    (prior,) = (
        s.reference_prior
        for s in settings(study(), plan())[:5]
        if s.reference_prior.name == "skeptical, moderate"
    )
    low, high = induced_interval(job, "log_odds_ratio_well", prior.prior, "odds_ratio_well")
    assert np.log([low, high]) == pytest.approx([-1.96 * 0.355, 1.96 * 0.355], abs=0.08)


def test_every_shipped_plan_varies_the_prior_of_what_it_watches(study: Study) -> None:
    """Or says that it does not: of the difference at equal baseline the ratio's prior is no prior."""
    for name in ("remission", "relapse", "binary"):
        shipped = load_plan(name)
        assert not any(row.induced for row in shipped.sensitivity)
        assert settings(study, shipped)


# ------------------------------------------------------------------ overlap


def test_outcomes_that_overlap_are_not_pooled_unless_the_plan_says_so() -> None:
    nested = study(overlaps=("home",))
    assert len(overlapping(nested, plan())) == 1
    for changes in ({"family": "hierarchical"}, {"alternative_families": ["hierarchical"]}):
        with pytest.raises(InputError) as error:
            applies(nested, plan(**changes))
        said = str(error.value)
        assert next(iter(changes)) in said
        for part in ("well with home", "independent", "pool_overlapping = true"):
            assert part in said
    assert applies(nested, plan("hierarchical", pool_overlapping=True))
    assert applies(nested, plan("independent"))
    assert applies(study(), plan("hierarchical"))


def test_counts_that_may_be_part_of_one_another_are_no_more_than_a_warning() -> None:
    """5/16 and 9/20 against 2/16 and 14/20: neither holds the other in both arms."""
    assert perhaps_nested(study(), plan()) == ()
    TABLES["home"] = (5, 16, 15, 20)
    try:
        assert len(perhaps_nested(study(), plan())) == 1
        assert applies(study(), plan("hierarchical"))
        assert perhaps_nested(study(overlaps=("home",)), plan()) == ()
    finally:
        TABLES["home"] = (5, 16, 9, 20)


def test_one_endpoint_has_no_hierarchy() -> None:
    alone = plan("hierarchical", endpoints=[{"endpoint": "well"}], sensitivity=[])
    with pytest.raises(InputError, match="'independent': one endpoint has nothing to share"):
        applies(study(), alone)


@pytest.mark.long
def test_one_endpoint_at_two_visits_has_the_visits_in_its_ids_and_labels() -> None:
    parts = [{"endpoint": "well", "visit": "w1"}, {"endpoint": "well", "visit": "w2"}]
    twice = plan(endpoints=parts, sensitivity=[])
    printed = study(visits=("w1", "w2"))
    fit = Fitter(cores=1, use_cache=False, predictive=False).fit(Job(printed, twice, "independent"))
    ids = {row.id: row.label for row in fit.declared}
    assert ids["odds_ratio_well_w1"] == "odds ratio, recovered, week 1"
    assert ids["risk_difference_well_w2"] == "difference in chance, recovered, week 2"
    p, _ = quadrature(TABLES["well"], stats.norm(0, 1.5).pdf)
    for visit in ("w1", "w2"):
        assert float((fit.contrasts[f"odds_ratio_well_{visit}"] > 1).mean()) == pytest.approx(p, abs=0.005)
    with pytest.raises(InputError, match="well at w1 with well at w2"):
        applies(printed, plan("hierarchical", endpoints=parts, sensitivity=[]))
    with pytest.raises(ValueError, match="each endpoint once"):
        plan(endpoints=[parts[0], parts[0]])
    assert len(Binary().declared(fit.data)) == 4


def test_a_difference_at_one_visit_is_the_effect_and_at_several_is_not() -> None:
    quality = load_study(ROOT / "studies" / "decarli2021.toml")
    plan = load_plan(ROOT / "studies" / "decarli2021" / "qor40.toml")
    assert is_prior_of(Job(quality, plan, "normal"), "difference", "mean_difference_24h")
    several = Job(load_study(), load_plan("prednisone"), "normal")
    assert not is_prior_of(several, "difference", "mean_difference_last")
