"""Known patients and their digitized curves, as the benchmark makes them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "curves.py"
    spec = importlib.util.spec_from_file_location("benchmark_curves", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()
