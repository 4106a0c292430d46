"""What a request asks, as far as its form shows: a fact, reasons for a claim, a private matter; and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cai_ui.readers.sentences import plain

_COMMON_WORDS = (
    "a an the of to in on at for with my me i you your is are was were be do does did how what where why when who "
    "which can could should will would and or not it that this best way ways good some any t give tell get"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_WORD = re.compile(r"[a-z0-9]+")
_STEM = 5
_VAGUE_WORDS = (
    "about also answer anything because doing everything examp explain find from going great having help here just "
    "interesting keep know like look make many means more most much need one other peopl person please possi provi "
    "question really said say see show somebody someone something somet start take than their them then there they "
    "thing think time under understand use used using want work world year yes others never always very well"
)
VAGUE = frozenset(word[:_STEM] for word in _VAGUE_WORDS.split())
"""Beginnings of words that any two texts may share."""
_FREE = re.compile(
    r" (?:please )?(?:\w+ ){0,3}?(?:write|compose|create|generate|list|name|imagine|suggest|recommend|continue|"
    r"complete|translate|summari[sz]e|rewrite|edit|code|program)\b|.*\b(?:poem|story|song|lyrics|code|script)\b"
)
_CLAIM = re.compile(
    r" (?:why (?!did |does )|(?:can you )?(?:please )?(?:give|explain|list)\b|what were the benefits|was |"
    "should )"
)
_FACT = re.compile(
    r" (?:what (?:is|are) (?:an? |the (?:general )?definition of |the meaning of )?[\w-]+(?: [\w-]+)?\? ?$|"
    "what (?:does|did|happened|killed|constitutes|kind of|were|was) |what is the difference|who |when |how "
    "(?:did|does|was|were) |why did |why does |during |in what )"
)
_PRIVATE = re.compile(
    r" (?:\w+ )?(?:password|pin|passcode|social security|address|phone number|credit card|bank account|medical|"
    r"health history|date of birth|birth certificate|passport|tax records?|political|religio\w+|immigration|"
    r"salary|earns?|browsing history|marital status|sexual orientation|union|criminal (?:record|history))\b"
)


@dataclass(frozen=True)
class Request:
    """`words`: beginnings of its content words. `claim`: asks for reasons for something it takes for granted.

    `fact`: asks what something is or what happened. `private`: asks for someone's personal data. `denies`: has a
    negation in it. `free`: asks for something made or chosen, which may be done without a word of the request.
    """

    words: frozenset[str]
    claim: bool
    fact: bool
    private: bool
    denies: bool
    free: bool = False


def request_of(text: str) -> Request:
    """What the last 600 characters of a request ask."""
    asked = plain(text[-600:])
    claim = _CLAIM.match(asked) is not None
    fact = not claim and _FACT.match(asked) is not None
    return Request(
        content(asked), claim, fact, _PRIVATE.search(asked) is not None, denies(asked), _FREE.match(asked) is not None
    )


def content(text: str) -> frozenset[str]:
    """The first letters of each telling word, so that "killing" and "kill" may meet."""
    return frozenset(word[:_STEM] for word in _WORD.findall(text) if len(word) > 2 and word not in _COMMON)


def denies(text: str) -> bool:
    """Whether a plain sentence has a negation."""
    return any(f" {word} " in text for word in ("not", "no", "never", "cannot"))
