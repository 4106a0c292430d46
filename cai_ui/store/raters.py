"""The people who judge: what they set for themselves, the guidelines they go by, gold examples, and how they work."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cai_ui.errors import ConflictError, InputError
from cai_ui.records import Gold, Guidelines, Judged, RaterSettings
from cai_ui.store import schema
from cai_ui.store.columns import stamp
from cai_ui.store.database import Database
from cai_ui.store.encoding import dump, load, now
from cai_ui.store.events import meaning
from cai_ui.store.queue import GOLD
from cai_ui.text import clean_name, clean_text

GUIDELINES_LIMIT = 40_000

_t = schema.raters
_guidelines = schema.guidelines
_gold = schema.gold
_events = schema.events
_marks = schema.marks
_standing = schema.standing
_readings = schema.readings


class Raters:
    """The part of the store that knows who judges, and by what."""

    _db: Database

    def rater_settings(self, rater: str) -> RaterSettings:
        """What this person set; all defaults where they set nothing yet."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.name == rater))
        return RaterSettings(rater) if body is None else load(RaterSettings, body)

    def save_rater_settings(self, settings: RaterSettings) -> None:
        """Keep what a person set, in place of what they had set before."""
        values = {"name": clean_name(settings.rater, "Annotator name"), "body": dump(settings)}
        with self._db.write("The settings") as connection:
            insert = self._db.insert(_t).values(values)
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))

    def guidelines(self, version: int | None = None) -> Guidelines | None:
        """The newest version of the guidelines, or one of them; None where there is none."""
        c = _guidelines.c
        query = sa.select(_guidelines).order_by(c.seq.desc()).limit(1)
        if version is not None:
            query = query.where(c.seq == version)
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Guidelines(row.seq, row.text, row.author, row.at)

    def save_guidelines(self, text: str, author: str, seen: int) -> Guidelines:
        """Add a version made from version `seen` (0: from none). ConflictError, with nothing written, if there is a
        newer one by now."""
        text = clean_text(text, "The guidelines", limit=GUIDELINES_LIMIT, required=False)
        author = clean_name(author, "Annotator name")
        with self._db.write("The guidelines") as connection:
            newest = connection.scalar(sa.select(sa.func.max(_guidelines.c.seq))) or 0
            if newest != seen:
                raise ConflictError(
                    f"Version {newest} of the guidelines was saved meanwhile.",
                    kept="Nothing was saved; your text is still in the box.",
                    next_step="Reload the page in another window, take over what is new there, and save again.",
                )
            saved = Guidelines(seen + 1, text, author, now())
            values = {"seq": saved.version, "author": author, "at": saved.at, "text": text}
            connection.execute(_guidelines.insert().values(values))
        return saved

    def set_gold(self, example_id: str, author: str) -> Gold:
        """Let the verdict that stands of an example be the known one. InputError where none stands that says which
        answer is better."""
        with self._db.write("The gold example") as connection:
            row = connection.execute(
                sa.select(_standing.c.seq, _standing.c.status).where(_standing.c.example_id == example_id)
            ).one_or_none()
            if row is None or meaning(row.status) is None:
                raise InputError(
                    "This example has no verdict that could be the right one.",
                    kept="Nothing changed.",
                    next_step="Judge it first: accept, edit, reject, tie, or prefer the initial answer.",
                )
            gold = Gold(example_id, row.status, clean_name(author, "Annotator name"), now())
            values = {"example_id": example_id, "body": dump(gold)}
            insert = self._db.insert(_gold).values(values)
            connection.execute(insert.on_conflict_do_update(index_elements=["example_id"], set_=values))
            _mark(connection, row.seq, True)
        return gold

    def drop_gold(self, example_id: str) -> None:
        """Let an example be an ordinary one again."""
        with self._db.write("The gold example") as connection:
            seq = connection.scalar(sa.select(_standing.c.seq).where(_standing.c.example_id == example_id))
            connection.execute(_gold.delete().where(_gold.c.example_id == example_id))
            if seq is not None:
                _mark(connection, seq, False)

    def gold(self) -> list[Gold]:
        """All gold examples, oldest first."""
        with self._db.read() as connection:
            found = [load(Gold, body) for body in connection.scalars(sa.select(_gold.c.body))]
        return sorted(found, key=lambda gold: gold.at)

    def judged_since(self, rater: str, since: str) -> int:
        """How many judgements this person made since a time (ISO 8601, UTC), less those taken back since then."""
        c = _events.c
        signed = sa.func.sum(sa.case((c.kind == "undo", -1), else_=1))
        with self._db.read() as connection:
            return max(0, connection.scalar(sa.select(signed).where(c.rater == rater, c.at >= since)) or 0)

    def work(self) -> list[Judged]:
        """Every judgement that was not taken back, oldest first."""
        c, inverse = _events.c, _events.alias()
        query = (
            sa.select(c.rater, c.example_id, c.verdict, c.at, c.batch)
            .outerjoin(inverse, inverse.c.undoes == c.event_id)
            .where(c.kind != "undo", inverse.c.seq.is_(None))
            .order_by(c.seq)
        )
        with self._db.read() as connection:
            return [
                Judged(row.rater, row.example_id, row.verdict, row.at, row.batch is not None)
                for row in connection.execute(query)
            ]


def is_gold(connection: sa.Connection, seq: int) -> bool:
    """Whether the verdict of an example is known."""
    here = sa.select(_marks.c.seq).where(_marks.c.kind == GOLD, _marks.c.value == GOLD, _marks.c.seq == seq)
    return connection.scalar(here) is not None


def judgements_of(connection: sa.Connection, rater: str) -> int:
    """How many entries of the log are this person's."""
    return connection.scalar(sa.select(sa.func.count()).where(_events.c.rater == rater)) or 0


def read_by(connection: sa.Connection, rater: str, seqs: Sequence[int]) -> list[int]:
    """Those of the examples that this person has judged, in order."""
    query = sa.select(_readings.c.seq).where(_readings.c.rater == rater, _readings.c.seq.in_(seqs))
    return list(connection.scalars(query.order_by(_readings.c.seq)))


def _mark(connection: sa.Connection, seq: int, gold: bool) -> None:
    number = stamp(connection)
    connection.execute(_standing.update().where(_standing.c.seq == seq).values(changed=number, marked=number))
    connection.execute(_marks.delete().where(_marks.c.kind == GOLD, _marks.c.seq == seq))
    if gold:
        connection.execute(_marks.insert().values(kind=GOLD, value=GOLD, seq=seq))
