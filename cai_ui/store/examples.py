"""Examples, and the queue in which people work through them. Filtering, counting and paging happen
in the database, so 100,000 examples browse like 200."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cai_ui.errors import InputError, NotFoundError
from cai_ui.records import Decision, Example, PromptKind, Verdict
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.decision_log import place_of
from cai_ui.store.encoding import batches, dump, load
from cai_ui.text import ANSWER_LIMIT, clean_text

Status = Literal["open", "done", "all", "accept", "edit", "reject", "flip", "skip"]
SEARCH_LIMIT = 200

_t = schema.examples
_standing = schema.standing
_events = schema.events
_drafts = schema.text_drafts


@dataclass(frozen=True)
class AddReport:
    """How many examples were new, and how many were there already."""

    added: int
    duplicates: int


@dataclass(frozen=True)
class QueueFilter:
    """Which examples to see. `search` finds text in prompt, answers and critique, whatever the case."""

    status: Status = "all"
    kind: PromptKind | None = None
    source: str | None = None
    search: str = ""


@dataclass(frozen=True)
class QueueItem:
    """An example with the decision that stands (None while open) and one rater's unsaved edit."""

    example: Example
    decision: Decision | None = None
    draft: str | None = None

    @property
    def rev(self) -> int:
        """What `decide` takes as `base_rev` from someone who sees this item."""
        return self.decision.rev if self.decision else 0


@dataclass(frozen=True)
class QueueCounts:
    """Examples by what was decided."""

    open: int = 0
    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    flipped: int = 0
    skipped: int = 0
    total: int = 0

    @property
    def done(self) -> int:
        return self.total - self.open


EVERYTHING = QueueFilter()
DONE = QueueFilter("done")

_COUNTED: dict[str, str] = {
    "open": "open",
    "accept": "accepted",
    "edit": "edited",
    "reject": "rejected",
    "flip": "flipped",
    "skip": "skipped",
}


class Examples:
    """The part of the store that keeps examples."""

    _db: Database

    def add_examples(self, examples: Sequence[Example]) -> AddReport:
        """Put examples into the queue, in their order; those already there are left as they are.

        All or nothing: InputError if one of them holds text that cannot be kept.
        """
        rows: dict[str, Any] = {}
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
                added += len(new)
        return AddReport(added, len(examples) - added)

    def example(self, id: str) -> Example:
        """The example with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.id == id))
        if body is None:
            raise NotFoundError(f"There is no example {id}.", next_step="Reload the queue.")
        return load(Example, body)

    def item(self, example_id: str, rater: str = "") -> QueueItem:
        """One example as the queue shows it, wherever it stands. NotFoundError if there is none."""
        with self._db.read() as connection:
            found = _items(connection, sa.select(_standing.c.seq).where(_standing.c.example_id == example_id), rater)
        if not found:
            raise NotFoundError(f"There is no example {example_id}.", next_step="Reload the queue.")
        return found[0]

    def queue(
        self, filter: QueueFilter = EVERYTHING, limit: int = 20, offset: int = 0, rater: str = ""
    ) -> list[QueueItem]:
        """A page of the queue in order of arrival, with the drafts of `rater`."""
        page = selected(filter).order_by(_standing.c.seq).limit(limit).offset(offset)
        with self._db.read() as connection:
            return _items(connection, page, rater)

    def next_open(self, after: str | None, rater: str, filter: QueueFilter = EVERYTHING) -> QueueItem | None:
        """The first open example behind `after` (an example's id); at the end it starts over. None if all are done."""
        query = selected(QueueFilter("open", filter.kind, filter.source, filter.search))
        query = query.order_by(_standing.c.seq).limit(1)
        with self._db.read() as connection:
            place = connection.scalar(sa.select(_t.c.seq).where(_t.c.id == after)) if after else None
            if place is not None:
                behind = _items(connection, query.where(_standing.c.seq > place), rater)
                if behind:
                    return behind[0]
            return next(iter(_items(connection, query, rater)), None)

    def open_ids(self, filter: QueueFilter = EVERYTHING, limit: int = 100_000) -> list[str]:
        """Ids of open examples that fit the filter, in order, for deciding many at once."""
        query = selected(QueueFilter("open", filter.kind, filter.source, filter.search), _standing.c.example_id)
        with self._db.read() as connection:
            return list(connection.scalars(query.order_by(_standing.c.seq).limit(limit)))

    def counts(self, filter: QueueFilter | None = None) -> QueueCounts:
        """How many examples stand where; of the filter, all but its status counts."""
        filter = filter or EVERYTHING
        query = selected(QueueFilter("all", filter.kind, filter.source, filter.search), _standing.c.status)
        with self._db.read() as connection:
            grouped = query.add_columns(sa.func.count()).group_by(_standing.c.status)
            counts = {_COUNTED[status]: number for status, number in connection.execute(grouped)}
        return QueueCounts(**counts, total=sum(counts.values()))

    def sources(self) -> list[str]:
        """Where the examples came from, as `QueueFilter.source` takes it."""
        with self._db.read() as connection:
            return sorted(connection.scalars(sa.select(_standing.c.source).distinct()))


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


def selected(filter: QueueFilter, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Places in the queue that fit the filter; `seq` unless other columns are named."""
    query = sa.select(*(columns or (_standing.c.seq,)))
    if filter.search.strip():
        term = clean_text(filter.search.strip(), "The search", limit=SEARCH_LIMIT).casefold()
        query = query.join(_t, _t.c.seq == _standing.c.seq).where(_t.c.folded.contains(term, autoescape=True))
    if filter.status == "open":
        query = query.where(_standing.c.done == 0)
    elif filter.status == "done":
        query = query.where(_standing.c.done == 1)
    elif filter.status in _COUNTED:
        query = query.where(_standing.c.status == filter.status)
    elif filter.status != "all":
        raise InputError(f"There is no status {filter.status!r}.", next_step="Choose one from the list.")
    if filter.kind is not None:
        query = query.where(_standing.c.kind == filter.kind)
    if filter.source is not None:
        query = query.where(_standing.c.source == filter.source)
    return query


def _items(connection: sa.Connection, page: sa.Select[Any], rater: str) -> list[QueueItem]:
    """The examples at these places. Long texts are read for the page only, not for what comes before it."""
    seqs = page.subquery()
    query = (
        sa.select(_t.c.body, _standing.c.rev, *decision_columns(), _drafts.c.text.label("draft"))
        .select_from(seqs)
        .join(_standing, _standing.c.seq == seqs.c.seq)
        .join(_t, _t.c.seq == seqs.c.seq)
        .outerjoin(_events, _events.c.seq == _standing.c.event_seq)
        .outerjoin(_drafts, sa.and_(_drafts.c.example_id == _t.c.id, _drafts.c.rater == rater))
        .order_by(_standing.c.seq)
    )
    return [
        QueueItem(load(Example, row.body), decision_of(row, row.rev), row.draft) for row in connection.execute(query)
    ]


def decision_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """The columns of an event that make up a decision, as `decision_of` reads them."""
    c = _events.c
    return (c.event_id, c.example_id, c.verdict, c.rater, c.text, c.note, c.at)


def decision_of(row: Any, rev: int) -> Decision | None:
    """The decision in a row of `decision_columns`, at revision `rev`; None where there is no event."""
    if row.event_id is None:
        return None
    verdict: Verdict = row.verdict
    return Decision(row.event_id, row.example_id, verdict, row.rater, row.text, row.note, row.at, rev)
