"""Write an ensemble so that nobody can take it for observed patients."""

from __future__ import annotations

import json
from pathlib import Path

from mgbayes.cache import write_text
from mgbayes.files import frame_text, writing
from mgbayes.reconstruction.ensemble import ORIGIN, Ensemble


def marked_path(out: str | Path) -> Path:
    """The path with "reconstructed" in the name of the file, put in where it is missing."""
    path = Path(out)
    return path if ORIGIN in path.name else path.with_name(f"{path.stem}.{ORIGIN}{path.suffix or '.csv'}")


def write_ensemble(ensemble: Ensemble, out: str | Path) -> Path:
    """Write one row a member and patient as CSV, and where it came from as JSON beside it.

    The name of the file says that it is reconstructed, and so does a column in every row. Returns the path of the
    CSV file. Raises InputError when it cannot be written.
    """
    path = marked_path(out)
    frame = ensemble.data.to_dataframe(["member", "patient"]).reset_index()
    frame["event"] = frame["event"].astype(int)
    frame["origin"] = ORIGIN
    rows = frame[["member", "patient", "arm", "time", "event", "origin"]]
    with writing(path, "the file to write", "a path that can be written to"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, frame_text(rows, "%.10g"))
        about = json.dumps(ensemble.to_json(), indent=1, ensure_ascii=False) + "\n"
        write_text(path.with_suffix(".json"), about)
    return path
