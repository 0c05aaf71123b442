"""Interrupted while it draws, a fit ends as such: draws made so far never pass for all that were asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading
import pymc as pm
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.plan import Sampling

with pm.Model() as model:
    pm.Normal("x", shape=20)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background may have had it ignored
compiled = compile_model(model)
draw(compiled, Sampling(draws=1000), cores=1)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    draws, _ = draw(compiled, Sampling(draws=100_000, tune=100_000, chains=16), cores=1)
except KeyboardInterrupt:
    print("interrupted")
else:
    print("drawn", dict(draws.sizes))
"""


@pytest.mark.long
def test_an_interrupted_draw_is_no_result() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.split() == ["interrupted"]
