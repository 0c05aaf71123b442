"""The grid on a Dask cluster that exists already: the same tables, also when a worker is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from mgbayes.comparison.blocks import Work
from mgbayes.comparison.simulated import METHODS, simulate
from mgbayes.comparison.truths import ValuesTruth
from mgbayes.errors import InputError
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import parse_plan
from mgbayes.report.write_grid import write_grid
from mgbayes.robustness.run import sensitivity
from mgbayes.study import Study
from tests.conftest import ROOT
from tests.oracles.normal_toy import PLAN, ROW

ON_WORKERS = """
from mgbayes.models.catalogue import MODELS
from tests.oracles.normal_toy import ROW
MODELS["toy"] = ROW
"""


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    MODELS["toy"] = ROW  # type: ignore[index]
    yield
    del MODELS["toy"]  # type: ignore[attr-defined]


@pytest.fixture(name="processes")
def _processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def _start(folder: Path, name: str, *args: str) -> subprocess.Popen[bytes]:
    env = os.environ | {"MGBAYES_CACHE": str(folder / "workers"), "PYTHONPATH": str(ROOT)}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", *args], cwd=folder, env=env, stdout=log, stderr=log)


def _cluster(folder: Path, processes: list[subprocess.Popen[bytes]]) -> str:
    """The address of a scheduler with two workers that keep their results elsewhere than the client."""
    from distributed import Client

    (folder / "workers").mkdir()
    (folder / "preload.py").write_text(ON_WORKERS, "utf-8")
    place = folder / "scheduler.json"
    listen = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place))
    processes.append(_start(folder, "scheduler", "distributed.cli.dask_scheduler", *listen))
    _until(place.exists)
    with Client(scheduler_file=str(place), timeout=60, set_as_default=False) as client:
        address = str(client.scheduler.address)
        alone = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--preload", str(folder / "preload.py"))
        processes += [
            _start(folder, name, "distributed.cli.dask_worker", address, *alone) for name in ("one", "two")
        ]
        client.wait_for_workers(2, timeout=120)
    return address


def _until(true: object, patience: float = 120.0) -> None:
    deadline = time.monotonic() + patience
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _kill_the_busy_one(address: str, folder: Path, killed: list[int]) -> None:
    """Once some refits are kept, the process of the worker that is making the others."""
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        pids = client.run(os.getpid)
        _until(lambda: len(list((folder / "workers" / "refits").glob("*.json"))) >= 2)
        busy = [worker for worker, tasks in client.processing().items() if tasks]
        os.kill(pids[busy[0]], signal.SIGKILL)
        killed.append(len(list((folder / "workers" / "refits").glob("*.json"))))


@pytest.mark.long
def test_a_cluster_that_loses_a_worker_writes_the_same_tables(
    study: Study, tmp_path: Path, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = parse_plan(PLAN, "toy.toml")
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path / "here"))
    write_grid(sensitivity(study, [plan], cores=1), tmp_path / "local")
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path / "client"))
    address = _cluster(tmp_path, processes)
    killed: list[int] = []
    killer = threading.Thread(target=_kill_the_busy_one, args=(address, tmp_path, killed))
    killer.start()
    write_grid(sensitivity(study, [plan], cluster=address), tmp_path / "far")
    killer.join()
    assert killed
    assert 2 <= killed[0] < 15
    assert sum(process.poll() == -signal.SIGKILL for process in processes) == 1
    files = [path for path in sorted((tmp_path / "local").rglob("*")) if path.is_file()]
    assert files
    for path in files:
        assert (tmp_path / "far" / path.relative_to(tmp_path / "local")).read_bytes() == path.read_bytes(), (
            path
        )
    # The client keeps what came from elsewhere, so that nothing is asked for twice.
    assert len(list((tmp_path / "client" / "refits").glob("*.json"))) == 15
    assert len(list((tmp_path / "client" / "cells").glob("*.json"))) == 12


def test_an_address_where_no_scheduler_answers_is_named(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("mgbayes.executor"), "_TIMEOUT", 0.2)
    plan = parse_plan(PLAN, "toy.toml")
    with pytest.raises(InputError, match="running Dask scheduler"):
        sensitivity(study, [plan], cluster="tcp://127.0.0.1:9", use_cache=False)


@pytest.mark.long
def test_a_comparison_on_a_cluster_has_the_figures_of_one_process(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path / "client"))
    methods = {name: METHODS[ValuesTruth][name] for name in ("welch", "bayesian_normal_usual")}
    compared = partial(simulate, (ValuesTruth(), ValuesTruth(-1.0)), 9, 8, repetitions=1500, methods=methods)
    local = compared(work=Work(1, use_cache=False))
    address = _cluster(tmp_path, processes)
    assert local.dataset.identical(compared(work=Work(cluster=address)).dataset)
    # The client keeps what came from elsewhere, so that nothing is asked for twice.
    assert len(list((tmp_path / "client" / "comparisons").glob("*.json"))) == 4
