"""Token ids to text, handed out in pieces that never end within a character or within a stop string."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HALF = "\ufffd"
"""What a decoder shows for bytes that are not yet a whole character."""


class TextStream:
    """The text of one answer on its way.

    White space around the answer is dropped: at the start for good, at the end until more text
    follows. Control characters, which no later stage admits, become U+FFFD. The text ends before the
    first of `stops`; then `hit` is True. `before` are ids that the text goes on from, space and all.
    """

    def __init__(
        self, decode: Callable[[list[int]], str], stops: Sequence[str] = (), before: Sequence[int] = ()
    ) -> None:
        self.ids: list[int] = []
        self.text = ""
        self.hit = False
        self.stops = tuple(stops)
        self._decode = decode
        self._before = list(before)
        self._from, self._read = 0, len(self._before)
        self._unsure = ""
        self._space = ""
        self._told = 0

    def take(self, final: bool = False) -> str:
        """The text that has become whole since the last call; with `final`, all that is left."""
        self.look(final)
        piece, self._told = self.text[self._told :], len(self.text)
        return piece

    def look(self, final: bool = False) -> None:
        """Read the ids that have come. Sets `hit` if a stop string has."""
        ids = self._before + self.ids
        before = self._decode(ids[self._from : self._read])
        now = self._decode(ids[self._from :])
        if self.hit or (now.endswith(HALF) and not final):
            return
        fresh = self._sure(CONTROL.sub(HALF, now[len(before) :]), final)
        self._from, self._read = self._read, len(ids)
        fresh = self._space + fresh if self.text or self._before else fresh.lstrip()
        piece = fresh.rstrip()
        self._space = fresh[len(piece) :]
        self.text += piece

    def _sure(self, fresh: str, final: bool) -> str:
        """What of the text is not, and will not become, part of a stop string."""
        if not self.stops:
            return fresh
        text = self._unsure + fresh
        self._unsure = ""
        found = [place for stop in self.stops if (place := text.find(stop)) >= 0]
        if found:
            self.hit = True
            return text[: min(found)]
        if not final:
            held = max(_begun(text, stop) for stop in self.stops)
            if held:
                text, self._unsure = text[:-held], text[-held:]
        return text


def _begun(text: str, stop: str) -> int:
    """Length of the longest end of `text` that a stop string begins with."""
    longest = min(len(stop) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if stop.startswith(text[-n:])), 0)
