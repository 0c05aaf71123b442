"""A file of patients as a sheet, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from mgbayes.errors import InputError, Problem
from mgbayes.files import read_bytes
from mgbayes.patients.csv_file import read_csv
from mgbayes.patients.excel import read_excel
from mgbayes.patients.parquet import read_parquet
from mgbayes.patients.sheet import Sheet
from mgbayes.study.patient_map import PatientMap

_READERS: dict[str, Callable[[bytes, Collection[str], PatientMap], Sheet]] = {
    ".csv": lambda content, wanted, mapping: read_csv(content, wanted, mapping.separator),
    ".xlsx": lambda content, wanted, mapping: read_excel(content, mapping.sheet),
    ".parquet": lambda content, wanted, mapping: read_parquet(content),
}
_ACCEPTED = "a spreadsheet as .csv, .xlsx or .parquet"


def read_content(path: Path) -> bytes:
    """The bytes of a file of patients. Raises InputError when there are none that can be read."""
    if not path.is_dir() and path.suffix.lower() not in _READERS:
        given = f"the file type {path.suffix}" if path.suffix else "a name without a file type"
        raise InputError(str(path), [Problem("the path", given, _ACCEPTED)])
    return read_bytes(path, _ACCEPTED)


def read_sheet(content: bytes, suffix: str, wanted: Collection[str], mapping: PatientMap) -> Sheet:
    """The sheet in a file of one of the known types."""
    return _READERS[suffix.lower()](content, wanted, mapping)
