"""What somebody has begun to write about an example and has not decided: an edited text, a comment, passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import sqlalchemy as sa

from cai_ui.errors import InputError
from cai_ui.records import Decision, Remarks, Span, SpanPart
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, now
from cai_ui.store.standing import standing_of
from cai_ui.text import ANSWER_LIMIT, clean_text

NOTE_LIMIT = 2_000
"""Characters of a comment."""
SPANS_LIMIT = 50

_drafts = schema.text_drafts
_remarks = schema.remark_drafts


class Drafts:
    """The part of the store that keeps drafts, one of each kind for an example and a rater."""

    _db: Database

    def save_text_draft(self, example_id: str, rater: str, text: str) -> str:
        """Keep a text that is being edited; gives the time it was saved."""
        text = clean_text(text, "The text", limit=ANSWER_LIMIT, required=False)
        values = {"example_id": example_id, "rater": rater, "text": text, "saved_at": now()}
        with self._db.write("The draft") as connection:
            standing_of(connection, example_id)
            _keep(self._db, connection, _drafts, values, replace=True)
        return values["saved_at"]

    def save_remarks(self, example_id: str, rater: str, remarks: Remarks) -> str:
        """Keep a comment and highlighted passages until the example is decided; gives the time they were saved."""
        note = clean_text(remarks.note, "The comment", limit=NOTE_LIMIT, required=False)
        check_spans(remarks.spans)
        values = _remarks_of(example_id, rater, note, remarks.spans)
        with self._db.write("The comment") as connection:
            standing_of(connection, example_id)
            _keep(self._db, connection, _remarks, values, replace=True)
        return str(values["saved_at"])

    def text_draft(self, example_id: str, rater: str) -> str | None:
        with self._db.read() as connection:
            return connection.scalar(
                sa.select(_drafts.c.text).where(_drafts.c.example_id == example_id, _drafts.c.rater == rater)
            )

    def drop_text_draft(self, example_id: str, rater: str) -> None:
        with self._db.write("The draft") as connection:
            _forget(connection, _drafts, example_id, rater)


def give_back(db: Database, connection: sa.Connection, taken: Decision) -> None:
    """Make drafts of the words of a decision that is taken back, where its rater has not begun newer ones."""
    if taken.verdict == "edit":
        values = {"example_id": taken.example_id, "rater": taken.rater, "text": taken.text, "saved_at": now()}
        _keep(db, connection, _drafts, values, replace=False)
    if taken.note or taken.spans:
        remarks = _remarks_of(taken.example_id, taken.rater, taken.note, taken.spans)
        _keep(db, connection, _remarks, remarks, replace=False)


def _keep(db: Database, connection: sa.Connection, table: sa.Table, values: dict[str, Any], *, replace: bool) -> None:
    insert, keys = db.insert(table).values(values), ["example_id", "rater"]
    connection.execute(
        insert.on_conflict_do_update(index_elements=keys, set_=values)
        if replace
        else insert.on_conflict_do_nothing(index_elements=keys)
    )


def forget_drafts(connection: sa.Connection, example_id: str, rater: str) -> None:
    """Drop what a rater had begun to write about an example: it was decided."""
    for table in (_drafts, _remarks):
        _forget(connection, table, example_id, rater)


def _forget(connection: sa.Connection, table: sa.Table, example_id: str, rater: str) -> None:
    connection.execute(table.delete().where(table.c.example_id == example_id, table.c.rater == rater))


def check_spans(spans: Sequence[Span]) -> None:
    """InputError if there are too many passages, or one is none."""
    if len(spans) > SPANS_LIMIT:
        raise InputError(
            f"There are {len(spans)} highlighted passages; at most {SPANS_LIMIT} fit.", next_step="Take some away."
        )
    for span in spans:
        clean_text(span.text, "A highlighted passage", limit=ANSWER_LIMIT)
        if span.part not in get_args(SpanPart) or not 0 <= span.start < span.end:
            raise InputError("A highlighted passage is not in the text.", next_step="Highlight it again.")


def _remarks_of(example_id: str, rater: str, note: str, spans: Sequence[Span]) -> dict[str, Any]:
    body = dump(Remarks(note, tuple(spans)))
    return {"example_id": example_id, "rater": rater, "saved_at": now(), "body": body}
