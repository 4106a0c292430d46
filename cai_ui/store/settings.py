"""The small settings of the workspace: JSON values by key."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from cai_ui.errors import InputError
from cai_ui.store import schema
from cai_ui.store.database import Database

_t = schema.settings


class Settings:
    """The part of the store that keeps settings."""

    _db: Database

    def get_setting(self, key: str, default: Any = None) -> Any:
        """The JSON value kept under `key`, or `default`."""
        with self._db.read() as connection:
            value = connection.scalar(sa.select(_t.c.value).where(_t.c.key == key))
        return default if value is None else json.loads(value)

    def change_setting(self, key: str, change: Callable[[Any], Any]) -> None:
        """Keep what `change` makes of the value under `key` (None where there is none); nobody changes it meanwhile."""
        with self._db.write("The setting") as connection:
            value = connection.scalar(sa.select(_t.c.value).where(_t.c.key == key).with_for_update())
            put_setting(self._db, connection, key, change(None if value is None else json.loads(value)))

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a small JSON value. InputError if it is not plain data."""
        with self._db.write("The setting") as connection:
            put_setting(self._db, connection, key, value)


def put_setting(db: Database, connection: sa.Connection, key: str, value: Any) -> None:
    """The same within a transaction that keeps more."""
    try:
        values = {"key": key, "value": json.dumps(value, allow_nan=False)}
    except (TypeError, ValueError) as error:
        raise InputError(f"The setting {key} cannot be saved: {error}.", kept="Nothing was saved.") from None
    connection.execute(db.insert(_t).values(values).on_conflict_do_update(index_elements=["key"], set_=values))
