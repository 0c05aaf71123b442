"""Random inputs in a process of their own, which a signal, a hang or a want of memory may end.

An input is refused by InputError or accepted; anything else is a fault, told with the number of the input:
``python -m tests.fuzz.run --first 1234 --inputs 1`` repeats it.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import random
import resource
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mgbayes.errors import InputError
from mgbayes.limits import PROBLEMS_SHOWN

SECONDS, MEMORY = 30.0, 10**9
Read = Callable[[random.Random, Path], None]


def work(read: Read, first: int, last: int, seed: int, seconds: float = SECONDS) -> None:
    """Read inputs and print a line for each: its number, its outcome and, of a fault, the traceback."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, last):
            faulthandler.dump_traceback_later(seconds, exit=True)
            outcome, told = _outcome(read, random.Random(f"{seed}.{number}"), Path(folder))
            faulthandler.cancel_dump_traceback_later()
            print(json.dumps([number, outcome, told]), flush=True)


def _outcome(read: Read, rng: random.Random, folder: Path) -> tuple[str, str]:
    try:
        read(rng, folder)
    except InputError as error:
        message = str(error)
        if len(message.splitlines()) > PROBLEMS_SHOWN + 3 or not message.replace("\n", "").isprintable():
            return "fault", f"a message that is too long or not printable: {message[:500]!r}"
        return "refused", ""
    except Exception:
        return "fault", traceback.format_exc()
    return "accepted", ""


def run(inputs: int, seed: int, *, first: int = 0, worker: str = "") -> tuple[Counter[str], list[str]]:
    """How many inputs had each outcome, and the faults. ``worker`` is the start of a call of ``work``."""
    worker = worker or "from tests.fuzz.entry import read; from tests.fuzz.run import work; work(read, "
    counts: Counter[str] = Counter()
    faults: list[str] = []
    at, last = first, first + inputs
    while at < last:
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-W",
            "ignore",
            "-c",
            f"{worker}{at}, {last}, {seed})",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            number, outcome, told = json.loads(line)
            counts[outcome] += 1
            faults += [f"input {number}: {told}"] if outcome == "fault" else []
            at = number + 1
        if at < last:
            counts["fault"] += 1
            faults.append(f"input {at}: ended with {done.returncode}\n{done.stderr[-3000:]}")
            at += 1
    return counts, faults


def main() -> None:
    """Print the faults and the counts; ends with 1 where there is a fault."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--first", type=int, default=0)
    given = options.parse_args()
    counts, faults = run(given.inputs, given.seed, first=given.first)
    print("\n".join(faults), dict(counts), sep="\n")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
