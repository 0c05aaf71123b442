"""Finished work on disk, found again by what went into it.

A key is a hash of the source that computes, of the versions of the libraries that it computes with, and of
its input: any change makes another key, so nothing stale is ever read. A file is written beside its place and
then moved there, so that interrupted work leaves no half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PACKAGE = Path(__file__).resolve().parent


def cache_folder(kind: str) -> Path:
    """Where finished work of a kind is kept; MGBAYES_CACHE overrides the system's cache folder."""
    folder = _root() / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _root() -> Path:
    from platformdirs import user_cache_dir

    return Path(os.environ.get("MGBAYES_CACHE") or user_cache_dir("mgbayes")).absolute()


def libraries_keep_here() -> None:
    """Compiled code of PyTensor and Matplotlib's list of fonts go to the cache folder, of child processes too.

    Where the user has named a place for them (PYTENSOR_FLAGS, MPLCONFIGDIR), they go there.
    """
    os.environ.setdefault("MPLCONFIGDIR", str(_root() / "matplotlib"))
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "base_compiledir" not in flags:
        place = shlex.quote((_root() / "pytensor").as_posix())
        os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, f"base_compiledir={place}")))


@dataclass(frozen=True)
class Cache[T]:
    """Results of one kind, a JSON file each; ``form`` is their type, a frozen dataclass or a mapping of these."""

    kind: str
    form: Any

    def path(self, key: str) -> Path:
        """The place of a result."""
        return cache_folder(self.kind) / f"{key}.json"

    def read(self, key: str) -> T | None:
        """A finished result; None where there is none that can be read."""
        try:
            result: T = _adapter(self.form).validate_python(json.loads(self.path(key).read_text("utf-8")))
        except (OSError, ValueError):
            return None
        return result

    def write(self, key: str, result: T) -> None:
        """Write a result; where the disk takes none, it is made again next time."""
        text = json.dumps(_adapter(self.form).dump_python(result, mode="json"), ensure_ascii=False)
        with suppress(OSError):
            write_text(self.path(key), text)


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(form)


def content_key(places: Sequence[str], libraries: Sequence[str], content: Mapping[str, object]) -> str:
    """A hash of the source in some places of the package, of library versions, and of the input."""
    parts = [source_hash(tuple(places)), versions(tuple(libraries)), content]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


@cache
def versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each library."""
    return {name: version(name) for name in libraries}


@cache
def source_hash(places: tuple[str, ...]) -> str:
    """A hash of every source file in some places (files or folders) of the package."""
    digest = hashlib.sha256()
    for place in places:
        root = PACKAGE / place
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place and move it there."""
    with tempfile.TemporaryDirectory(dir=path.parent) as staging:
        staged = Path(staging) / path.name
        staged.write_text(text, "utf-8", newline="\n")
        os.replace(staged, path)
