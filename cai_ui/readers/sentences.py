"""An answer as plain sentences that the patterns can read: small letters, long forms, list items marked.

Only so much of an answer is read as decides it, which also bounds the work: `READ_CHARACTERS` from its beginning, and
of one sentence `SENTENCE_CHARACTERS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

READ_CHARACTERS = 6_000
SENTENCE_CHARACTERS = 600

_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "*": None, "`": None, "#": None})
_LONG_FORMS = (
    ("can not ", "cannot "), ("can't", "cannot"), ("won't", "will not"), ("n't", " not"), ("'m ", " am "),
    ("'re ", " are "), ("'ve ", " have "), ("'ll ", " will "), (" i'd ", " i would "), (" it's ", " it is "),
    (" that's ", " that is "), (" there's ", " there is "), (" here's ", " here is "), (" what's ", " what is "),
)  # fmt: skip
"""Contractions written out, so that each pattern needs one form only."""
_ITEM = re.compile(r"[ \t]*(?:\d{1,2}[.)]|[-•●+])[ \t]+")
_END = re.compile(r"(?<=[.!?:])[\"')\]]?\s+")


@dataclass(frozen=True)
class Sentence:
    """`text` as it stands in the answer; `plain` with a space at both ends; `item`: opens an item of a list."""

    text: str
    plain: str
    item: bool


def sentences_of(answer: str) -> tuple[Sentence, ...]:
    """The sentences of the part of an answer that is read, in order. A line break ends a sentence."""
    found = []
    for line in answer[:READ_CHARACTERS].splitlines():
        mark = _ITEM.match(line)
        for place, part in enumerate(_END.split(line[mark.end() if mark else 0 :])):
            if any(map(str.isalnum, part)):
                found.append(Sentence(part.strip(), plain(part), mark is not None and place == 0))
    return tuple(found)


def plain(text: str) -> str:
    """Small letters, straight quotes, no contractions, single spaces, one space at both ends."""
    words = f" {' '.join(text[:SENTENCE_CHARACTERS].translate(_SIGNS).lower().split())} "
    if "'" in words or "can not" in words:
        for short, long in _LONG_FORMS:
            words = words.replace(short, long)
    return words
