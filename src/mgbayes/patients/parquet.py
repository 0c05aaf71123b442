"""Read a Parquet file. Its rows are numbered from 2, as they would be below a heading."""

from __future__ import annotations

import io

from mgbayes.errors import Problem
from mgbayes.patients.sheet import Sheet, from_rows


def read_parquet(content: bytes) -> Sheet:
    """The rows of a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        problem = Problem(
            "the content", f"a file that is not Parquet ({type(error).__name__})", "a Parquet file"
        )
        return Sheet((), {}, problems=(problem,))
    return from_rows(enumerate([table.column_names, *zip(*columns, strict=True)], start=1))
