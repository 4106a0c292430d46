"""Answers that are no usable text: empty, cut before a sentence, repeating itself, garbage; and what is not English.

Each question is answered from the beginning of the answer, at most `READ_WORDS` words, in time linear in their number.
"""

from __future__ import annotations

import re
from collections import Counter

READ_WORDS = 2_000
_NGRAM = 4
_MIN_WORDS = 40
"""Shorter answers may repeat a phrase without being broken."""
_DISTINCT = 0.45
"""Under this share of distinct word groups an answer goes in circles."""
_SAME_LINES = 5
_UNBROKEN_WORDS = 40
"""So many words without one end of a sentence or line are a fragment."""
_END = re.compile(r"[.!?:;。！？]|\n")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ENGLISH_WORDS = (
    "the a an of to in is it and that for you i not are be on with as this or by from at can your have if but they "
    "there was will do any so we my me no what how sorry help would should here"
)
_OTHER_WORDS = (
    "el la los las que es un una por con para como pero le les des et est dans vous je ne pas der die das und ist "
    "nicht ein eine ich sie zu mit auf il di che non per sono o os um uma em het een van niet ik te w na nie jest ve"
)
_ENGLISH, _OTHER = frozenset(_ENGLISH_WORDS.split()), frozenset(_OTHER_WORDS.split())
_FEW_WORDS, _FOREIGN = 4, 0.1


def what_is_broken(answer: str, cut: bool = False) -> str:
    """Why this is no usable text, in words; "" where it is. `cut`: known to have ended at a token limit."""
    text = answer[: READ_WORDS * 12]
    words = [word.lower() for word in _WORD.findall(text)[:READ_WORDS]]
    if not words:
        return "There is no word in it."
    if _is_garbage(text, words):
        return "Most of it is not words."
    if repeats(text, words):
        return "It says the same again and again."
    if not _END.search(text.strip()) and (cut or len(words) >= _UNBROKEN_WORDS):
        return "It was cut before its first sentence ended."
    return ""


def is_english(answer: str) -> bool:
    """Whether the patterns can read it: not where another script, or small words of other languages, prevail.

    Code, names and numbers have neither and pass.
    """
    words = [word.lower() for word in _WORD.findall(answer[:4_000])]
    if sum(map(str.isascii, words)) < 0.5 * len(words):
        return False
    english, other = (sum(word in known for word in words) for known in (_ENGLISH, _OTHER))
    return len(words) < _FEW_WORDS or other <= english or other < _FOREIGN * len(words)


def repeats(text: str, words: list[str]) -> bool:
    """Whether the same line or sentence, or the same groups of four words, make up most of it."""
    lines = [part.strip().lower() for part in re.split(r"[.!?\n]+", text) if len(part.strip()) > 3]
    most = max(Counter(lines).values(), default=0)
    if most >= _SAME_LINES and most >= 0.4 * len(lines):
        return True
    groups = list(zip(*(words[place:] for place in range(_NGRAM)), strict=False))
    return len(words) >= _MIN_WORDS and len(set(groups)) < _DISTINCT * len(groups)


def _is_garbage(text: str, words: list[str]) -> bool:
    letters = sum(len(word) for word in words)
    solid = len("".join(text.split())) or 1
    long = sum(len(word) for word in words if len(word) > 30 and word.isascii())
    return text.count("�") > 0.1 * solid or letters < 0.4 * solid or long > 0.5 * letters
