"""The queue in which people work through examples. Filtering and counting happen on columns in memory, texts are read
for the page only, so 100,000 examples browse like 200."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.store import schema
from cai_ui.store.columns import STATUSES, QueueColumns, Rows
from cai_ui.store.database import Database
from cai_ui.store.decision_log import LOTS, draw_of
from cai_ui.store.encoding import batches
from cai_ui.store.queue import EVERYTHING, GOLD, NOBODY, QueueFilter, QueueItem, Reader, items
from cai_ui.store.raters import judgements_of, read_by
from cai_ui.store.selection import FITS_LIMIT, numbers_of, select, taken
from cai_ui.text import named

DOUBLE_SHARE = "double_share"
"""Setting: the share of examples that two raters judge, 0 to 1."""
GOLD_SHARE = "gold_share"
"""Setting: the share of everybody's work that is gold examples, 0 to 1."""
LEASE_S = 600
"""How long an example that somebody has on their page is kept from others."""

_standing = schema.standing
_leases = schema.leases


@dataclass(frozen=True)
class QueueCounts:
    """Examples by what was decided. `disputed`: raters contradict each other. `fits`: those that the filter shows, with
    its status. `more`: a search finds more than were counted."""

    open: int = 0
    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    flipped: int = 0
    tied: int = 0
    skipped: int = 0
    flagged: int = 0
    total: int = 0
    disputed: int = 0
    fits: int = 0
    more: bool = False

    @property
    def done(self) -> int:
        return self.total - self.open


_COUNTED: dict[str, str] = {
    "open": "open",
    "accept": "accepted",
    "edit": "edited",
    "reject": "rejected",
    "flip": "flipped",
    "tie": "tied",
    "skip": "skipped",
    "flag": "flagged",
}


class QueueViews:
    """The part of the store that shows the queue, and gives each rater the next example."""

    _db: Database
    _columns: QueueColumns
    _lending: threading.Lock

    def item(self, example_id: str, rater: str = "") -> QueueItem:
        """One example as the queue shows it, wherever it stands. NotFoundError if there is none."""
        with self._db.read() as connection:
            seq = _seq_of(connection, example_id)
            if seq is None:
                raise NotFoundError(f"There is no example {named(example_id)}.", next_step="Reload the queue.")
            return items(connection, [seq], _reader(connection, rater))[0]

    def queue(
        self, filter: QueueFilter = EVERYTHING, limit: int = 20, offset: int = 0, rater: str = ""
    ) -> list[QueueItem]:
        """A page of the queue in the filter's order, with the drafts of `rater`."""
        with self._looking(rater) as (connection, reader):
            rows = select(self._columns, connection, filter, reader, FITS_LIMIT).rows[offset : offset + limit]
            return items(connection, self._seqs(rows), reader)

    def next_open(self, after: str | None, rater: str, filter: QueueFilter = EVERYTHING) -> QueueItem | None:
        """The first open example behind `after` (an example's id) that nobody else has on their page; from then on it
        is kept for this rater.

        At the end it starts over. None if all are done or taken. Now and then it is a gold example instead, where
        there are any and a share of them is set.
        """
        with self._lending:  # choosing and keeping are one step: two who ask at once get two examples
            item = self._next_open(after, rater, filter)
            if item is not None:
                self.take_lease(item.example.id, rater)
            return item

    def _next_open(self, after: str | None, rater: str, filter: QueueFilter) -> QueueItem | None:
        with self._looking(rater) as (connection, reader):
            if (row := self._due_gold(connection, reader, filter)) is not None:
                return items(connection, self._seqs(np.array([row])), reader)[0]
            found = select(self._columns, connection, filter.of_status("open"), reader, FITS_LIMIT)
            others = taken(self._columns, connection, rater)
            row = self._row_of(connection, after)
            start = 0 if row is None else found.rank(row) + found.has(row)
            for rows in (found.rows[start:], found.rows[:start]):
                free = rows[: len(others) + 1]
                free = free[~np.isin(free, others)]
                if len(free):
                    return items(connection, self._seqs(free[:1]), reader)[0]
        return None

    def _due_gold(self, connection: sa.Connection, reader: Reader, filter: QueueFilter) -> int | None:
        """The row of a gold example that this rater has not judged, where it is its turn. Whether it is, and which one,
        follows from the rater and the number of their judgements, so that nobody can tell beforehand."""
        marked = self._columns.marked(GOLD, GOLD)
        if not (reader.gold and len(marked)):
            return None
        drawn = draw_of(f"{reader.rater}\n{judgements_of(connection, reader.rater)}")
        if drawn % LOTS >= reader.gold:
            return None
        fitting = select(self._columns, connection, filter.of_status("all"), reader, FITS_LIMIT).rows
        rows = np.intersect1d(marked, fitting)
        by_others = self._columns["rater"][rows] != self._columns.code(reader.rater)
        rows = rows[by_others & (self._columns["status"][rows] != STATUSES.index("open"))]
        rows = np.setdiff1d(rows, self._columns.rows_of(read_by(connection, reader.rater, self._seqs(rows))))
        return int(rows[drawn // LOTS % len(rows)]) if len(rows) else None

    def open_ids(self, filter: QueueFilter = EVERYTHING, limit: int = 100_000) -> list[str]:
        """Ids of open examples that fit the filter, in its order, for deciding many at once."""
        with self._looking() as (connection, reader):
            seqs = self._seqs(select(self._columns, connection, filter.of_status("open"), reader).rows[:limit])
            places = sa.select(_standing.c.seq, _standing.c.example_id)
            ids = {
                row.seq: row.example_id
                for chunk in batches(seqs, 500)
                for row in connection.execute(places.where(_standing.c.seq.in_(chunk)))
            }
        return [ids[seq] for seq in seqs]

    def open_number(self, filter: QueueFilter = EVERYTHING) -> int:
        """How many open examples fit the filter, all of them counted."""
        with self._looking() as (connection, reader):
            return len(select(self._columns, connection, filter.of_status("open"), reader).rows)

    def place_in_queue(self, example_id: str, filter: QueueFilter, rater: str = "") -> int | None:
        """How many examples of the filter come before this one; None if it does not fit the filter."""
        with self._looking(rater) as (connection, reader):
            row = self._row_of(connection, example_id)
            if row is None:
                return None
            found = select(self._columns, connection, filter, reader, FITS_LIMIT)
            return found.rank(row) if found.has(row) else None

    def counts(self, filter: QueueFilter | None = None, rater: str = "") -> QueueCounts:
        """How many examples stand where; of the filter, all but its status counts, but in `fits`."""
        filter = filter or EVERYTHING
        with self._looking(rater) as (connection, reader):
            # The order matters only to a search, which shows the first that it finds.
            every = filter.of_status("all") if filter.search else replace(filter, status="all", order="arrival")
            whole = select(self._columns, connection, every, reader, FITS_LIMIT)
            fits = select(self._columns, connection, filter, reader, FITS_LIMIT)
            numbers, disputed = self._columns.kept(("numbers", every, reader), lambda: numbers_of(self._columns, whole))
            return QueueCounts(
                **{_COUNTED[status]: number for status, number in numbers.items()},
                total=len(whole.rows),
                disputed=disputed,
                fits=len(fits.rows),
                more=whole.more or fits.more,
            )

    def sources(self) -> list[str]:
        """Where the examples came from, as `QueueFilter.source` takes it; those with most examples first."""
        return self._names("source")

    def raters(self) -> list[str]:
        """Whose decisions stand, as `QueueFilter.rater` takes it."""
        return sorted(self._names("rater"))

    def queue_constitutions(self) -> list[str]:
        """Hashes of the constitutions that examples were made under."""
        return sorted(self._names("constitution"))

    def take_lease(self, example_id: str, rater: str) -> None:
        """Keep an example that is on this rater's page from others for a while; lets go of the one before."""
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="microseconds")
        values = {"rater": rater, "example_id": example_id, "until": until}
        with self._db.write("The place in the queue") as connection:
            insert = self._db.insert(_leases).values(values)
            connection.execute(insert.on_conflict_do_update(index_elements=["rater"], set_=values))

    @contextmanager
    def _looking(self, rater: str = "") -> Iterator[tuple[sa.Connection, Reader]]:
        """A view of the database with the columns as of the same moment: nobody else moves them on meanwhile."""
        with self._columns.lock, self._db.read() as connection:
            self._columns.follow(connection)
            yield connection, _reader(connection, rater)

    def _seqs(self, rows: Rows) -> list[int]:
        return [int(seq) for seq in self._columns["seq"][rows]]

    def _row_of(self, connection: sa.Connection, example_id: str | None) -> int | None:
        seq = _seq_of(connection, example_id)
        return None if seq is None else int(self._columns.rows_of([seq])[0])

    def _names(self, column: str) -> list[str]:
        with self._looking():
            return self._columns.names(column)


def _seq_of(connection: sa.Connection, example_id: str | None) -> int | None:
    return connection.scalar(sa.select(_standing.c.seq).where(_standing.c.example_id == example_id))


def _reader(connection: sa.Connection, rater: str) -> Reader:
    if not rater:
        return NOBODY
    t = schema.settings
    query = sa.select(t.c.key, t.c.value).where(t.c.key.in_((DOUBLE_SHARE, GOLD_SHARE)))
    shares = {row.key: row.value for row in connection.execute(query)}
    double, gold = (round(float(shares.get(key) or 0) * LOTS) for key in (DOUBLE_SHARE, GOLD_SHARE))
    return Reader(rater, double, gold)
