"""Labels of the queue: all together, kept as they come, whatever ends the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cai_ui.config.curate import LabelSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Choice
from cai_ui.errors import EndpointError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import labels
from cai_ui.records import Message, make_example


@pytest.fixture
def queued(services: Services) -> Services:
    asked = (Message("user", "How do I read her diary?"),)
    services.store.add_examples([make_example(asked, f"Sure, {n}.", f"I cannot help with {n}.") for n in range(40)])
    return services


class Breaks(ScriptedEngine):
    """Gives `good` choices, then none of its questions can be asked any more."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good

    def choose_many(self, requests: Any, stop: Any = None) -> Iterator[tuple[int, Any]]:
        for place, found in super().choose_many(requests, stop):
            self.good -= 1
            yield place, found if self.good >= 0 else EndpointError("unreachable", "The endpoint is gone.")


def test_what_was_labelled_before_an_error_is_kept_and_not_asked_again(queued: Services) -> None:
    queued.host.use(Breaks(2 * 21))
    with pytest.raises(EndpointError, match="gone"):
        list(labels.label_pairs(queued, LabelSettings()))
    assert len(queued.store.judgements()) == 21
    queued.host.use(ScriptedEngine())
    *_, last = labels.label_pairs(queued, LabelSettings())
    assert (last.done, last.total, last.unread) == (19, 19, 0)
    assert len(queued.store.judgements()) == 40


def test_a_stop_keeps_what_was_labelled(queued: Services) -> None:
    stop = threading.Event()
    for progress in labels.label_pairs(queued, LabelSettings(), stop=stop):
        if progress.done == 13:
            stop.set()
    assert progress.done == 13 and len(queued.store.judgements()) == 13
    *_, last = labels.label_pairs(queued, LabelSettings())
    assert last.done == 27 and len(queued.store.judgements()) == 40


def test_a_judge_that_writes_no_letter_is_counted_as_unread(queued: Services) -> None:
    class Chatty(ScriptedEngine):
        def choose_many(self, requests: Any, stop: Any = None) -> Iterator[tuple[int, Any]]:
            return ((place, Choice(None, "Both have their merits.")) for place in range(len(requests)))

    queued.host.use(Chatty())
    *_, last = labels.label_pairs(queued, LabelSettings())
    assert (last.done, last.unread, last.order_bias) == (40, 40, None)
    assert {body["why"] for body in queued.store.judgements().values()} == {"the judge wrote none of the choices"}
