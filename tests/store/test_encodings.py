"""A database server may keep text in an encoding that does not hold all characters, or in none at all."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from cai_ui.errors import StoreError
from cai_ui.store import open_store

MADE = "CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_hold_all_characters_is_refused_by_name(
    encoding: str, tmp_path: Path, postgres_url: str
) -> None:
    """Where `initdb` finds no locale, as in small containers, it makes databases without an encoding; psycopg then
    answers in bytes, which was a traceback at the start."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(MADE.format(name=name, encoding=encoding))
    url = sa.make_url(postgres_url).set(database=name)
    with pytest.raises(StoreError, match=f"keeps text as {encoding}.*\n?.*ENCODING 'UTF8'"):
        open_store(tmp_path, url.render_as_string(hide_password=False))
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
