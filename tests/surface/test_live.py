"""The live part of the page in a browser: against closed forms and Python's weights, refusal, address, time.

Collected where MGBAYES_BROWSER names a Chromium.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Browser, CDPSession, Page
from scipy.stats import binom, norm

from mgbayes.grade.explorer import explorables
from mgbayes.models.priors import Prior
from mgbayes.report.live import parts
from mgbayes.results import Results
from mgbayes.robustness.reference_priors import ReferencePrior, normal_prior
from mgbayes.robustness.reweighting import log_density, smoothed
from tests.toy_results import PRIOR, RELAPSE, toy_results

PRIORS = [(mean, sd) for mean in (-0.6, -0.3, 0.0, 0.3, 0.6) for sd in (0.35, 0.6, 1.0, 1.6)]
FAR = (3.0, 0.1)


@pytest.fixture(scope="module", name="file")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_results().to_html(tmp_path_factory.mktemp("live") / "report.html")


@pytest.fixture(name="page")
def _page(browser: Browser, file: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    page.locator("#live > summary").click()
    yield page
    page.close()
    assert faults == []


def _computed(page: Page, outcome: int, parts: str) -> dict[str, Any]:
    code = (
        f"(() => {{ const it = Live.outcomes[{outcome}];"
        f"const found = Live.compute(it, it.evidence[0], {parts}, it.threshold);"
        "delete found.weight; return found; })()"
    )
    found: dict[str, Any] = page.evaluate(code)
    return found


@pytest.mark.parametrize(("mean", "sd"), PRIORS)
def test_a_normal_prior_gives_the_exact_posterior(page: Page, mean: float, sd: float) -> None:
    centre, spread = RELAPSE
    _, own = PRIOR.values
    precision = 1 / spread**2 - 1 / own**2  # of the likelihood that this posterior and prior imply
    likelihood = centre / spread**2 / precision
    after = 1 / (precision + 1 / sd**2)
    exact = norm(after * (precision * likelihood + mean / sd**2), after**0.5)
    found = _computed(page, 0, f"Live.normal({mean}, {sd})")
    assert found["trusted"]
    assert found["benefit"] == pytest.approx(exact.cdf(0), abs=0.01)
    assert found["important"] == pytest.approx(exact.cdf(np.log(0.8)), abs=0.01)
    assert np.log(found["median"]) == pytest.approx(exact.median(), abs=0.02)
    assert np.log([found["low"], found["high"]]) == pytest.approx(exact.ppf([0.025, 0.975]), abs=0.06)


def test_every_named_prior_weights_as_python_does(page: Page) -> None:
    results = toy_results()
    rows = explorables(results.summary_of_findings, results.fits)
    assert [row.finding.plan.id for row in rows] == ["relapse", "binary"]
    for at, row in enumerate(rows):
        effect, contrast = row.evidence[0].effect, row.evidence[0].contrast
        estimand = row.finding.summary.estimand
        better = contrast > estimand.null if estimand.benefit == "higher" else contrast < estimand.null
        for i, named in enumerate(row.priors):
            weight, k = smoothed(log_density(named.prior, effect) - log_density(row.evidence[0].own, effect))
            found = _computed(page, at, f"it.priors[{i}].parts")
            assert found["k"] == pytest.approx(k, abs=0.01)
            share = (weight * better).sum() / weight.sum()
            assert found["benefit"] == pytest.approx(share, abs=0.002)
            error = np.sqrt(((weight * (better - share)) ** 2).sum()) / weight.sum()
            assert found["error"] == pytest.approx(error, rel=0.02, abs=1e-5)


COUNT, PATIENTS = (5, 11), (17, 16)
"""Events and patients of the reference and of the contrast arm."""


def _counted() -> Results:
    """The yes/no outcome of the toy with draws from the posterior of these counts, and the slope of each."""
    toy = toy_results()
    fit = toy.fits[1]
    name = "log_odds_ratio_pis_mm"
    own = fit.effect_prior(name)
    assert own is not None
    level, ratio = np.linspace(-8, 8, 321)[:, None], np.linspace(-14.99, 14.99, 1500)
    mass = _likelihood(level, ratio) * np.exp(log_density(own, ratio))
    rng = np.random.default_rng(1)
    at = rng.choice(mass.size, size=(4, 2500), p=mass.ravel() / mass.sum())
    drawn = ratio[at % ratio.size] + rng.uniform(-0.5, 0.5, at.shape) * (ratio[1] - ratio[0])
    logit = level[at // ratio.size, 0] + np.array([-0.5, 0.5])[:, None, None] * drawn
    chance = 1 / (1 + np.exp(-logit))
    away = np.reshape(COUNT, (2, 1, 1)) - np.reshape(PATIENTS, (2, 1, 1)) * chance
    slope = (away[1] - away[0]) / 2
    step = 1e-5
    slope += (log_density(own, drawn + step) - log_density(own, drawn - step)) / (2 * step)
    dims = ("chain", "draw")
    fit = replace(
        fit,
        posterior=xr.Dataset({name: (dims, drawn)}),
        contrasts=xr.Dataset(
            {
                "odds_ratio_pis_mm": (dims, np.exp(drawn)),
                "risk_difference_pis_mm": (dims, chance[1] - chance[0]),
            }
        ),
        sample_stats=xr.Dataset({"slope": ((*dims, "of"), slope[..., None])}, coords={"of": [name]}),
    )
    return Results(toy.study, toy.ledger, (fit,))


def _likelihood(level: np.ndarray, ratio: np.ndarray) -> Any:
    """Of a level and a log odds ratio, times the prior of the level."""
    likelihood = norm.pdf(level, 0.2, 1.5)
    for y, n, side in zip(COUNT, PATIENTS, (-0.5, 0.5), strict=True):
        likelihood = likelihood * binom.pmf(y, n, 1 / (1 + np.exp(-level - side * ratio)))
    return likelihood


def _exact(priors: list[ReferencePrior]) -> list[float]:
    """P(log odds ratio > 0) under each prior: a sum over a fine grid of it and of the level."""
    level, ratio = np.linspace(-8, 8, 321)[:, None], np.linspace(-14.99, 14.99, 1500)
    likelihood = _likelihood(level, ratio).sum(axis=0)
    posterior = [np.exp(log_density(prior.prior, ratio)) * likelihood for prior in priors]
    return [float(mass[ratio > 0].sum() / mass.sum()) for mass in posterior]


def test_draws_with_slopes_agree_with_the_exact_posterior_under_20_priors(
    browser: Browser, tmp_path: Path
) -> None:
    results = _counted()
    (row,) = explorables(results.summary_of_findings, results.fits)
    points = [(mean, sd) for mean in (-0.7, 0.0, 0.35, 1.4) for sd in (0.5, 1.0)]
    priors = [*row.priors, *(normal_prior(f"{mean}, {sd}", mean, sd, "A point.") for mean, sd in points)]
    page = browser.new_page()
    page.goto(results.to_html(tmp_path / "report.html").as_uri())
    page.locator("#live > summary").click()
    found = [_computed(page, 0, json.dumps(parts(prior.prior))) for prior in priors]
    (summary,) = (it for it in row.evidence[0].fit.summaries() if it.estimand.id == "odds_ratio_pis_mm")
    assert summary.mcse_p_benefit is not None
    first = page.locator("#live-answer").text_content() or ""  # as in the table, which is made from draws
    assert (
        f"all draws, which leaves P(benefit) a Monte Carlo error of {100 * summary.mcse_p_benefit:.2f} %"
        in first
    )
    page.locator("#live-prior").select_option("1")
    text = page.locator("#live-answer").text_content() or ""
    page.close()
    exact = _exact(priors)
    assert len(found) == 20
    for it, truth in zip(found, exact, strict=True):
        assert it["trusted"]
        assert abs(it["benefit"] - truth) < 4 * it["error"] < 0.01
    assert "from a smooth posterior, which leaves P(benefit) a Monte Carlo error of" in text


def test_a_prior_too_far_away_is_refused_and_says_so(page: Page) -> None:
    mean, sd = FAR
    prior = Prior("normal", FAR, "far")
    row = explorables(toy_results().summary_of_findings, toy_results().fits)[0]
    _, k = smoothed(log_density(prior, row.evidence[0].effect) - log_density(PRIOR, row.evidence[0].effect))
    assert k > 0.7
    page.locator("#live-mean-number").fill(str(mean))
    page.locator("#live-mean-number").press("Tab")
    page.locator("#live-sd-number").fill(str(sd))
    page.locator("#live-sd-number").press("Tab")
    text = page.locator("#live-answer").text_content() or ""
    assert text.startswith("No answer: this prior is too far")
    assert f"Pareto k {k:.2f}" in text
    assert "P(benefit)" not in text
    assert page.locator("#live-curve").get_attribute("d") == ""


def test_the_first_answer_is_that_of_the_table(page: Page) -> None:
    cells = page.locator("table.findings tbody tr").first.locator("td")
    text = page.locator("#live-answer").text_content() or ""
    assert f"P(benefit) {cells.nth(4).text_content()};" in text
    shown = re.match(r"(.*) \((.*)\)", cells.nth(3).text_content() or "")
    assert shown is not None
    assert f"median {shown[1]} (central 95 % {shown[2]})" in text


def test_the_address_keeps_what_was_chosen(page: Page, browser: Browser) -> None:
    page.locator("#live-mean-number").fill("0.25")
    page.locator("#live-mean-number").press("Tab")
    page.locator("#live-threshold").fill("0.7")
    page.locator("#live-threshold").press("Tab")
    text = page.locator("#live-answer").text_content()
    other = browser.new_page()
    other.goto(page.url)
    assert other.locator("#live-answer").text_content() == text
    assert other.evaluate("Live.state.mean") == 0.25
    assert other.locator("#live").get_attribute("open") is not None
    other.close()


def test_an_address_that_makes_no_sense_is_not_followed(browser: Browser, file: Path) -> None:
    for hash_ in (
        "#live=nothing",
        "#live=relapse-hazard_ratio&e=99&m=x&s=-1&t=<b>",
        "#live=relapse-hazard_ratio&p=1e9",
    ):
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
        page.goto(file.as_uri() + hash_)
        assert (page.locator("#live-answer").text_content() or "").startswith("P(benefit)")
        assert faults == []
        page.close()


def test_it_is_operated_by_the_keyboard(page: Page) -> None:
    before = page.locator("#live-answer").text_content()
    page.locator("#live-mean").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("Live.state.prior") == -1
    assert page.locator("#live-answer").text_content() != before


def test_a_move_takes_one_frame_at_4000_draws(page: Page) -> None:
    """Processor time of script, style and layout, which a busy machine does not lengthen."""
    code = (
        "() => { const box = document.getElementById('live-mean'), curve = document.getElementById('live-curve');"
        "for (let i = 0; i < 100; i++) { box.value = i / 100; box.dispatchEvent(new Event('input'));"
        "curve.getBoundingClientRect(); } }"
    )
    assert page.evaluate("Live.outcomes[0].evidence[0].drawn.effect.length") == 4000
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _task_seconds(session)
    page.evaluate(code)
    milliseconds = 1000 * (_task_seconds(session) - before) / 100
    assert 0.1 < milliseconds < 16


def _task_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in metrics if row["name"] == "TaskDuration"))


def test_the_stored_draws_are_small(file: Path) -> None:
    text = file.read_text("utf-8")
    without = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", text)
    assert len(without.encode()) < 1_000_000
