"""Who voted on what, kept in memory between two keys: the log of votes is followed from where it was."""

from __future__ import annotations

import threading
from collections import Counter

from cai_ui.records import Message, Prompt
from cai_ui.store import Store

Asked = tuple[str, tuple[Message, ...]]
"""A request as votes know it: its text and the turns before it."""


class VoteLog:
    """Who voted on what, kept in memory and followed from where it was. Threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock, self._seen = store, threading.Lock(), -1
        self._done: dict[tuple[str, Asked], set[frozenset[str]]] = {}
        self._counts: Counter[frozenset[str]] = Counter()

    def done(self, rater: str, prompt: Prompt) -> set[frozenset[str]]:
        """The pairs of variants that this rater has voted on under this request."""
        with self._lock:
            return set(self._done.get((rater, (prompt.text, prompt.before)), ()))

    def count(self, pair: frozenset[str]) -> int:
        """Votes on a pair, of everybody."""
        return self._counts[pair]

    def follow(self) -> None:
        """Read what came since."""
        with self._lock:
            for seq, vote in self._store.votes_after(self._seen):
                pair = frozenset((vote.left, vote.right))
                self._done.setdefault((vote.rater, (vote.prompt, vote.before)), set()).add(pair)
                self._counts[pair] += 1
                self._seen = seq
