"""A ledger that was made before: the same study, source and libraries give the same one again."""

from __future__ import annotations

from contextlib import suppress

from pydantic import TypeAdapter, ValidationError

from mgbayes.cache import cache_folder, content_key, write_text
from mgbayes.study.schema import Study
from mgbayes.verification.result import Ledger

_FOLDERS = ("study", "verification", "frequentist", "reconstruction")
_LIBRARIES = ("numpy", "scipy")


def ledger_key(study: Study, *, search: bool, seed: int) -> str:
    """What identifies a ledger."""
    content = {"study": study.model_dump(mode="json"), "search": search, "seed": seed}
    return content_key(_FOLDERS, _LIBRARIES, content)


def read_ledger(key: str) -> Ledger | None:
    """The ledger kept under a key; None when there is none that can be read."""
    try:
        return TypeAdapter(Ledger).validate_json((cache_folder("ledgers") / f"{key}.json").read_bytes())
    except (OSError, ValidationError):
        return None


def write_ledger(key: str, ledger: Ledger) -> None:
    """Keep a ledger; where the cache cannot be written to, the work is just done again next time."""
    text = TypeAdapter(Ledger).dump_json(ledger).decode()
    with suppress(OSError):
        write_text(cache_folder("ledgers") / f"{key}.json", text)
