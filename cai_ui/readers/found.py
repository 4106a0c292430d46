"""An answer as read: its sentences, and where each pattern stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cai_ui.readers.help_given import COURTESY, HELP
from cai_ui.readers.refusals import REFUSALS, Pattern
from cai_ui.readers.requests import VAGUE, Request, content, request_of
from cai_ui.readers.sentences import Sentence, sentences_of

HEAD = 2
"""So many sentences after the first belong to the head."""
PATTERNS: tuple[Pattern, ...] = (*REFUSALS, *HELP)
EVASIVE_SENTENCES = 3
"""Shorter answers may well do what was asked without a word of the request: "In 1912." """


@dataclass(frozen=True)
class Found:
    """`first`: place of the first sentence that is not courtesy. `places`: the sentences that have each pattern."""

    request: Request
    sentences: tuple[Sentence, ...]
    first: int
    places: Mapping[str, tuple[int, ...]]

    @property
    def opening(self) -> str:
        return self.sentences[self.first].plain if self.sentences else "  "

    def at_first(self, name: str) -> bool:
        return self.first in self.places[name]

    def in_head(self, name: str) -> bool:
        return any(place <= self.first + HEAD for place in self.places[name])


def find(prompt: str, answer: str) -> Found:
    """Where each pattern stands in the part of the answer that is read."""
    sentences = sentences_of(answer)
    first = next((place for place, one in enumerate(sentences[:3]) if not COURTESY.match(one.plain)), 0)
    places = {one.name: _places(one, sentences) for one in PATTERNS}
    return Found(request_of(prompt), sentences, first, places)


def speaks_of_something_else(found: Found) -> bool:
    """Whether several sentences have no telling word of the request between them."""
    asked = found.request.words - VAGUE
    if not asked or found.request.free or len(found.sentences) < EVASIVE_SENTENCES or found.sentences[0].item:
        return False
    return not any(content(sentence.plain) & asked for sentence in found.sentences)


def _places(one: Pattern, sentences: tuple[Sentence, ...]) -> tuple[int, ...]:
    search = one.regex.search
    return tuple([place for place, sentence in enumerate(sentences) if search(sentence.plain)])
