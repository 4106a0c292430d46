"""Text to ids with one tokenizer, where it is known which marks the template placed and which were typed.

A mark is an added token that steers a model: all special ones, and those others that the chat template or their form
tells. Typed marks are plain characters. The tokenizer holds state that all threads share, hence the lock.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

STRETCHES = 2048
"""How many stretches of text, of at most LONG_STRETCH characters, are kept with their ids."""
LONG_STRETCH = 4000
_ANCHORS = ("", "\n", "\x01", "=")
_STEERS = re.compile(r"<[|｜].*[|｜]>|\[/?[A-Z_]{3,}\]|</?s>|<(start|end)_of_\w+>|</?(think|tool_\w+)>", re.DOTALL)
"""Forms of marks that published tokenizers hold without calling them special."""


class ChatTokens:
    """`marks` are texts of marks with their ids, the longest first, so that none hides within another."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.lock = threading.Lock()
        special, others = _marks(tokenizer)
        self.marks = {text: tokenizer.convert_tokens_to_ids(text) for text in sorted(special | others, key=_longest)}
        self.split = _any_of(self.marks)
        self._cut = _any_of({text: 0 for text in sorted(others, key=_longest) if len(text) > 1})
        self._kept = lru_cache(STRETCHES)(self._plain)
        self._anchors: tuple[str, ...] = _ANCHORS
        self._anchors = self._that_work()

    def plain(self, text: str) -> list[int]:
        """Ids of text that stands after a mark; marks in it are read as characters."""
        return (self._kept if len(text) <= LONG_STRETCH else self._plain)(text)

    def placed(self, text: str, shown: Mapping[str, str] = MappingProxyType({})) -> list[int]:
        """Ids of what a template made: its marks, and between them stretches of plain text.

        Stretches are kept, since most of a growing conversation was encoded before. `shown` are the typed marks by what
        stands for them. What stands before the first mark begins the text, and is read as that.
        """
        first, *rest = self.split.split(text) if self.split else [text]
        ids = self._plain(unmasked(first, shown), begins=True) if first else []
        for piece in rest:
            if piece in self.marks:
                ids.append(self.marks[piece])
            elif piece:
                ids += self.plain(unmasked(piece, shown))
        return ids

    def whole(self, text: str, *, split_special_tokens: bool = False) -> list[int]:
        """Ids as the tokenizer gives them."""
        with self.lock:
            ids: list[int] = self.tokenizer(
                text, add_special_tokens=False, split_special_tokens=split_special_tokens, verbose=False
            )["input_ids"]
        return ids

    def _plain(self, text: str, begins: bool = False) -> list[int]:
        """A mark that is not special is found by the tokenizer in any text, so the text is cut within it."""
        ids: list[int] = []
        while self._cut and (found := self._cut.search(text)):
            ids += self._anchored(text[: found.start() + 1], begins and not ids)
            text = text[found.start() + 1 :]
        return ids + self._anchored(text, begins and not ids)

    def _anchored(self, text: str, begins: bool = False) -> list[int]:
        """Sentencepiece tokenizers put a space before the first word of a text, and not after a mark; a sign in
        front, taken away again, stands for the mark. One that grows together with the text will not do."""
        for anchor in ("",) if begins else self._anchors:
            ids = self.whole(anchor + text, split_special_tokens=True)
            before = self.whole(anchor, split_special_tokens=True) if anchor else []
            if ids[: len(before)] == before:
                return ids[len(before) :]
        return ids[len(before) :]

    def _that_work(self) -> tuple[str, ...]:
        """The anchors after which a text gets the ids that it has after a mark."""
        if not self.marks:
            return ("",)
        wanted = self.whole(next(iter(self.marks)) + "hello there")[1:]
        for place in range(len(_ANCHORS)):
            self._anchors = _ANCHORS[place:]
            if self._anchored("hello there") == wanted:
                return _ANCHORS[:1] if place == 0 else _ANCHORS[place:]
        return ("",)


def unmasked(text: str, shown: Mapping[str, str]) -> str:
    """The text with the typed marks in place of what stands for them."""
    return "".join(shown.get(c, c) for c in text) if shown else text


def _marks(tokenizer: Any) -> tuple[set[str], set[str]]:
    """Special marks, and the others."""
    added = tokenizer.added_tokens_decoder.values()
    special = {token.content for token in added if token.special} | set(tokenizer.all_special_tokens)
    template = str(tokenizer.chat_template or "")
    others = {token.content for token in added if not token.special and token.content.strip()}
    return special, {text for text in others - special if text in template or _STEERS.fullmatch(text)}


def _any_of(texts: Mapping[str, int]) -> re.Pattern[str] | None:
    return re.compile("(" + "|".join(map(re.escape, texts)) + ")") if texts else None


def _longest(text: str) -> tuple[int, str]:
    return -len(text), text
