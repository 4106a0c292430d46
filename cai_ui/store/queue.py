"""What the queue can be narrowed to, and what an item of it is. Pure queries: nothing is written.

A rater who is to judge an example a second time does not see the first judgement: for them it is open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import sqlalchemy as sa

from cai_ui.records import Decision, Example, PromptKind, Remarks, Verdict
from cai_ui.store import schema
from cai_ui.store.encoding import batches, from_dict, load

Status = Literal[
    "open", "draft", "done", "disputed", "all", "accept", "edit", "reject", "flip", "tie", "skip", "flag"
]  # fmt: skip
Order = Literal["arrival", "random", "uncertain"]
SEARCH_LIMIT = 200

_t = schema.examples
_standing = schema.standing
_events = schema.events
_drafts = schema.text_drafts
_remarks = schema.remark_drafts
_readings = schema.readings
_marks = schema.marks
GOLD = "gold"
"""Kind and value of the mark on an example whose verdict is known."""


@dataclass(frozen=True)
class QueueFilter:
    """Which examples to see, and in which order.

    `search` finds words that follow each other in prompt, answers or critique, whatever case and punctuation; the last
    of them may be the beginning of a word. `words` and `change` are the least and
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
    """For whom the queue is read. `share` is the part of the examples, per 10,000, that two raters judge, `gold` the
    part of their work, per 10,000, that is gold examples."""

    rater: str = ""
    share: int = 0
    gold: int = 0


@dataclass(frozen=True)
class QueueItem:
    """An example with the decision that stands (None while open) and one rater's unsaved edit.

    `second`: somebody else has judged it and this rater is to judge it unseen, so `decision` is None.
    `gold`: its verdict is known, which is said nobody before they judged it. `remarks` are an unsaved comment and
    highlighted passages.
    """

    example: Example
    decision: Decision | None = None
    draft: str | None = None
    second: bool = False
    at_rev: int | None = None
    gold: bool = False
    remarks: Remarks | None = None
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


def awaits(reader: Reader) -> sa.ColumnElement[bool]:
    """Whether an example waits for this rater's second reading."""
    c = _standing.c
    return sa.and_(c.done == 1, c.readings == 1, c.lot < reader.share, c.rater != reader.rater, c.status != "flag")


def items(connection: sa.Connection, seqs: Sequence[int], reader: Reader) -> list[QueueItem]:
    """These examples, in the order given."""
    own = sa.and_(_readings.c.seq == _standing.c.seq, _readings.c.rater == reader.rater)
    marked = sa.exists().where(_marks.c.kind == GOLD, _marks.c.value == GOLD, _marks.c.seq == _standing.c.seq)
    unseen = sa.and_(marked, _standing.c.done == 1, _standing.c.rater != reader.rater) if reader.rater else sa.false()
    query = (
        sa.select(
            _t.c.body, _t.c.seq.label("place"), _standing.c.rev.label("stands_at"), _standing.c.disputed,
            _standing.c.preference, sa.or_(awaits(reader), unseen).label("second"), _readings.c.event_seq.label("own"),
            *decision_columns(), _drafts.c.text.label("draft"), _remarks.c.body.label("remarks"), marked.label("gold"),
        )
        .select_from(_standing)
        .join(_t, _t.c.seq == _standing.c.seq)
        .outerjoin(_events, _events.c.seq == _standing.c.event_seq)
        .outerjoin(_readings, own)
        .outerjoin(_drafts, sa.and_(_drafts.c.example_id == _t.c.id, _drafts.c.rater == reader.rater))
        .outerjoin(_remarks, sa.and_(_remarks.c.example_id == _t.c.id, _remarks.c.rater == reader.rater))
    )  # fmt: skip
    found = {
        row.place: _item(row)
        for chunk in batches(list(seqs), 500)
        for row in connection.execute(query.where(_standing.c.seq.in_(chunk)))
    }
    return [found[seq] for seq in seqs if seq in found]


def _item(row: Any) -> QueueItem:
    example, second = load(Example, row.body), bool(row.second) and row.own is None
    return QueueItem(
        example,
        None if second else decision_of(row, row.stands_at),
        row.draft,
        second,
        row.stands_at if second else None,
        bool(row.gold),
        None if row.remarks is None else load(Remarks, row.remarks),
        bool(row.disputed) and not second,
        None if row.preference is None else row.preference / 1000,
    )


def decision_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """The columns of an event that make up a decision, as `decision_of` reads them."""
    c = _events.c
    return (c.event_id, c.example_id, c.verdict, c.rater, c.text, c.note, c.at, c.labels, c.spans)


def decision_of(row: Any, rev: int) -> Decision | None:
    """The decision in a row of `decision_columns`, at revision `rev`; None where there is no event."""
    if row.event_id is None:
        return None
    labels = tuple(json.loads(row.labels)) if row.labels else ()
    verdict = cast(Verdict, row.verdict)
    spans = from_dict(Remarks, {"spans": json.loads(row.spans)}).spans if row.spans else ()
    return Decision(row.event_id, row.example_id, verdict, row.rater, row.text, row.note, row.at, rev, labels, spans)
