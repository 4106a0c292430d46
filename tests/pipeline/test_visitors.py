"""What visitors of a public demo leave is deleted a day later, and nothing else ever is."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cai_ui.pipeline import Services, left_off, visitors
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Trace


def left_behind(services: Services, chain: Any, author: str) -> Trace:
    """A trace with its steps, a branch of it, and a draft."""
    trace: Trace = chain(services)
    store = services.store
    store.start_trace(dataclasses.replace(trace, id=f"{trace.id}-b", parent=trace.id, created_at=""))
    version = constitutions.current_constitution(services)
    changed = dataclasses.replace(version.constitution, title=f"of {author}")
    store.save_draft(changed, author, version.hash, before=version.constitution)
    return trace


def test_only_what_came_while_the_page_was_public_goes(services: Services, chain: Any) -> None:
    store, name = services.store, constitutions.current_constitution(services).constitution.name
    mine = left_behind(services, chain, "Ann")
    visitors.shown_to_the_public(store, True)
    visitors.shown_to_the_public(store, True)  # a second start does not begin anew
    left_behind(services, chain, "guest-1")
    assert visitors.drop(store, datetime.now(UTC) - visitors.KEPT) == 0
    assert visitors.drop(store, datetime.now(UTC) + timedelta(seconds=1)) == 3
    assert {trace.id for trace in store.traces()} == {mine.id, f"{mine.id}-b"}
    assert store.draft(name, "guest-1") is None and store.last_change(name, "guest-1") is None
    assert store.draft(name, "Ann") is not None and store.last_change(name, "Ann") is not None
    left_behind(services, chain, "guest-2")
    visitors.shown_to_the_public(store, False)
    assert store.draft(name, "guest-2") is None and len(store.traces()) == 2
    again = left_behind(services, chain, "Ann")
    visitors.shown_to_the_public(store, True)
    visitors.drop(store, datetime.now(UTC) + timedelta(seconds=1))
    assert store.trace(again.id) and store.check() == []


def test_the_cleaning_ends_with_the_page(services: Services) -> None:
    began = time.monotonic()
    visitors.Cleaning(services.store).close()
    assert time.monotonic() - began < 5


def test_where_visitors_left_off_is_kept_in_memory_alone(services: Services) -> None:
    """Seen: what a visitor had typed was in the database after the demo, and nothing deleted it."""
    left_off.leave(services, "Ann", "place", "mine")
    visitors.shown_to_the_public(services.store, True)
    left_off.leave(services, "guest-1", "place", "typed by a visitor")
    assert left_off.left_off(services, "guest-1", "place") == "typed by a visitor"
    assert left_off.left_off(services, "guest-2", "place") is None
    assert left_off.left_off(services, "Ann", "place") is None, "nobody is Ann on a public page"
    for number in range(visitors.Passing.MOST):
        left_off.leave(services, f"guest-more-{number}", "place", "x")
    assert left_off.left_off(services, "guest-1", "place") is None and len(services.passing._kept) <= 2_000
    visitors.shown_to_the_public(services.store, False)
    assert left_off.left_off(services, "Ann", "place") == "mine"
    with services.store._db.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM settings").all()
    assert not any("visitor" in str(row) for row in rows)
