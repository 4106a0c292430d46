"""Parquet as rows."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Iterator
from typing import IO, Any

from cai_ui.tables.limits import Limits, Row, check_names, refuse, too_large


def parquet_rows(file: IO[bytes], limits: Limits) -> Iterator[Row]:
    """The rows of a Parquet file. What is unpacked is counted before it is held."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        check_names(table.schema_arrow.names)
        groups = [table.metadata.row_group(i) for i in range(table.metadata.num_row_groups)]
        if table.metadata.num_rows > limits.rows:
            refuse(f"The file has more than {limits.rows:,} rows.", "Split it.")
        if sum(group.total_byte_size for group in groups) > limits.unpacked_bytes:
            too_large("The unpacked file", limits.unpacked_bytes)
        # A value may be stored once and used by every row, so this many rows at a time stay within the limit.
        largest = max((group.total_byte_size for group in groups), default=1)
        size = max(1, min(1_000, limits.unpacked_bytes // max(largest, 1)))
        number = unpacked = 0
        for batch in table.iter_batches(batch_size=size):
            unpacked += batch.nbytes
            if unpacked > limits.unpacked_bytes:
                too_large("The unpacked file", limits.unpacked_bytes)
            for row in batch.to_pylist():
                number += 1
                yield number, {name: _plain(cell) for name, cell in row.items()}
        if not number:
            refuse("The file is empty.", "Choose a file with rows.")
    except (pa.ArrowException, UnicodeDecodeError, OverflowError, LookupError) as error:
        refuse(f"The Parquet file cannot be read ({type(error).__name__}).", "Write or download it again.")


def _plain(cell: Any) -> Any:
    """A cell as JSON would have it: dates as ISO text, durations as text, NaN as missing."""
    if isinstance(cell, dict):
        return {name: _plain(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [_plain(value) for value in cell]
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return str(cell)
    if isinstance(cell, decimal.Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    return cell
