"""The live part of the page against NUTS under each of 20 priors.

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

pytestmark = pytest.mark.evidence

DRAWS = 10_000
"""Of each of four chains of a refit, so that its Monte Carlo error is small beside 0.01."""


def _plan(name: str) -> Plan:
    """The plan as it is shipped, without its other family and p values."""
    return mb.load_plan(name).model_copy(update={"alternative_families": (), "printed_p": ()})


@pytest.fixture(scope="module", name="results", params=["binary", "relapse", "remission", "prednisone"])
def _results(request: pytest.FixtureRequest) -> Results:
    return mb.reanalyze(load_study(), plans=[_plan(request.param)], search=False)


@pytest.fixture(scope="module", name="page")
def _page(browser: Browser, results: Results, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(results.to_html(tmp_path_factory.mktemp("refits") / "report.html").as_uri())
    yield page
    page.close()


def _priors(row: Explorable) -> list[ReferencePrior]:
    """The 12 named priors and normal ones, some more than 20, since the page refuses what its draws do not reach."""
    e, unit = row.varied.size, row.varied.unit
    points = [(mean, sd * unit) for sd in (0.5, 1.0, 0.3, 0.7) for mean in (-e, 0.0, 0.5 * e, 2 * e)]
    return [
        *row.priors,
        *(normal_prior(f"normal {mean:.2f}, {sd:.2f}", mean, sd, "A point.") for mean, sd in points),
    ]


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


def test_the_page_agrees_with_refits_under_20_priors(page: Page, results: Results) -> None:
    row = explorables(results.summary_of_findings, results.fits)[0]
    fitter = Fitter(use_cache=False, predictive=False)
    answers = [(prior, _on_page(page, 0, prior)) for prior in _priors(row)]
    found = [(prior, it) for prior, it in answers if it["trusted"]][:20]
    assert len(found) == 20
    for prior, it in found:
        assert it["benefit"] == pytest.approx(_refitted(fitter, results, row, prior), abs=0.01), prior.name
