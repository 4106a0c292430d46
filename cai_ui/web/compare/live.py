"""What each open page is being shown in a blind vote, so that a vote can come while answers are written.

A vote takes the answers as they were seen and stops the writing; which weights wrote them is known when the engine has
ended. A vote is taken once: whoever presses twice, or before the next answers are there, changes nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from cai_ui.compare.variants import VariantText
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError, InputError
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import Sight

_PAGES = 200
"""So many pages are remembered; older ones have long been closed."""
_END_S = 20.0
"""How long a vote waits for the engine to stop writing."""


@dataclass
class Shown:
    """One request with its two answers, on one page. `over` is set when nothing more is written."""

    ticket: str
    stop: StopFlag
    sight: Sight | None = None
    taken: bool = False
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Taken:
    """Answers to vote on, as they were seen; `early` where they were not finished."""

    sight: Sight
    early: bool


class Live:
    """The answers on every page. Threads may share it."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Shown] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, page: str, ticket: str, stop: StopFlag) -> Shown:
        """Answers that are about to be written for a page, in the place of those before."""
        with self._lock:
            self._pages[page] = shown = Shown(ticket, stop)
            self._pages.move_to_end(page)
            while len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        return shown

    def take(self, page: str, ticket: str) -> Taken:
        """The page's answers for one vote. InputError where there is nothing to vote on, or the same stands on both
        sides so far; ConflictError for a key that comes too early or twice."""
        with self._lock:
            shown = self._pages.get(page)
            seen = shown.sight if shown is not None else None
            if shown is None or seen is None or (not seen.can_vote and not shown.taken):
                raise InputError(words.NOTHING_TO_VOTE, next_step=words.TICK_BLIND)
            if shown.taken or shown.ticket != ticket:
                raise ConflictError(words.VOTE_TOO_FAST)
            if len({variant.text for variant in seen.variants}) == 1:
                raise InputError(words.SAME_SO_FAR)
            shown.taken = True
        if seen.finished:
            return Taken(seen, early=False)
        shown.stop.set()
        if not shown.over.wait(_END_S) or shown.sight is None:
            raise ConflictError(words.NOT_STOPPED)
        ended = {variant.variant: variant for variant in shown.sight.variants}
        sides = tuple(_as_seen(variant, ended[variant.variant]) for variant in seen.variants)
        return Taken(replace(seen, variants=sides), early=True)


def _as_seen(seen: VariantText, ended: VariantText) -> VariantText:
    """The answer of an engine that was stopped, cut to what was on the page. InputError where it failed meanwhile."""
    if ended.answer is None:
        raise InputError(f"{words.COLUMN_FAILED} {ended.error}")
    return replace(ended, text=seen.text, answer=replace(ended.answer, text=seen.text))
