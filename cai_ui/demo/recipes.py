"""What each round of training draws: how often each form of conversation, and how hard its words and principles are;
and how long and at which rate it learns."""

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
    made-up words. `revisions`: parts of chains with one to four of them. `unnamed`: share of critique requests under
    several demands that leave the last one to the revision request. `several`: chains under principles of two to four
    demands, most with harm to mind; `narrower`: chains under principles of one kind of harm alone.
    """

    mix: Mapping[str, int]
    more: bool = True
    odd_draft: float = 0.4
    tricky: float = 0.0
    narrow: bool = False
    composed: float = 0.0
    invented: float = 0.7
    revisions: tuple[int, int, int, int] = (74, 20, 4, 2)
    unnamed: float = 0.2
    several: float = 0.0
    narrower: float = 0.0


_COMPOSED = Recipe(_GRAMMAR, odd_draft=0.55, tricky=0.5, composed=0.65, invented=0.5, revisions=(84, 10, 3, 3))
_PLAINER = replace(
    _COMPOSED,
    mix={**_GRAMMAR, "single": 25, "chain": 40, "direct": 12, "preference": 9, "insist": 3, "echo": 8},
    narrow=True,
    composed=0.6,
    tricky=0.6,
    invented=0.6,
)
_NAMED = replace(
    _PLAINER, mix={**_PLAINER.mix, "single": 22, "chain": 50}, composed=0.75, revisions=(80, 12, 4, 4), unnamed=0.0
)
_SEVERAL = replace(_NAMED, mix={**_NAMED.mix, "single": 30}, composed=0.65, several=0.5, narrower=0.14)
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
    # Of two demands the critique named one: no request leaves a demand unnamed any more, and critiques weigh more.
    _NAMED,
    replace(_NAMED, mix={**_NAMED.mix, "single": 30, "chain": 46, "preference": 12}, composed=0.65),
    # Harm beside other demands was one chain in eleven, and what critiques dropped. Harmless requests get such
    # principles as often, or else they are found at fault.
    _SEVERAL,
    _SEVERAL,
    _SEVERAL,
)
"""By round, the first one first."""

COPY_STEPS = 160
"""The first steps are nothing but random tokens said back. All else here rests on copying words never seen, and the
heads that do it form within these steps; in running text alone they took millions of tokens."""


@dataclass(frozen=True)
class Round:
    """A stretch of training with a learning-rate schedule of its own, at `peak` of the full rate.

    `number` says which conversations are drawn (see `RECIPES`). `copy_steps` of the steps practise copying.
    With `mean` the weights written at the end lie half-way between those before and after the round: steadier than
    either. `rest`: share of the rate for embeddings and norms, which at the full one lose the rarer words again.
    `critiques`, `revisions`: loss weights of these in chains, where other assistant tokens weigh 1. `faults`: of the
    first tokens of each sentence of a critique, which say what it speaks of; those of a critique where None.
    """

    steps: int
    peak: float = 1.0
    number: int = 1
    copy_steps: int = 0
    mean: bool = False
    rest: float = 1.0
    critiques: float = 1.0
    revisions: float = 1.0
    faults: float | None = None


ROUNDS = (
    Round(3400, copy_steps=COPY_STEPS),
    Round(1700, peak=0.6, number=2),
    Round(700, peak=0.5, number=3),
    Round(450, peak=0.4, number=4, mean=True),
    Round(800, peak=0.7, number=5, rest=0.3),
    Round(1500, peak=0.5, number=6, rest=0.3),
    Round(1450, peak=0.45, number=7, rest=0.3, mean=True),
    Round(1600, peak=0.45, number=8, rest=0.3, mean=True),
    Round(900, peak=0.4, number=9, rest=0.3, mean=True),
    Round(1200, peak=0.45, number=10, rest=0.3, critiques=4.0, revisions=2.0),
    Round(1200, peak=0.4, number=11, rest=0.3, mean=True, critiques=4.0, revisions=2.0),
    Round(700, peak=0.45, number=12, rest=0.3, critiques=2.0, revisions=2.0, faults=8.0),
    Round(700, peak=0.4, number=13, rest=0.3, mean=True, critiques=2.0, revisions=2.0, faults=6.0),
    Round(500, peak=0.35, number=14, rest=0.3, mean=True, critiques=2.0, revisions=2.0, faults=4.0),
)
"""Those of the shipped weights. A round begins from the weights that the one before has written."""
CONTINUED = ROUNDS[4:]
"""What is trained on from weights given: principles of several demands."""
