"""Examples as they are kept: added once, corrected where a file is imported again, read by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import NotFoundError
from cai_ui.records import Example
from cai_ui.store import schema, words
from cai_ui.store.columns import stamp
from cai_ui.store.database import Database
from cai_ui.store.decision_log import mark_principles, place_of
from cai_ui.store.encoding import batches, dump, load
from cai_ui.text import ANSWER_LIMIT, clean_text, named

_t = schema.examples
_standing = schema.standing


class Examples:
    """The part of the store that keeps examples."""

    _db: Database

    def add_examples(self, examples: Sequence[Example]) -> int:
        """Put examples into the queue, in their order; those already there are left as they are.

        Gives how many were new. All or nothing: InputError if one of them holds text that cannot be kept.
        """
        rows: dict[str, Any] = {}
        of_id = {example.id: example for example in reversed(examples)}
        for example in examples:
            if example.id not in rows:
                rows[example.id] = _row(example)
        added = 0
        with self._db.write("The examples") as connection:
            number = stamp(connection)
            for chunk in batches(list(rows), 500):
                known = set(connection.scalars(sa.select(_t.c.id).where(_t.c.id.in_(chunk))))
                new = [id for id in chunk if id not in known]
                if not new:
                    continue
                connection.execute(_t.insert(), [rows[id][0] for id in new])
                seqs = {
                    row.id: row.seq for row in connection.execute(sa.select(_t.c.id, _t.c.seq).where(_t.c.id.in_(new)))
                }
                connection.execute(
                    _standing.insert(),
                    [{"seq": seqs[id], "changed": number, "marked": number, **rows[id][1]} for id in new],
                )
                mark_principles(connection, {seqs[id]: of_id[id] for id in new})
                words.add(connection, {seqs[id]: words.words_of(of_id[id]) for id in new})
                added += len(new)
        return added

    def correct_examples(self, examples: Sequence[Example]) -> int:
        """Put kind, topic and critique of these examples in place of those that are kept; gives how many there were.

        Those of traces stay as they were made. All or nothing, as `add_examples`.
        """
        rows = {example.id: _row(example) for example in examples}
        changed = 0
        with self._db.write("The examples") as connection:
            number = stamp(connection)
            for example in examples:
                kept = connection.execute(sa.select(_t.c.seq, _t.c.body).where(_t.c.id == example.id)).first()
                known = None if kept is None else load(Example, kept.body)
                if kept is None or known is None or known.trace_id is not None or known == example:
                    continue
                body, place = rows[example.id]
                connection.execute(_t.update().where(_t.c.seq == kept.seq).values(body=body["body"]))
                moved = {"kind": place["kind"], "source": place["source"], "changed": number}
                connection.execute(_standing.update().where(_standing.c.seq == kept.seq).values(**moved))
                words.change(connection, kept.seq, words.words_of(known), words.words_of(example))
                changed += 1
        return changed

    def example(self, id: str) -> Example:
        """The example with this id. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.id == id))
        if body is None:
            raise NotFoundError(f"There is no example {named(id)}.", next_step="Reload the queue.")
        return load(Example, body)

    def examples_by_id(self, ids: Sequence[str]) -> dict[str, Example]:
        """These examples by their ids; those that there are not are left out."""
        with self._db.read() as connection:
            return {
                row.id: load(Example, row.body)
                for chunk in batches(list(ids), 500)
                for row in connection.execute(sa.select(_t.c.id, _t.c.body).where(_t.c.id.in_(chunk)))
            }


def _row(example: Example) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the example itself and of its place in the queue."""
    texts = [m.content for m in example.conversation] + [example.revision, example.initial, example.critique]
    for text in texts:
        if text is not None:
            clean_text(text, "An example's text", limit=ANSWER_LIMIT, required=False)
    for label in (example.source, example.prompt.source, example.prompt.topic, example.prompt.text):
        clean_text(label, "An example's label", limit=ANSWER_LIMIT, required=False)
    return {"id": example.id, "body": dump(example)}, place_of(example)
