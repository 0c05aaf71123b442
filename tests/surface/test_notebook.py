"""The notebook surface: the page's own lines run, and what they give is what is promised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arviz_stats
import matplotlib as mpl
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from jupyter_client.manager import start_new_kernel

import mgbayes as mb
from mgbayes.errors import InputError
from mgbayes.inference.fit import Fit
from tests.conftest import ROOT
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

LINES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notebook.md").read_text("utf-8"), re.DOTALL)[0]
GROUPS = {
    "posterior",
    "sample_stats",
    "contrasts",
    "prior",
    "prior_predictive",
    "posterior_predictive",
    "observed_data",
    "constant_data",
}


@pytest.fixture(scope="module", name="ran")
def _ran() -> Iterator[dict[str, Any]]:
    """The lines of the page, as a notebook runs them."""
    names: dict[str, Any] = {}
    with mpl.rc_context({"backend": "agg"}):
        exec(compile(LINES, "notebook.md", "exec"), names)
        yield names


@pytest.fixture(scope="module", name="fit")
def _fit() -> Fit:
    return mb.fit("litchman2020", "binary")


def test_the_page_is_short() -> None:
    assert len([line for line in LINES.splitlines() if line.strip()]) <= 15


def test_a_notebook_shows_every_stage_on_one_line_without_widgets_and_keeps_none() -> None:
    """In a kernel as notebooks have it; nor is there a word on standard error."""
    manager, client = start_new_kernel()
    seen: list[dict[str, Any]] = []
    try:
        code = "import mgbayes as mb; mb.verify(mb.load_study(), search=False, use_cache=False).tally()"
        client.execute_interactive(code, output_hook=seen.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    kinds = ("display_data", "update_display_data")
    lines = [it["content"]["data"]["text/plain"] for it in seen if it["msg_type"] in kinds]
    assert lines == ["starting", *(claim.id for claim in mb.load_study().claims), ""]
    assert {it["msg_type"] for it in seen} - {*kinds, "status"} == {"execute_input", "execute_result"}


@pytest.mark.long
def test_the_lines_of_the_page_run_and_a_skeptical_prior_is_less_sure(ran: dict[str, Any]) -> None:
    usual, skeptical = (ran[name].summary().loc["hazard_ratio", "p_benefit"] for name in ("fit", "skeptical"))
    assert 0.5 < skeptical < 0.75 < usual
    events = ran["fit"].tree["observed_data"]["events"].to_numpy().tolist()
    assert events == [10, 6]


def test_a_summary_is_of_the_draws_of_the_tree(fit: Fit) -> None:
    table = fit.summary()
    assert table.index.tolist() == [row.id for row in fit.estimands]
    for row in fit.estimands:
        draws = fit.tree["contrasts"][row.id].to_numpy()
        shown = table.loc[row.id]
        assert shown["median"] == np.median(draws)
        assert shown["low"] == pytest.approx(np.quantile(draws, 0.025), rel=1e-12)
        assert row.benefit == "higher"
        assert shown["p_benefit"] == (draws > row.null).mean()


def test_a_tree_has_arviz_groups_and_says_where_it_is_from(fit: Fit) -> None:
    assert set(fit.tree.children) == GROUPS
    assert set(fit.tree["prior"].data_vars) <= set(fit.tree["posterior"].data_vars)
    observed = fit.tree["observed_data"].to_dataset()
    for name, values in fit.tree["posterior_predictive"].data_vars.items():
        assert values.dims[2:] == observed[name].dims
    assert arviz_stats.summary(fit.tree, var_names=["log_odds_ratio_pis_mm"]).shape[0] == 1
    said = fit.tree.attrs
    assert (said["plan"], said["evidence"], said["created_by"]) == ("binary", "published", "mgbayes")
    assert json.loads(said["priors"]).keys() == fit.priors.keys()


def test_the_model_is_a_pymc_model_of_the_posterior(fit: Fit) -> None:
    assert isinstance(fit.model, pm.Model)
    assert {rv.name for rv in fit.model.free_RVs} <= set(fit.tree["posterior"].data_vars)


@pytest.mark.long
def test_other_numbers_of_a_prior_are_those_of_the_model(fit: Fit) -> None:
    other = mb.fit("litchman2020", "binary", priors={"log_odds_ratio_pis_mm": (0.0, 0.1)})
    assert other.priors["log_odds_ratio_pis_mm"].call() == "Normal(0, 0.1)"
    wide, narrow = (made.summary().loc["odds_ratio_pis_mm", "high"] for made in (fit, other))
    assert narrow < 1.25 < wide


def test_a_repr_is_short_and_escaped(fit: Fit) -> None:
    assert (
        repr(fit)
        == f"Fit(binary-independent-published: 4 chains of {fit.posterior.sizes['draw']} draws, diagnostics ok)"
    )
    assert "<table" in fit._repr_html_()
    ledger = mb.verify(mb.load_study("litchman2020"), search=False)
    assert len(repr(ledger)) < 300
    assert ledger.to_dataframe().shape[0] == len(ledger.claims)
    assert "<script" not in ledger._repr_html_()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "plan": ({"plan": "binry"}, "did you mean 'binary'?"),
    "family": ({"family": "probit"}, "one of independent, hierarchical, beta"),
    "parameter": ({"priors": {"slope": (0.0, 1.0)}}, "one of "),
    "numbers": ({"priors": {"log_odds_ratio_pis_mm": (0.0,)}}, "normal takes 2 numbers"),
    "test": ({"printed_p": "log-rank"}, "nothing: the plan names no reported p"),
    "alternative": ({"alternative": "digit"}, "did you mean 'digit_slip'?"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_asked_is_refused_with_what_can(name: str) -> None:
    asked, accepted = WRONG[name]
    with pytest.raises(InputError) as error:
        mb.fit(**{"study": "litchman2020", "plan": "binary"} | asked)
    assert accepted in str(error.value)


@pytest.mark.long
def test_a_re_analysis_is_a_value_and_writes_only_what_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: Fit
) -> None:
    monkeypatch.chdir(tmp_path)
    results = mb.reanalyze("litchman2020", plans=[mb.load_plan("binary")], search=False)
    assert list(tmp_path.iterdir()) == []
    assert (
        repr(results)
        == f"Results(litchman2020: {len(results.ledger.claims)} claims, {len(results.fits)} fits)"
    )
    table = results.to_dataframe()
    own = table[(table["plan"] == "binary") & (table["family"] == "independent")]
    assert own["p_benefit"].tolist() == fit.summary()["p_benefit"].tolist()
    assert "<table" in results._repr_html_()
    page = results.to_html(tmp_path / "page" / "report.html")
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]
    assert results.study.title in page.read_text("utf-8")
    written = results.write(tmp_path / "all")
    (draws,) = [path for path in written if path.name == "binary-independent-published.nc"]
    with xr.open_datatree(draws, engine="h5netcdf") as tree:
        assert set(tree.children) == GROUPS
        assert tree.attrs["fit"] == fit.name


@pytest.mark.long
def test_the_tree_of_a_fit_on_patients_has_each_patient_and_its_file_none(tmp_path: Path) -> None:
    study = mb.load_study(made_up_study(tmp_path))
    table: pd.DataFrame = twin()
    fit = mb.fit(
        study, mb.load_plan("relapse"), patients=mb.read_patients(write(table, tmp_path / "twin.csv"), study)
    )
    assert fit.tree["log_likelihood"].sizes["row"] == len(table)
    assert float(arviz_stats.loo(fit.tree).elpd) == pytest.approx(fit.leave_one_out.elpd)  # type: ignore[union-attr]
    assert not set(fit.shareable.children) & {"log_likelihood", "observed_data", "constant_data"}
