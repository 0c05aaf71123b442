"""The fuzzer finds nothing, and finds what it is for where it is planted."""

from __future__ import annotations

import pytest

from tests.fuzz.run import run

PLANTED = """
import os, time
from mgbayes.errors import InputError, Problem
from tests.fuzz.run import work
def refuse(place):
    raise InputError("file", [Problem(place, "a", "b")])
def read(rng, folder):
    number = int((folder / "at").read_text()) + 1 if (folder / "at").exists() else FIRST
    (folder / "at").write_text(str(number))
    {0: lambda: None, 1: lambda: refuse("here"), 2: lambda: 1 / 0, 3: os.abort, 4: lambda: time.sleep(9),
     5: lambda: bytearray(2 * 10**9), 6: lambda: None}[number]()
def start(first, last, seed):
    globals()["FIRST"] = first
    work(read, first, last, seed, seconds=0.5)
start("""


def test_exceptions_signals_hangs_and_memory_are_faults_and_the_rest_is_read() -> None:
    counts, faults = run(7, 1, worker=PLANTED)
    assert counts == {"accepted": 2, "refused": 1, "fault": 4}
    said = ["ZeroDivisionError", "ended with -6", "Timeout", "MemoryError"]
    for number, (fault, words) in enumerate(zip(faults, said, strict=True), start=2):
        assert fault.startswith(f"input {number}: ")
        assert words in fault


@pytest.mark.long
def test_no_random_input_ends_otherwise_than_in_a_message() -> None:
    counts, faults = run(1300, 1)
    assert not faults, "\n".join(faults)
    assert min(counts["accepted"], counts["refused"]) > 200
