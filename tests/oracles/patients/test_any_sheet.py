"""Sheets spoiled at random: never a traceback, and what is accepted holds no impossible value.

Unlike the known faults, nobody knows here what is wrong; the oracle is what must hold of any patient.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mgbayes.errors import InputError
from mgbayes.patients import read_patients
from tests.oracles.patients.cohort import cohort, grid
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.written import write

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=True, allow_infinity=True),
    st.dates(min_value=date(1900, 3, 1)),
    st.text(st.characters(exclude_categories=["C"]), max_size=8),
    st.sampled_from(["yes", "no", "NA", "-1", "0", "1e5", "1,5", "2019-03-31", '"', "II", "F", "AChR"]),
)


def _at_least(values: xr.DataArray, least: float) -> bool:
    return bool(((values >= least) | values.isnull()).all())


def _possible(data: xr.Dataset) -> None:
    """What is true of any patients, whatever the sheet says."""
    event, time, lower, upper = (data[f"relapse.{part}"] for part in ("event", "time", "lower", "upper"))
    assert set(np.unique(event)) <= {0.0, 1.0} or event.isnull().any()
    for known in (time, lower, upper):
        assert (known.isnull() == event.isnull()).all()
    seen, censored = event == 1, event == 0
    assert _at_least(time.where(seen), 1)
    assert _at_least(time, 0)
    assert _at_least(lower, 0)
    assert ((lower <= upper) | event.isnull()).all()
    assert ((lower <= time) & (time <= upper)).where(seen, True).all()
    assert np.isfinite(upper.where(seen, 0)).all()
    assert np.isinf(upper.where(censored, np.inf)).all()
    assert ((data["dose"] >= 0) & (data["dose"] <= 200) | data["dose"].isnull()).all()
    assert (data["class"].isnull() | data["class"].isin(range(4))).all()
    assert _at_least(data["stays"], 0)
    assert ((data["stays"] % 1 == 0) | data["stays"].isnull()).all()
    assert _at_least(data["stays.exposure"], 1e-300)
    assert (data["stays"].isnull() | data["stays.exposure"].notnull()).all()
    assert (
        (data["covariate.age"] >= 0) & (data["covariate.age"] <= 120) | data["covariate.age"].isnull()
    ).all()
    assert set(data["arm"].to_numpy()) == {"a", "b"}
    assert len(set(data["patient"].to_numpy())) == data.sizes["patient"]


@pytest.mark.long
@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    name=st.sampled_from(NAMES),
    suffix=st.sampled_from([".csv", ".csv", ".xlsx", ".parquet"]),
    cells=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), CELLS), max_size=3),
)
def test_spoiled_cells(
    tmp_path_factory, seed: int, name: str, suffix: str, cells: list[tuple[int, int, object]]
) -> None:
    rng = np.random.default_rng(seed)
    sheet = grid(rng, name, cohort(rng, 4))
    for row, column, cell in cells:
        heads = list(sheet.rows[0])
        sheet.rows[row % len(sheet.rows)][heads[column % len(heads)]] = cell
    path = tmp_path_factory.getbasetemp() / f"spoiled{suffix}"
    write(rng, sheet, path)
    _read(path, name)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    suffix=st.sampled_from([".csv", ".xlsx", ".parquet"]),
    at=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    cut=st.floats(0, 1),
    noise=st.binary(max_size=30),
)
def test_spoiled_bytes(
    tmp_path_factory, suffix: str, at: list[tuple[float, int]], cut: float, noise: bytes
) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
    write(rng, grid(rng, "days", cohort(rng, 4)), path)
    content = bytearray(path.read_bytes())
    for share, byte in at:
        content[int(share * (len(content) - 1))] = byte
    path.write_bytes(bytes(content[: int(len(content) * (1 - cut * (cut < 0.5)))]) + noise * (cut > 0.9))
    _read(path, "days")


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    suffix=st.sampled_from([".csv", ".xlsx", ".parquet"]),
    content=st.one_of(st.binary(), st.text().map(str.encode)),
)
def test_any_bytes(tmp_path_factory, suffix: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    _read(path, "days")


def _read(path: Path, name: str) -> None:
    try:
        data = read_patients(path, form(name))
    except InputError:
        return
    _possible(data)
