"""Steps that bring an older database up to date. All steps of one start are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from cai_ui.records import Example
from cai_ui.store import schema, words
from cai_ui.store.encoding import load


def _to_2(connection: sa.Connection) -> None:
    """Quality labels, several raters, and properties to filter by: new columns, filled from examples and log."""
    from cai_ui.store import decision_log

    _add_columns(connection, schema.events, ["labels"])
    _add_columns(
        connection,
        schema.standing,
        ["lot", "words", "change", "constitution", "preference", "readings", "disputed"],
    )
    _to_3(connection)
    decision_log.rebuild(connection)


def _to_3(connection: sa.Connection) -> None:
    """A queue that is filtered in memory, and a word index in place of searching every text."""
    if "folded" not in _columns(connection, "examples"):
        return  # done on the way from format 1, whose rebuilding writes rows of today
    _add_columns(connection, schema.standing, ["changed", "marked"])
    schema.metadata.create_all(connection)
    for name in ("done", "lot", "disputed", "status", "rater"):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS ix_standing_{name}")
    for table in (schema.standing, schema.text_drafts):
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    words.create(connection)
    after = -1
    texts = sa.text("SELECT seq, body FROM examples WHERE seq > :after ORDER BY seq LIMIT 1000")
    while rows := connection.execute(texts, {"after": after}).all():
        words.add(connection, {row.seq: words.words_of(load(Example, row.body)) for row in rows})
        after = rows[-1].seq
    connection.exec_driver_sql("ALTER TABLE examples DROP COLUMN folded")


MIGRATIONS: Mapping[int, Callable[[sa.Connection], None]] = {1: _to_2, 2: _to_3}
"""Step that brings a database of version n to n + 1, by n."""


def _add_columns(connection: sa.Connection, table: sa.Table, names: list[str]) -> None:
    there = _columns(connection, table.name)
    quote = connection.dialect.identifier_preparer.format_table(table)
    for name in names:
        if name not in there:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quote} ADD COLUMN {column}")


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}
