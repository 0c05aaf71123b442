"""Replicates that were finished before, so that an interrupted calibration goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mgbayes.cache import cache_folder, content_key, write_text
from mgbayes.calibrate.sbc import Replicate
from mgbayes.inference.store import LIBRARIES, MODELS
from mgbayes.models.priors import Prior

_SOURCES = ("calibrate", "inference/sample.py", *MODELS)


@dataclass(frozen=True)
class KeptReplicates:
    """The replicates of one calibration, a file each; its folder is named by everything that they follow from."""

    folder: Path

    @classmethod
    def of(
        cls, priors: Mapping[str, Prior], data: Mapping[str, np.ndarray], **parts: object
    ) -> KeptReplicates:
        """The replicates of a model with these priors on cohorts like these data."""
        content = {
            **parts,
            "priors": {name: [prior.form, prior.values] for name, prior in priors.items()},
            "data": {name: np.asarray(values).tolist() for name, values in data.items()},
        }
        return cls(cache_folder("calibrations") / content_key(_SOURCES, LIBRARIES, content))

    def read(self, number: int) -> Replicate | None:
        """A replicate; None where it was not finished, or cannot be read."""
        try:
            return Replicate(**json.loads(self._file(number).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, number: int, replicate: Replicate) -> None:
        """Keep a replicate; where the cache cannot be written to, it is just made again next time."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(self._file(number), json.dumps(asdict(replicate)))

    def count(self, replicates: int) -> int:
        """How many of the first replicates are kept."""
        return sum(self._file(number).exists() for number in range(replicates))

    def _file(self, number: int) -> Path:
        return self.folder / f"{number}.json"
