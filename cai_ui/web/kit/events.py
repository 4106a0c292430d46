"""How a tab is wired: components are attributes, results go by component, and an event is one of a few kinds.

A tab or a box is a class. `__init__` is the layout, so every component is an attribute; `wire` connects events; what
Gradio calls are methods that give `Changes`: new values by component. A component that is left out keeps its value.
What a handler does stands apart, in plain functions of services and values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradio.blocks import Block

from cai_ui.records import content_hash

Changes = dict[Block, Any]
"""New values (or `gr.update(...)`) by component, from an event's handler. Never empty: one may be `gr.skip()`."""
Given = Mapping[Block, Any]
"""An event's values by component, where its inputs are a set."""
Marks = Mapping[int, str]
"""What a page last got, by component; kept in a `gr.State` between two looks."""
Options = dict[str, Any]

QUIET: Options = {"show_progress": "hidden", "api_visibility": "private"}
"""Of an event that answers soon: nothing flickers, and no API is made of it."""
ASIDE: Options = {**QUIET, "concurrency_limit": None}
"""Of one that must not wait behind others, such as a look at how far the work is."""
AT_ONCE: Options = {**QUIET, "queue": False}
"""Of one that goes round the queue, such as a key in Curate or a Stop."""
MODEL: Options = {**QUIET, "concurrency_id": "model", "concurrency_limit": 4}
"""Of one that streams from the model; all of these share the model's places in the queue."""
SLOW: Options = {"show_progress": "minimal", "api_visibility": "private"}
"""Of one that takes seconds and says so."""
EACH: Options = {**AT_ONCE, "trigger_mode": "multiple"}
"""Of keys, which may come faster than answers: none is dropped."""
NEWEST: Options = {**QUIET, "trigger_mode": "always_last"}
"""Of typing: only the newest state matters."""


def in_turn(place: str) -> Options:
    """Options of events that change the same thing, named by `place`: one at a time, over all pages."""
    return {**QUIET, "concurrency_id": place, "concurrency_limit": 1}


class News:
    """Collects what is new since a page last looked, so that nothing flickers and an open menu stays open.

    `seen` are the `marks` of the last look, without entries for what must be sent in any case.
    """

    def __init__(self, seen: Marks) -> None:
        self._seen = seen
        self.changes: Changes = {}
        self.marks: dict[int, str] = {}

    def put(self, component: Block, value: Any, mark: Any = None) -> None:
        """Send a value if it, or `mark` in its place, is another than at the last look."""
        self.marks[component._id] = now = content_hash(value if mark is None else mark)
        if self._seen.get(component._id) != now:
            self.changes[component] = value
