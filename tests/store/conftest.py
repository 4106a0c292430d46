"""A store in a folder of its own, on SQLite and on a real PostgreSQL, and examples to judge.

Without PostgreSQL its half of the tests is skipped with a reason; `CAI_POSTGRES=required` turns that into a failure.
"""

from __future__ import annotations

import importlib.util
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa

from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.store import Store, open_store


def _postgres() -> ModuleType:
    """tests/store/postgres.py by its path, since tests are imported without a package."""
    spec = importlib.util.spec_from_file_location("store_postgres", Path(__file__).with_name("postgres.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[str]:
    postgres = _postgres()
    why = "" if postgres.binaries() else "PostgreSQL was not found (Debian: apt-get install postgresql)"
    if not why and importlib.util.find_spec("psycopg") is None:
        why = "psycopg was not found (pip install 'psycopg[binary]')"
    if why and os.environ.get("CAI_POSTGRES") == "required":
        pytest.fail(f"{why}, and it is required here (CAI_POSTGRES=required).")
    if why:
        pytest.skip(why)
    with postgres.server() as folder:
        yield folder


@pytest.fixture
def postgres_url(postgres_folder: str) -> Iterator[str]:
    """The address of a fresh, empty database."""
    name = f"t{uuid.uuid4().hex[:12]}"
    template = _postgres().URL
    admin = sa.create_engine(
        template.format(name="postgres", folder=postgres_folder), isolation_level="AUTOCOMMIT", pool_pre_ping=True
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield template.format(name=name, folder=postgres_folder)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with open_store(tmp_path / "home", url) as opened:
        yield opened


@pytest.fixture
def examples() -> Callable[..., list[Example]]:
    """`examples(n, source="test", initial=True)`: n different examples."""

    def make(n: int, source: str = "test", initial: bool = True) -> list[Example]:
        return [
            make_example(
                (Message("user", f"Question {i} from {source}"),),
                f"Bad answer {i}" if initial else None,
                f"Good answer {i}",
                prompt=Prompt(f"p{i}", f"Question {i}", "harmful" if i % 2 else "helpful"),
                source=source,
            )
            for i in range(n)
        ]

    return make
