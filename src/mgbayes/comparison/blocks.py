"""Work in blocks that are kept on disk, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mgbayes.cache import Cache, content_key
from mgbayes.executor import Executor

SOURCE = ("comparison", "frequentist", "reconstruction", "latent", "robustness")
"""What the figures of a block follow from."""


@dataclass(frozen=True)
class Block:
    """``make()`` gives what can be written as JSON; ``content``: all that it follows from, None if it is not kept."""

    make: Callable[[], Any]
    content: Sequence[object] | None

    @property
    def key(self) -> str | None:
        """Under which it is kept."""
        if self.content is None:
            return None
        return content_key(SOURCE, ("numpy", "scipy", "pytensor", "nutpie"), {"block": self.content})


@dataclass(frozen=True)
class Work:
    """How blocks are worked on; the figures do not depend on it. ``compare`` puts its own ``say`` in."""

    cores: int = 2
    use_cache: bool = True
    say: Callable[[str], None] = lambda text: None
    cluster: str | None = None

    def each(self, blocks: Sequence[Block], what: str) -> list[Any]:
        """What every block gives, read where it was kept; in the same form and digits, whether read or made."""
        cache: Cache[str] = Cache("comparisons", str)  # as text, since JSON of any form loses missing numbers
        keys = [block.key if self.use_cache else None for block in blocks]
        texts = {i: text for i, key in enumerate(keys) if key and (text := cache.read(key)) is not None}
        missing = [i for i in range(len(blocks)) if i not in texts]
        tasks = [partial(_as_text, blocks[i].make) for i in missing]
        for number, text in Executor(self.cores, self.cluster).run(tasks):
            i = missing[number]
            texts[i] = text
            if key := keys[i]:
                cache.write(key, text)
            self.say(f"{what}: {len(texts)} of {len(blocks)} blocks")
        return [json.loads(texts[i]) for i in range(len(blocks))]


def _as_text(make: Callable[[], Any]) -> str:
    return json.dumps(make())
