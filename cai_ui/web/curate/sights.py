"""What each open page was last shown, so that an answer which comes late takes nothing back.

A page's events are answered one after the other, each from the store as the one before left it. A look at how things
stand, which no key asked for, may still be underway when a person decides; it then has no say in what they see.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cai_ui.web.kit.events import Changes, Given

_PAGES = 1_000
"""So many pages are remembered; of an older one, the next answer is sent whole."""


@dataclass
class Sight:
    """The hidden place, the card and the text that were sent to a page last; "" where none was."""

    place: str = ""
    card: str = ""
    text: str = ""
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)


class Sights:
    """The sights of all pages. Threads may share it."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Sight] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, page: str) -> Iterator[Sight]:
        """A page's sight, once the page's events before this one are answered; whoever has it may change it."""
        with self._lock:
            sight = self._pages.setdefault(page, Sight())
            self._pages.move_to_end(page)
            while len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        with sight.turn:
            yield sight

    def last(self, page: str) -> str:
        """The place that was sent to a page last; asked by whoever has its turn."""
        with self._lock:
            return self._pages[page].place if page in self._pages else ""


def unseen(changes: Changes, given: Given) -> Changes:
    """What is other than the values that an event was sent with."""
    return {block: value for block, value in changes.items() if block not in given or given[block] != value}
