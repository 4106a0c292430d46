"""What a request asks, as far as its form shows: a fact, reasons for a claim, a private matter; and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cai_ui.readers.sentences import plain

_COMMON = frozenset(
    "a an the of to in on at for with my me i you your is are was were be do does did how what where why when who which "
    "can could should will would and or not it that this best way ways good some any t give tell get".split()
)
_WORD = re.compile(r"[a-z0-9]+")
_STEM = 5
_CLAIM = re.compile(
    r" (?:why (?!did |does )|(?:can you )?(?:please )?(?:give|explain|list)\b|what were the benefits|was |should )"
)
_FACT = re.compile(
    r" (?:what (?:is|are) (?:an? |the definition of |the meaning of )?[\w-]+(?: [\w-]+)?\? ?$|"
    r"what (?:does|did|happened|killed|kind of|were )|what is the difference|who |when |"
    r"how (?:did|does|was|were) |why did |why does |during |in what )"
)
_PRIVATE = re.compile(
    r" (?:\w+ )?(?:password|pin|passcode|social security|address|phone number|credit card|bank account|medical|health history|"
    r"date of birth|birth certificate|passport|tax records?|political|religio\w+|immigration|salary|earns?|browsing history|"
    r"marital status|sexual orientation|union|criminal (?:record|history))\b"
)


@dataclass(frozen=True)
class Request:
    """`words`: beginnings of its content words. `claim`: asks for reasons for something it takes for granted.

    `fact`: asks what something is or what happened. `private`: asks for someone's personal data. `denies`: has a
    negation in it.
    """

    words: frozenset[str]
    claim: bool
    fact: bool
    private: bool
    denies: bool


def request_of(text: str) -> Request:
    """What the last 600 characters of a request ask."""
    asked = plain(text[-600:])
    claim = _CLAIM.match(asked) is not None
    fact = not claim and _FACT.match(asked) is not None
    return Request(content(asked), claim, fact, _PRIVATE.search(asked) is not None, denies(asked))


def content(text: str) -> frozenset[str]:
    """The first letters of each telling word, so that "killing" and "kill" may meet."""
    return frozenset(word[:_STEM] for word in _WORD.findall(text) if len(word) > 2 and word not in _COMMON)


def denies(text: str) -> bool:
    """Whether a plain sentence has a negation."""
    return any(f" {word} " in text for word in ("not", "no", "never", "cannot"))
