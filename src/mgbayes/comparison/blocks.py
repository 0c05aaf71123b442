"""Work in blocks that are kept on disk, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mgbayes.cache import Cache, content_key
from mgbayes.executor import Executor

SOURCE = ("comparison", "frequentist", "reconstruction", "latent", "robustness")
"""What the figures of a block follow from."""


def kept(content: object, make: Callable[[], Any], use_cache: bool) -> Any:
    """What ``make`` gives, as it can be written as JSON: read where the same was kept, else made and kept."""
    cache: Cache[str] = Cache("comparisons", str)  # as text, since JSON of any form loses missing numbers
    key = content_key(SOURCE, ("numpy", "scipy", "pytensor"), {"block": content})
    text = cache.read(key) if use_cache else None
    if text is None:
        text = json.dumps(make())
        if use_cache:
            cache.write(key, text)
    # In the same form and with the same digits, whether read or made.
    return json.loads(text)


@dataclass(frozen=True)
class Work:
    """How blocks are worked on; the figures do not depend on it."""

    cores: int = 2
    use_cache: bool = True
    say: Callable[[str], None] = lambda text: None

    def each(self, work: Callable[..., Any], blocks: Sequence[tuple[Any, ...]], what: str) -> Iterator[Any]:
        """``work(*block)`` of every block, in their order."""
        tasks, results = [partial(work, *block) for block in blocks], {}
        for done, (number, result) in enumerate(Executor(self.cores).run(tasks), start=1):
            self.say(f"{what}: {done} of {len(blocks)} blocks")
            results[number] = result
        yield from (results[number] for number in range(len(blocks)))
