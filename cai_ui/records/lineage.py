"""Where something comes from and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cai_ui.errors import InputError
from cai_ui.text import named

PlaceKind = Literal[
    "constitution", "principle", "trace", "example", "decision", "dataset", "row", "run", "evaluation", "answer", "vote"
]
KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
TEXT_LIMIT = 600


@dataclass(frozen=True)
class Place:
    """One thing on the way from a principle to an answer.

    `key` is its id. Of a principle: hash of the constitution, "/", its id; of a dataset's row: hash, "/", part, "/",
    position; of an answer: its evaluation, "/", place.
    """

    kind: PlaceKind
    key: str

    @property
    def text(self) -> str:
        """As links and commands name it: "example:3f2a…"."""
        return f"{self.kind}:{self.key}"

    def parts(self, number: int) -> list[str]:
        """The key in so many parts. InputError where it has fewer."""
        found = self.key.split("/", number - 1)
        if len(found) < number:
            raise InputError(f"{named(self.text)} is not the whole name of it.", next_step="Copy it from the page.")
        return found


def place_of(text: str) -> Place | None:
    """The place that a text of the form "kind:key" names; None for any other text."""
    kind, colon, key = text.strip().partition(":")
    known = next((one for one in KINDS if one == kind), None)
    return Place(known, key[:TEXT_LIMIT]) if known and colon and key else None


@dataclass(frozen=True)
class Link:
    """A step to another thing. `place` is None where it cannot be opened; then `missing` says why where it should be
    there. `role` says what it is to the thing it is listed at, `said` what is known of it beside its title. With `rest`
    it stands for so many further things that are not listed one by one."""

    role: str
    title: str
    place: Place | None = None
    said: str = ""
    missing: str = ""
    rest: int = 0


@dataclass(frozen=True)
class Lineage:
    """One thing with its neighbours. `came_from` and `led_to` are one step each way; `path` goes on step by step to the
    constitution, as far as it is known, the thing itself first. `texts` are label and text."""

    place: Place
    title: str
    facts: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    came_from: tuple[Link, ...]
    led_to: tuple[Link, ...]
    path: tuple[Link, ...] = ()
