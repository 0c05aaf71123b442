"""Read a Parquet file. Its rows are numbered from 2, as they would be below a heading."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from sys import getsizeof
from typing import TYPE_CHECKING

from mgbayes.limits import COLUMNS, UNPACKED_BYTES
from mgbayes.patients.sheet import Cell, Sheet, from_rows, refused

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_BATCH = 16
"""Rows unpacked at once: a few rows of a small file can hold gigabytes."""


def read_parquet(content: bytes) -> Sheet:
    """The rows of a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        names = file.schema_arrow.names
        if len(names) > COLUMNS:
            return refused("the heading", f"{len(names)} columns", f"at most {COLUMNS} columns")
        return from_rows(enumerate(_rows(file), start=1))
    except _TooLarge:
        accepted = f"at most {UNPACKED_BYTES / 1e6:g} MB unpacked"
        return refused("the content", f"more than {UNPACKED_BYTES / 1e6:g} MB unpacked", accepted)
    except OverflowError as error:
        return refused("the content", f"a time that is no date ({error})", "dates of the calendar")
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        return refused(
            "the content", f"a file that is not Parquet ({type(error).__name__})", "a Parquet file"
        )


class _TooLarge(Exception):
    """More is unpacked than a file may hold."""


def _rows(file: ParquetFile) -> Iterator[list[Cell]]:
    yield file.schema_arrow.names
    size = 0
    for batch in file.iter_batches(_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        # A text that many rows share is stored once and unpacked for each.
        size += batch.nbytes + sum(map(getsizeof, chain(*columns)))
        if size > UNPACKED_BYTES:
            raise _TooLarge
        yield from zip(*columns, strict=True)
