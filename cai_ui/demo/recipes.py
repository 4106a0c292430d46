"""What each round of training draws: how often each form of conversation, and how hard its words and principles are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_FIRST = {"single": 15, "chain": 42, "direct": 7, "ruled": 7, "preference": 16, "yes no": 3, "follow up": 2, "talk": 1,
          "echo": 12}  # fmt: skip
_LATER = {**_FIRST, "single": 25, "preference": 10, "ruled": 5, "follow up": 4, "echo": 5}
_GRAMMAR = {"single": 20, "chain": 40, "direct": 22, "ruled": 3, "preference": 7, "yes no": 1, "follow up": 1,
            "insist": 2, "talk": 1, "echo": 3}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Shares from 0 to 1, but for `mix`: parts of each form.

    `more`: stranger words, more forms of principles, more look-alikes. `odd_draft`: harmless chains whose draft has
    words without sense in it, to be kept word for word, which well-formed drafts alone do not teach. `tricky`: made-up
    words that begin with a piece which elsewhere is a word of its own. `narrow`: more principles of one kind of harm.
    `composed`: principles of one to three demands; the others mind one thing. `invented`: objects and persons that are
    made-up words.
    """

    mix: Mapping[str, int]
    more: bool = True
    odd_draft: float = 0.4
    tricky: float = 0.0
    narrow: bool = False
    composed: float = 0.0
    invented: float = 0.7


_COMPOSED = Recipe(_GRAMMAR, odd_draft=0.55, tricky=0.5, composed=0.65, invented=0.5)
_PLAINER = replace(
    _COMPOSED,
    mix={**_GRAMMAR, "single": 25, "chain": 40, "direct": 12, "preference": 9, "insist": 3, "echo": 8},
    narrow=True,
    composed=0.6,
    tricky=0.6,
    invented=0.6,
)
RECIPES = (
    Recipe(_FIRST, more=False),
    Recipe(_LATER),  # once it can copy and judge, more of what it answers
    Recipe(_LATER, tricky=0.5, narrow=True),
    Recipe({**_LATER, "chain": 70, "echo": 8}, tricky=0.5, odd_draft=0.75),
    _COMPOSED,
    # Much that is new makes it lose how to judge.
    replace(_COMPOSED, mix={**_GRAMMAR, "chain": 42, "direct": 14, "preference": 16}),
    # At last more of what is plain.
    replace(
        _COMPOSED,
        mix={**_GRAMMAR, "single": 23, "chain": 44, "direct": 12, "preference": 9, "insist": 3, "echo": 6},
        composed=0.5,
    ),
    # Everyday help and strange words were what it still got wrong, and principles of one kind of harm saw all kinds.
    _PLAINER,
    replace(_PLAINER, mix={**_PLAINER.mix, "single": 30}, composed=0.65),
)
"""By round, the first one first."""
