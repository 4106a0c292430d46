"""Training and evaluation sides that share no prompt.

Prompts that differ only in case, spacing or punctuation are one prompt, and so are all conversations
that begin with it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from cai_ui.records import Message, canonical_json

_NOT_WORDS = re.compile(r"[\W_]+")


def prompt_key(conversation: Sequence[Message]) -> str:
    """What is equal for duplicate prompts: the words of the first user turn.

    Where it has no words (only signs, say), the text itself without outer spaces.
    """
    first = next((m.content for m in conversation if m.role == "user"), "")
    words = _NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", first).casefold()).strip()
    return words or first.strip()


def one_side(conversations: Sequence[Sequence[Message]]) -> dict[str, str]:
    """For the key of each conversation's prompt the first key, in alphabetical order, of those that are nearly it.

    Prompts of one group belong on one side of the split: otherwise what is measured was learnt.
    """
    from cai_ui.curate.lint.near import near_duplicates
    from cai_ui.curate.lint.tokens import Tokens

    keys = sorted({prompt_key(conversation) for conversation in conversations})
    groups = near_duplicates(Tokens(keys)).tolist()
    return {key: keys[group] for key, group in zip(keys, groups, strict=True)}


def draw(seed: int, value: object) -> str:
    """A place in a random order that depends on the seed and the value only, not on its neighbours."""
    return hashlib.sha256(f"{seed}:{canonical_json(value)}".encode()).hexdigest()


def eval_keys(keys: Iterable[str], share: float, seed: int) -> set[str]:
    """Prompts for the evaluation side: drawn until they hold at most `share` of the items.

    `keys` has one prompt key per item. A prompt too large for what is left to fill stays in training,
    so few items may give an empty evaluation side.
    """
    sizes = Counter(keys)
    room = int(share * sizes.total())
    chosen: set[str] = set()
    for key in sorted(sizes, key=lambda key: draw(seed, key)):
        if sizes[key] <= room:
            chosen.add(key)
            room -= sizes[key]
    return chosen
