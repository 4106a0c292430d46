"""Steps that bring an older database up to date. All steps of one start are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from cai_ui.store import schema


def _to_2(connection: sa.Connection) -> None:
    """Quality labels, several raters, and properties to filter by: new columns, filled from examples and log."""
    from cai_ui.store import decision_log

    _add_columns(connection, schema.events, ["labels"])
    _add_columns(
        connection,
        schema.standing,
        ["lot", "words", "change", "constitution", "preference", "readings", "disputed"],
    )
    schema.metadata.create_all(connection)
    for index in schema.standing.indexes:
        index.create(connection, checkfirst=True)
    decision_log.rebuild(connection)


MIGRATIONS: Mapping[int, Callable[[sa.Connection], None]] = {1: _to_2}
"""Step that brings a database of version n to n + 1, by n."""


def _add_columns(connection: sa.Connection, table: sa.Table, names: list[str]) -> None:
    there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    quote = connection.dialect.identifier_preparer.format_table(table)
    for name in names:
        if name not in there:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quote} ADD COLUMN {column}")
