"""Work in blocks that are kept on disk, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mgbayes.cache import cache_folder, content_key, write_text

SOURCE = ("comparison", "frequentist", "reconstruction", "latent", "robustness")
"""What the figures of a block follow from."""


def kept(content: object, make: Callable[[], Any], use_cache: bool) -> Any:
    """What ``make`` gives, as it can be written as JSON: read where the same was kept, else made and kept."""
    key = content_key(SOURCE, ("numpy", "scipy", "pytensor"), {"block": content})
    path = cache_folder("comparisons") / f"{key}.json"
    if use_cache:
        with suppress(OSError, ValueError):
            return json.loads(path.read_text("utf-8"))
    text = json.dumps(make())
    if use_cache:
        with suppress(OSError):
            write_text(path, text)
    # The same digits, whether read or made.
    return json.loads(text)


@dataclass(frozen=True)
class Work:
    """How blocks are worked on; the figures do not depend on it."""

    cores: int = 2
    use_cache: bool = True
    say: Callable[[str], None] = lambda text: None

    def each(self, work: Callable[..., Any], blocks: Sequence[tuple[Any, ...]], what: str) -> Iterator[Any]:
        """``work(*block)`` of every block, in their order."""
        from joblib import Parallel, delayed

        found = Parallel(n_jobs=self.cores, return_as="generator")(delayed(work)(*block) for block in blocks)
        for done, result in enumerate(found, start=1):
            self.say(f"{what}: {done} of {len(blocks)} blocks")
            yield result
