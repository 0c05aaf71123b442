"""The fit on curves: the patients' own posterior where the curve tells everything, a wider one where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mgbayes.errors import InputError
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.pooled import Spread, spread_of
from mgbayes.inference.run import Fitter
from mgbayes.models.plan_file import load_plan
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.imputations import read_imputations
from mgbayes.reconstruction.write import write_ensemble
from mgbayes.study.schema import DAYS_IN, Study
from tests.oracles.known_patients import bench

pytestmark = pytest.mark.long
ENDPOINT = "time_to_relapse"
ARMS = ("achr", "musk")
MEMBERS = 8
KNOWN = next(arms for arms in bench.cohorts(200, seed=3) if 28 <= sum(len(arm.time) for arm in arms) <= 40)
TELLING = bench.Setting("exact", table=True, totals=True, marks=True)
SILENT = bench.Setting("noise")


def _file(folder: Path, setting: object) -> Path:
    rng = np.random.default_rng(1)
    curves = [bench.digitized(arm, name, setting, rng) for arm, name in zip(KNOWN, ARMS, strict=True)]
    return write_ensemble(reconstruct(curves, members=MEMBERS, seed=1), folder / "relapse.csv")


def _patients() -> xr.Dataset:
    time = np.concatenate([arm.time for arm in KNOWN]) * DAYS_IN["months"]
    event = np.concatenate([arm.event for arm in KNOWN]).astype(float)
    parts = {"time": time, "event": event, "lower": time, "upper": np.where(event == 1, time, np.inf)}
    arm = np.repeat(ARMS, [len(one.time) for one in KNOWN])
    return xr.Dataset(
        {f"{ENDPOINT}.{name}": ("patient", values) for name, values in parts.items()},
        coords={"patient": np.arange(1, len(time) + 1), "arm": ("patient", arm)},
    )


@pytest.fixture(scope="module", name="fits")
def _fits(study: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fit]:
    plan = load_plan("relapse")
    sampling = plan.sampling.model_copy(update={"draws": 1000, "tune": 500, "target_accept": 0.9})
    plan = plan.model_copy(update={"sampling": sampling})
    fitter = Fitter(cores=2, use_cache=False, predictive=False)
    made = {"patients": fitter.fit(Job(study, plan, "weibull", patients=_patients()))}
    for name, setting in (("telling", TELLING), ("silent", SILENT)):
        members = read_imputations(_file(tmp_path_factory.mktemp(name), setting), study, ENDPOINT)
        made[name] = fitter.fit(Job(study, plan, "weibull", members=members))
    assert len(fitter._compiled) == 1
    return made


def _log_ratio(fit: Fit) -> np.ndarray:
    return fit.posterior["log_hazard_ratio"].transpose("chain", "draw").to_numpy()


def test_the_evidence_is_named(fits: dict[str, Fit]) -> None:
    assert [fits[name].evidence for name in ("patients", "telling", "silent")] == ["patients", "km", "km"]
    pooled = fits["telling"].pooled
    assert pooled is not None
    assert (pooled.members, len(pooled.diagnostics)) == (MEMBERS, MEMBERS)


def test_a_curve_that_tells_everything_gives_the_posterior_of_the_patients(fits: dict[str, Fit]) -> None:
    ours, theirs = (_log_ratio(fits[name]) for name in ("telling", "patients"))
    draws = 1000.0  # of 4000 and more: autocorrelation of neighbours is allowed for
    error = 4 * np.sqrt(theirs.var() / draws + ours.var() / draws)
    assert abs(ours.mean() - theirs.mean()) < error
    assert ours.std() / theirs.std() == pytest.approx(1, abs=4 / np.sqrt(2 * draws) * np.sqrt(2))
    pooled = fits["telling"].pooled
    assert pooled is not None
    assert all(row.share_between < 0.01 for row in pooled.spread)


def test_a_curve_that_leaves_much_open_gives_a_wider_one(fits: dict[str, Fit]) -> None:
    # Wider in truth; the variance of draws worth 1000 is known to a share of sqrt(2 / 1000), four errors are allowed.
    error = 4 * np.sqrt(2 / 1000) * np.sqrt(2)
    assert _log_ratio(fits["silent"]).var() > (1 - error) * _log_ratio(fits["patients"]).var()
    silent, telling = fits["silent"].pooled, fits["telling"].pooled
    assert silent is not None
    assert telling is not None
    for wide, narrow in zip(silent.spread, telling.spread, strict=True):
        assert wide.share_between > 10 * narrow.share_between


def test_variances_are_those_of_rubin() -> None:
    """Two data sets with two draws each, by hand."""
    parts = [
        xr.Dataset({"x": (("chain", "draw"), [[0.0, 2.0]])}),
        xr.Dataset({"x": (("chain", "draw"), [[3.0, 5.0]])}),
    ]
    (row,) = spread_of(parts)
    assert row == Spread("x", within=2.0, between=4.5, members=2)
    assert row.total == pytest.approx(2 + 1.5 * 4.5)


def test_every_fault_of_a_file_is_told_at_once(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "bad.reconstructed.csv"
    file.write_text("member,patient,arm,time,event\n1,1,achr,-4,1\n1,2,mosk,5,2\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_imputations(file, study, "remission")
    text = str(caught.value)
    for part in ("'remission'", "'-4'", "'mosk'", "'2'", "bad.reconstructed.json"):
        assert part in text


def test_members_of_other_patients_are_refused(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "uneven.reconstructed.csv"
    rows = ["1,1,achr,4,1", "1,2,musk,5,0", "2,1,achr,4,1", "2,2,musk,5,0", "2,3,musk,6,0"]
    file.write_text("\n".join(["member,patient,arm,time,event", *rows, ""]), "utf-8")
    file.with_suffix(".json").write_text('{"provenance": {"time_unit": "days"}}', "utf-8")
    with pytest.raises(InputError, match="imputation 2"):
        read_imputations(file, study, ENDPOINT)
    good = tmp_path / "good.reconstructed.csv"
    good.write_text("\n".join(["member,patient,arm,time,event", *rows[:4], ""]), "utf-8")
    good.with_suffix(".json").write_text('{"provenance": {"time_unit": "years"}}', "utf-8")
    one, two = read_imputations(good, study, ENDPOINT)
    assert one[f"{ENDPOINT}.time"].to_numpy().tolist() == [4 * 365.25, 5 * 365.25]
    assert len(read_imputations(good, study, ENDPOINT, most=1)) == 1
    assert two.attrs["available"] == 2
