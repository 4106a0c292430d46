"""What the queue can be narrowed to, and what an item of it is. Pure queries: nothing is written.

A rater who is to judge an example a second time does not see the first judgement: for them it is open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import sqlalchemy as sa

from cai_ui.records import Decision, Example, PromptKind, Verdict
from cai_ui.store import schema
from cai_ui.store.encoding import batches, load

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


def awaits(reader: Reader) -> sa.ColumnElement[bool]:
    """Whether an example waits for this rater's second reading."""
    c = _standing.c
    return sa.and_(c.done == 1, c.readings == 1, c.lot < reader.share, c.rater != reader.rater, c.status != "flag")


def items(connection: sa.Connection, seqs: Sequence[int], reader: Reader) -> list[QueueItem]:
    """These examples, in the order given."""
    own = sa.and_(_readings.c.seq == _standing.c.seq, _readings.c.rater == reader.rater)
    query = (
        sa.select(
            _t.c.body, _t.c.seq.label("place"), _standing.c.rev.label("stands_at"), _standing.c.disputed,
            _standing.c.preference, awaits(reader).label("second"), _readings.c.event_seq.label("own"),
            *decision_columns(), _drafts.c.text.label("draft"),
        )
        .select_from(_standing)
        .join(_t, _t.c.seq == _standing.c.seq)
        .outerjoin(_events, _events.c.seq == _standing.c.event_seq)
        .outerjoin(_readings, own)
        .outerjoin(_drafts, sa.and_(_drafts.c.example_id == _t.c.id, _drafts.c.rater == reader.rater))
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
