"""The live part of the page against posteriors that NUTS draws under each prior, for every main outcome.

Collected where MGBAYES_BROWSER names a Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import mgbayes as mb
from mgbayes.grade.explorer import Explorable, explorables
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan
from mgbayes.report.live import parts
from mgbayes.results import Results
from mgbayes.robustness.reference_priors import ReferencePrior, normal_prior
from mgbayes.robustness.settings import Setting
from mgbayes.study import load_study

pytestmark = pytest.mark.long

DRAWS = 5_000
"""Of each of four chains of a refit, so that its own error is small beside 0.01."""
PRIORS = {"remission": 5, "prednisone": 5, "relapse": 20, "binary": 20}
"""How many of 20 priors are refitted: fits of the first two take a minute of computing each."""


def _plan(name: str) -> Plan:
    """The plan as it is shipped, without the analyses that are not looked at."""
    return mb.load_plan(name).model_copy(update={"printed_p": (), "alternative_families": ()})


@pytest.fixture(scope="module", name="results")
def _results() -> Results:
    study = load_study().model_copy(update={"alternatives": ()})
    return mb.reanalyze(study, plans=[_plan(name) for name in PRIORS], search=False)


@pytest.fixture(scope="module", name="page")
def _page(browser: Browser, results: Results, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(results.to_html(tmp_path_factory.mktemp("refits") / "report.html").as_uri())
    yield page
    page.close()


def _priors(row: Explorable) -> list[ReferencePrior]:
    """The 12 named priors and 8 normal ones, 20 in all."""
    e, unit = row.varied.size, row.varied.unit
    points = [(mean, sd * unit) for mean in (-e, 0.0, 0.5 * e, 2 * e) for sd in (0.5, 1.0)]
    return [*row.priors, *(normal_prior(f"normal {mean:.2f}, {sd:.2f}", mean, sd, "") for mean, sd in points)]


def _on_page(page: Page, at: int, prior: ReferencePrior) -> dict[str, Any]:
    code = (
        "([at, parts]) => { const it = Live.outcomes[at];"
        "const found = Live.compute(it, it.evidence[0], parts, it.threshold); delete found.weight; return found; }"
    )
    found: dict[str, Any] = page.evaluate(code, [at, parts(prior.prior)])
    return found


def _refitted(fitter: Fitter, results: Results, row: Explorable, prior: ReferencePrior) -> float:
    """P(benefit) under a prior by a fit of its own."""
    plan = row.finding.plan
    job = Setting(results.study, plan, row.varied, prior, plan.family).refit()
    sampling = plan.sampling.model_copy(update={"draws": DRAWS})
    fit = fitter.fit(replace(job, plan=job.plan.model_copy(update={"sampling": sampling})))
    summary = next(it for it in fit.summaries() if it.estimand.id == row.finding.summary.estimand.id)
    assert summary.p_benefit is not None
    return summary.p_benefit


@pytest.mark.parametrize("at", range(5))
def test_the_page_agrees_with_refits_or_gives_no_answer(page: Page, results: Results, at: int) -> None:
    rows = explorables(results.summary_of_findings, results.fits)
    assert len(rows) == 5
    fitter = Fitter(use_cache=False, predictive=False)
    asked = _priors(rows[at])[:: 20 // PRIORS[rows[at].finding.plan.id]]
    found = [(prior, _on_page(page, at, prior)) for prior in asked]
    apart = {
        prior.name: it["benefit"] - _refitted(fitter, results, rows[at], prior)
        for prior, it in found
        if it["trusted"]
    }
    print(rows[at].varied.estimand, {name: round(by, 4) for name, by in apart.items()}, len(found))
    assert len(apart) > len(found) / 2
    assert max(map(abs, apart.values())) < 0.01
