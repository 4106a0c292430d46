"""Which examples the rows of frozen datasets were made of: an index of the database, and arrays in memory.

A row is a record in JSON, whose keys stand in quotation marks; within a text of such a record a quotation mark is
escaped, so `"example_id":"…"` is found where it is a key and nowhere else. A dataset never changes, so what was read of
it once holds, but for rows whose example comes into the workspace later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cai_ui.store import schema

_SIGN, _ID_LENGTH = '"example_id":"', 24
_KEPT = 32
"""So many datasets stay in memory, 8 bytes a row."""
_rows, _examples = schema.dataset_rows, schema.examples


def create(connection: sa.Connection) -> None:
    """Make the index where there is none: databases of older versions get it at the first start."""
    said = _text(connection.dialect.name)
    connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_dataset_rows_example ON dataset_rows (({said}))")


def example_id(connection: sa.Connection) -> sa.ColumnElement[str]:
    """The example that a dataset's row was made of; another text where there is none. Word for word the index's."""
    return sa.literal_column(_text(connection.dialect.name, "dataset_rows."), sa.String)


def _text(dialect: str, table: str = "") -> str:
    where = "instr" if dialect == "sqlite" else "strpos"
    return f"substr({table}body, {where}({table}body, '{_SIGN}') + {len(_SIGN)}, {_ID_LENGTH})"


@dataclass(frozen=True)
class _Read:
    """Numbers of the examples of a dataset's rows. `waiting`: some rows name examples that are not in the workspace;
    `examples` is how many there were when this was read."""

    seqs: NDArray[np.int64]
    waiting: bool
    examples: int


class DatasetExamples:
    """Examples of the rows of datasets that were asked about. Not for several threads at once."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}

    def count(self, connection: sa.Connection, dataset: str, among: NDArray[np.bool_], examples: int) -> int:
        """How many rows of a dataset were made of the examples whose number is marked in `among`; there are `examples`
        of them in the workspace."""
        found = self._read.get(dataset)
        if found is None or (found.waiting and found.examples != examples):
            while len(self._read) >= _KEPT:
                self._read.pop(next(iter(self._read)))
            found = self._read[dataset] = self._of(connection, dataset, examples)
        seqs = found.seqs[found.seqs < len(among)]
        return int(np.count_nonzero(among[seqs]))

    def _of(self, connection: sa.Connection, dataset: str, examples: int) -> _Read:
        joined = _rows.outerjoin(_examples, _examples.c.id == example_id(connection))
        query = sa.select(_examples.c.seq, _rows.c.body.contains(_SIGN, autoescape=True)).select_from(joined)
        rows = connection.execute(query.where(_rows.c.dataset_hash == dataset)).all()
        seqs = np.fromiter((row[0] for row in rows if row[0] is not None), np.int64)
        return _Read(seqs, any(row[0] is None and row[1] for row in rows), examples)
