"""Which part of the queue is seen, in which order, and what an item of it is. Pure queries: nothing is written.

A rater who is to judge an example a second time does not see the first judgement: for them it is open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import sqlalchemy as sa

from cai_ui.errors import InputError
from cai_ui.records import Decision, Example, PromptKind, Verdict
from cai_ui.store import schema
from cai_ui.store.database import now
from cai_ui.store.encoding import load
from cai_ui.text import clean_text

Status = Literal[
    "open", "draft", "done", "disputed", "all", "accept", "edit", "reject", "flip", "tie", "skip", "flag"
]  # fmt: skip
Order = Literal["arrival", "random", "uncertain"]
SEARCH_LIMIT = 200

_t = schema.examples
_standing = schema.standing
_events = schema.events
_drafts = schema.text_drafts
_readings = schema.readings
_leases = schema.leases
_marks = schema.marks


@dataclass(frozen=True)
class QueueFilter:
    """Which examples to see, and in which order.

    `search` finds text in prompt, answers and critique, whatever the case. `words` and `change` are the least and
    the most words of the revision, and per cent of the words that changed. `finding` is a code of the data checks,
    `rater` who gave the judgement that stands, `step` a label of a step of
    the chain. `score` is the least and the most per cent by which a model prefers the revision; those it has not judged
    do not fit. order "uncertain": those first of which a judge was least sure.
    """

    status: Status = "all"
    kind: PromptKind | None = None
    source: str | None = None
    search: str = ""
    constitution: str | None = None
    principle: str | None = None
    finding: str | None = None
    rater: str | None = None
    step: str | None = None
    words: tuple[int | None, int | None] = (None, None)
    change: tuple[int | None, int | None] = (None, None)
    score: tuple[int | None, int | None] = (None, None)
    order: Order = "arrival"

    def of_status(self, status: Status) -> QueueFilter:
        """The same with another status."""
        return replace(self, status=status)


@dataclass(frozen=True)
class Reader:
    """For whom the queue is read. `share` is the part of the examples, per 10,000, that two raters judge."""

    rater: str = ""
    share: int = 0


@dataclass(frozen=True)
class QueueItem:
    """An example with the decision that stands (None while open) and one rater's unsaved edit.

    `second`: somebody else has judged it and this rater is to judge it unseen, so `decision` is None.
    `readings` are all raters' judgements where they may be seen, the one that stands first.
    """

    example: Example
    decision: Decision | None = None
    draft: str | None = None
    second: bool = False
    at_rev: int | None = None
    disputed: bool = False
    preference: float | None = None

    @property
    def rev(self) -> int:
        """What `decide` takes as `base_rev` from someone who sees this item."""
        if self.at_rev is not None:
            return self.at_rev
        return self.decision.rev if self.decision else 0


EVERYTHING = QueueFilter()
NOBODY = Reader()


def selected(filter: QueueFilter, *columns: sa.ColumnElement[Any], reader: Reader = NOBODY) -> sa.Select[Any]:
    """Places in the queue that fit the filter; `seq` unless other columns are named."""
    query = sa.select(*(columns or (_standing.c.seq,)))
    if filter.search.strip():
        term = clean_text(filter.search.strip(), "The search", limit=SEARCH_LIMIT).casefold()
        query = query.join(_t, _t.c.seq == _standing.c.seq).where(_t.c.folded.contains(term, autoescape=True))
    query = query.where(*_of_status(filter.status, reader))
    c = _standing.c
    for column, wanted in ((c.kind, filter.kind), (c.source, filter.source), (c.constitution, filter.constitution),
                           (c.rater, filter.rater)):  # fmt: skip
        if wanted is not None:
            query = query.where(column == wanted)
    score = (None, None) if filter.score == (None, None) else tuple(n and 10 * n for n in filter.score)
    for column, (least, most) in ((c.words, filter.words), (c.change, filter.change), (c.preference, score)):
        if least is not None:
            query = query.where(column >= least)
        if most is not None:
            query = query.where(column <= most)
    for kind, value in (("principle", filter.principle), ("finding", filter.finding), ("step", filter.step)):
        if value is not None:
            marked = sa.select(_marks.c.seq).where(_marks.c.kind == kind, _marks.c.value == value)
            query = query.where(c.seq.in_(marked))
    return query


def _of_status(status: Status, reader: Reader) -> list[sa.ColumnElement[bool]]:
    c = _standing.c
    if status == "all":
        return []
    if status == "open":
        return [sa.or_(c.done == 0, awaits(reader)) if reader.share else c.done == 0]
    if status == "done":
        return [c.done == 1]
    if status == "disputed":
        return [c.disputed == 1]
    if status == "draft":
        mine = sa.select(_drafts.c.example_id).where(_drafts.c.rater == reader.rater)
        return [c.example_id.in_(mine)]
    if status in get_args(Verdict):
        return [c.status == status]
    raise InputError(f"There is no status {status!r}.", next_step="Choose one from the list.")


def awaits(reader: Reader) -> sa.ColumnElement[bool]:
    """Whether an example waits for this rater's second reading."""
    c = _standing.c
    return sa.and_(c.done == 1, c.readings == 1, c.lot < reader.share, c.rater != reader.rater, c.status != "flag")


def free_for(rater: str) -> sa.ColumnElement[bool]:
    """Whether nobody else has the example on their page."""
    taken = sa.select(_leases.c.example_id).where(_leases.c.rater != rater, _leases.c.until > now())
    return _standing.c.example_id.not_in(taken)


def order_keys(order: Order) -> list[sa.ColumnElement[Any]]:
    """What the queue is sorted by; the last one is different for every example."""
    c = _standing.c
    if order == "random":
        return [c.lot, c.seq]
    if order == "uncertain":
        return [sa.func.coalesce(sa.func.abs(c.preference - 500), 1_000), c.seq]
    if order == "arrival":
        return [c.seq]
    raise InputError(f"There is no order {order!r}.", next_step="Choose one from the list.")


def behind(keys: list[sa.ColumnElement[Any]], place: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """Whether an example comes after the one whose keys are `place`."""
    *first, last = zip(keys, place, strict=True)
    after: sa.ColumnElement[bool] = last[0] > last[1]
    for key, value in reversed(first):
        after = sa.or_(key > value, sa.and_(key == value, after))
    return after


def items(connection: sa.Connection, page: sa.Select[Any], reader: Reader, order: Order = "arrival") -> list[QueueItem]:
    """The examples at these places. Long texts are read for the page only, not for what comes before it."""
    seqs = page.subquery()
    own = sa.and_(_readings.c.seq == _standing.c.seq, _readings.c.rater == reader.rater)
    query = (
        sa.select(
            _t.c.body, _standing.c.rev.label("stands_at"), _standing.c.disputed, _standing.c.preference,
            awaits(reader).label("second"), _readings.c.event_seq.label("own"),
            *decision_columns(), _drafts.c.text.label("draft"),
        )
        .select_from(seqs)
        .join(_standing, _standing.c.seq == seqs.c.seq)
        .join(_t, _t.c.seq == seqs.c.seq)
        .outerjoin(_events, _events.c.seq == _standing.c.event_seq)
        .outerjoin(_readings, own)
        .outerjoin(_drafts, sa.and_(_drafts.c.example_id == _t.c.id, _drafts.c.rater == reader.rater))
        .order_by(*order_keys(order))
    )  # fmt: skip
    return [_item(row) for row in connection.execute(query)]


def _item(row: Any) -> QueueItem:
    example, second = load(Example, row.body), bool(row.second) and row.own is None
    return QueueItem(
        example,
        None if second else decision_of(row, row.stands_at),
        row.draft,
        second,
        row.stands_at if second else None,
        bool(row.disputed) and not second,
        None if row.preference is None else row.preference / 1000,
    )


def decision_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """The columns of an event that make up a decision, as `decision_of` reads them."""
    c = _events.c
    return (c.event_id, c.example_id, c.verdict, c.rater, c.text, c.note, c.at, c.labels)


def decision_of(row: Any, rev: int) -> Decision | None:
    """The decision in a row of `decision_columns`, at revision `rev`; None where there is no event."""
    if row.event_id is None:
        return None
    labels = tuple(json.loads(row.labels)) if row.labels else ()
    verdict = cast(Verdict, row.verdict)
    return Decision(row.event_id, row.example_id, verdict, row.rater, row.text, row.note, row.at, rev, labels)
