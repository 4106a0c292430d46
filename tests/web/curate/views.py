"""The queue as two raters see it, without a page."""

from __future__ import annotations

from collections.abc import Callable

from cai_ui.pipeline import Services
from cai_ui.records import Example
from cai_ui.store import QueueFilter
from cai_ui.web.curate import walking
from cai_ui.web.curate.walking import Place, View

Make = Callable[..., Example]
OPEN = QueueFilter("open")
ME, ANA = "me", "Ana"


def at(view: View) -> Place:
    assert view.place is not None
    return view.place


def shows(view: View) -> str:
    assert view.item is not None
    return view.item.example.prompt.text


def first(services: Services, filter: QueueFilter = OPEN, rater: str = ME) -> View:
    return walking.show(services, rater, filter, 0)
