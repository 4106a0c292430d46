"""Where a person left off on the page, so that a reload or another day shows the same."""

from __future__ import annotations

from typing import Any

from cai_ui.pipeline import visitors
from cai_ui.pipeline.services import Services
from cai_ui.records import content_hash


def leave(services: Services, author: str, place: str, value: Any) -> None:
    """Keep a small value (plain data) of this person for this place of the page."""
    key = _key(author, place)
    if visitors.are_here(services.store):
        services.passing.leave(key, value)
    elif services.store.get_setting(key, None) != value:
        services.store.set_setting(key, value)


def left_off(services: Services, author: str, place: str) -> Any:
    """What was kept, or None."""
    key = _key(author, place)
    return services.passing.left(key) if visitors.are_here(services.store) else services.store.get_setting(key, None)


def _key(author: str, place: str) -> str:
    return f"left_off.{content_hash([author, place])[:32]}"
