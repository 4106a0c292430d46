"""Examples, and the queue in which people work through them. Filtering, counting and paging happen
in the database, so 100,000 examples browse like 200."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.records import Example
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.decision_log import LOTS, mark_principles, place_of
from cai_ui.store.encoding import batches, dump, load
from cai_ui.store.queue import EVERYTHING, QueueFilter, QueueItem, Reader, behind, free_for, items, order_keys, selected
from cai_ui.text import ANSWER_LIMIT, clean_text

DOUBLE_SHARE = "double_share"
"""Setting: the share of examples that two raters judge, 0 to 1."""
LEASE_S = 600
"""How long an example that somebody has on their page is kept from others."""

_t = schema.examples
_standing = schema.standing
_leases = schema.leases


@dataclass(frozen=True)
class AddReport:
    """How many examples were new, and how many were there already."""

    added: int
    duplicates: int


@dataclass(frozen=True)
class QueueCounts:
    """Examples by what was decided. `disputed`: raters contradict each other. `second`: judged by somebody else,
    and waiting for this rater."""

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
    second: int = 0
    drafts: int = 0

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


class Examples:
    """The part of the store that keeps examples."""

    _db: Database

    def add_examples(self, examples: Sequence[Example]) -> AddReport:
        """Put examples into the queue, in their order; those already there are left as they are.

        All or nothing: InputError if one of them holds text that cannot be kept.
        """
        rows: dict[str, Any] = {}
        of_id = {example.id: example for example in reversed(examples)}
        for example in examples:
            if example.id not in rows:
                rows[example.id] = _row(example)
        added = 0
        with self._db.write("The examples") as connection:
            for chunk in batches(list(rows), 500):
                known = set(connection.scalars(sa.select(_t.c.id).where(_t.c.id.in_(chunk))))
                new = [id for id in chunk if id not in known]
                if not new:
                    continue
                connection.execute(_t.insert(), [rows[id][0] for id in new])
                seqs = {
                    row.id: row.seq for row in connection.execute(sa.select(_t.c.id, _t.c.seq).where(_t.c.id.in_(new)))
                }
                connection.execute(_standing.insert(), [{"seq": seqs[id], **rows[id][1]} for id in new])
                mark_principles(connection, {seqs[id]: of_id[id] for id in new})
                added += len(new)
        return AddReport(added, len(examples) - added)

    def example(self, id: str) -> Example:
        """The example with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.id == id))
        if body is None:
            raise NotFoundError(f"There is no example {id}.", next_step="Reload the queue.")
        return load(Example, body)

    def known_examples(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids whose examples are in the queue already."""
        with self._db.read() as connection:
            return {
                id
                for chunk in batches(list(ids), 500)
                for id in connection.scalars(sa.select(_t.c.id).where(_t.c.id.in_(chunk)))
            }

    def item(self, example_id: str, rater: str = "") -> QueueItem:
        """One example as the queue shows it, wherever it stands. NotFoundError if there is none."""
        with self._db.read() as connection:
            page = sa.select(_standing.c.seq).where(_standing.c.example_id == example_id)
            found = items(connection, page, _reader(connection, rater))
        if not found:
            raise NotFoundError(f"There is no example {example_id}.", next_step="Reload the queue.")
        return found[0]

    def queue(
        self, filter: QueueFilter = EVERYTHING, limit: int = 20, offset: int = 0, rater: str = ""
    ) -> list[QueueItem]:
        """A page of the queue in the filter's order, with the drafts of `rater`."""
        with self._db.read() as connection:
            reader = _reader(connection, rater)
            page = selected(filter, reader=reader).order_by(*order_keys(filter.order)).limit(limit).offset(offset)
            return items(connection, page, reader, filter.order)

    def next_open(self, after: str | None, rater: str, filter: QueueFilter = EVERYTHING) -> QueueItem | None:
        """The first open example behind `after` (an example's id) that nobody else has on their page.

        At the end it starts over. None if all are done or taken.
        """
        keys = order_keys(filter.order)
        with self._db.read() as connection:
            reader = _reader(connection, rater)
            query = selected(filter.of_status("open"), reader=reader).where(free_for(rater)).order_by(*keys).limit(1)
            place = connection.execute(sa.select(*keys).where(_standing.c.example_id == after)).one_or_none()
            if place is not None:
                found = items(connection, query.where(behind(keys, tuple(place))), reader)
                if found:
                    return found[0]
            return next(iter(items(connection, query, reader)), None)

    def open_ids(self, filter: QueueFilter = EVERYTHING, limit: int = 100_000) -> list[str]:
        """Ids of open examples that fit the filter, in its order, for deciding many at once."""
        query = selected(filter.of_status("open"), _standing.c.example_id).order_by(*order_keys(filter.order))
        with self._db.read() as connection:
            return list(connection.scalars(query.limit(limit)))

    def place_in_queue(self, example_id: str, filter: QueueFilter, rater: str = "") -> int | None:
        """How many examples of the filter come before this one; None if it does not fit the filter."""
        keys = order_keys(filter.order)
        with self._db.read() as connection:
            reader = _reader(connection, rater)
            fits = selected(filter, *keys, reader=reader).where(_standing.c.example_id == example_id)
            place = connection.execute(fits).one_or_none()
            if place is None:
                return None
            whole = selected(filter, sa.func.count(), reader=reader)
            before = whole.where(sa.not_(behind(keys, tuple(place))), _standing.c.example_id != example_id)
            return connection.scalar(before) or 0

    def counts(self, filter: QueueFilter | None = None, rater: str = "") -> QueueCounts:
        """How many examples stand where; of the filter, all but its status counts."""
        filter = (filter or EVERYTHING).of_status("all")
        query = selected(filter, _standing.c.status).add_columns(
            sa.func.count(), sa.func.coalesce(sa.func.sum(_standing.c.disputed), 0)
        )
        with self._db.read() as connection:
            reader = _reader(connection, rater)
            counts, disputed, total = {}, 0, 0
            for status, number, contradicted in connection.execute(query.group_by(_standing.c.status)):
                counts[_COUNTED[status]] = number
                total, disputed = total + number, disputed + contradicted
            number = sa.func.count()
            drafts = connection.scalar(selected(filter.of_status("draft"), number, reader=reader)) if rater else 0
            waiting = selected(filter.of_status("open"), number, reader=reader).where(_standing.c.done == 1)
            second = connection.scalar(waiting) if reader.share else 0
        return QueueCounts(**counts, total=total, disputed=disputed, second=second or 0, drafts=drafts or 0)

    def sources(self) -> list[str]:
        """Where the examples came from, as `QueueFilter.source` takes it."""
        return self._distinct(_standing.c.source)

    def raters(self) -> list[str]:
        """Whose decisions stand, as `QueueFilter.rater` takes it."""
        return self._distinct(_standing.c.rater)

    def queue_constitutions(self) -> list[str]:
        """Hashes of the constitutions that examples were made under."""
        return self._distinct(_standing.c.constitution)

    def take_lease(self, example_id: str, rater: str) -> None:
        """Keep an example that is on this rater's page from others for a while; lets go of the one before."""
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="microseconds")
        values = {"rater": rater, "example_id": example_id, "until": until}
        with self._db.write("The place in the queue") as connection:
            insert = self._db.insert(_leases).values(values)
            connection.execute(insert.on_conflict_do_update(index_elements=["rater"], set_=values))

    def _distinct(self, column: sa.ColumnElement[Any]) -> list[str]:
        with self._db.read() as connection:
            return sorted(value for value in connection.scalars(sa.select(column).distinct()) if value is not None)


def _reader(connection: sa.Connection, rater: str) -> Reader:
    kept = connection.scalar(sa.select(schema.settings.c.value).where(schema.settings.c.key == DOUBLE_SHARE))
    return Reader(rater, round(float(kept) * LOTS) if kept and rater else 0)


def _row(example: Example) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the example itself and of its place in the queue."""
    texts = [m.content for m in example.conversation] + [example.revision, example.initial, example.critique]
    for text in texts:
        if text is not None:
            clean_text(text, "An example's text", limit=ANSWER_LIMIT, required=False)
    for label in (example.source, example.prompt.source, example.prompt.topic, example.prompt.text):
        clean_text(label, "An example's label", limit=ANSWER_LIMIT, required=False)
    folded = "\n".join(text for text in texts if text).casefold()
    return {"id": example.id, "folded": folded, "body": dump(example)}, place_of(example)
