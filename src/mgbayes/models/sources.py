"""The source files that a model's posterior follows from.

A model's own file and everything of ``mgbayes.models`` and ``mgbayes.estimands`` that it imports, however far
down. Files that only read plans or describe figures cannot change a posterior and are left out.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FOLDERS = (
    "mgbayes.models.",
    "mgbayes.estimands.",
    "mgbayes.latent.",
    "mgbayes.distributions.",
    "mgbayes.frequentist.",
)
_WITHOUT_NUMBERS = {
    "mgbayes.models.catalogue",
    "mgbayes.models.curve",
    "mgbayes.models.plan",
    "mgbayes.models.printed_quantity",
}


def model_sources(module: str) -> list[Path]:
    """The files behind a model, by the name of its module."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in _WITHOUT_NUMBERS:
            continue
        path = _file(name)
        if path is None:
            raise ModuleNotFoundError(name)
        found[name] = path
        waiting += _imported(found[name])
    return sorted(found.values())


@cache
def models_hash(module: str) -> str:
    """A hash of the source behind a model."""
    digest = hashlib.sha256()
    for path in model_sources(module):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith(_FOLDERS) and _file(name) is not None]


def _file(name: str) -> Path | None:
    """The file of a module; None for a name that is no module (a function of one, say)."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None
