"""The columns of evaluations in memory: read once from the store and kept for the next press, as are searches."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cai_ui.compare.answer_table import AnswerTable
from cai_ui.store import Store
from cai_ui.store.words import phrase_of

K = TypeVar("K")
V = TypeVar("V")
_KEPT, _SEARCHES = 4, 16
"""So many evaluations' columns are kept, and so many searches."""


class AnswerTables:
    """The columns of the evaluations that were looked at last. Threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._there: OrderedDict[tuple[str, str], AnswerTable] = OrderedDict()
        self._found: OrderedDict[tuple[str, str, str], NDArray[np.int64]] = OrderedDict()

    def at(self, evaluation_id: str) -> AnswerTable:
        """The columns of an evaluation. NotFoundError if there is no such evaluation."""
        key = (evaluation_id, self._store.evaluation_mark(evaluation_id))
        with self._lock:
            if key not in self._there:
                self._there[key] = AnswerTable(self._store.answers_in_order(evaluation_id))
            return _kept(self._there, key, _KEPT)

    def with_words(self, evaluation_id: str, text: str) -> NDArray[np.int64]:
        """Places of the answers with these words after each other, in the answer or its request."""
        phrase = phrase_of(text)
        key = (evaluation_id, self._store.evaluation_mark(evaluation_id), f"{phrase.words} {phrase.beginning}")
        with self._lock:
            if key not in self._found:
                self._found[key] = self._store.answers_with(evaluation_id, phrase)
            return _kept(self._found, key, _SEARCHES)


def _kept(there: OrderedDict[K, V], key: K, most: int) -> V:
    there.move_to_end(key)
    while len(there) > most:
        there.popitem(last=False)
    return there[key]
