"""Commands that need no sampler do not load one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("pymc", "pytensor", "nutpie", "numba", "arviz_stats", "matplotlib", "statsmodels")


def _loaded_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["verify", "--no-search", "--json"],
        pytest.param(["verify", "--json"], marks=pytest.mark.long),
        ["schema"],
    ],
)
def test_no_sampler_is_imported(args: list[str]) -> None:
    code = (
        f"sys.argv = {['mgbayes', *args]!r}\n"
        "from mgbayes.cli import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code in (0, None), stop.code"
    )
    assert not _loaded_after(code) & set(HEAVY)


def test_help_loads_neither_scipy_nor_pydantic() -> None:
    code = (
        "sys.argv = ['mgbayes', '--help']\nfrom mgbayes.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert not _loaded_after(code) & {"scipy", "numpy", "pandas", "pydantic"}


@pytest.mark.parametrize(
    "package",
    [
        "study",
        "patients",
        "verification",
        "frequentist",
        "patient_comparison",
        "estimands",
        "reconstruction",
        "report",
    ],
)
def test_packages_below_the_inference_never_import_pymc(package: str) -> None:
    code = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module('mgbayes.{package}')\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(module.name)"
    )
    assert "pymc" not in _loaded_after(code)
