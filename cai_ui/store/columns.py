"""What the queue is filtered, counted and sorted by, of every example, in memory: some 40 bytes each.

A filter over 182,831 examples is then a comparison of arrays, where the database would walk over every row. The arrays
follow the database and are never written to it: every transaction that changes the queue draws a number, marks the
rows it changed with it, and `follow` reads what bears a higher number than the last it saw. So several processes on
one database see each other's work, and nothing here can differ from what was committed for longer than that.
"""

from __future__ import annotations

import array
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql, sqlite

from cai_ui.records import Verdict
from cai_ui.store import schema, words
from cai_ui.store.encoding import batches

Rows = NDArray[np.int64]
"""Row numbers: places in the arrays, in order of arrival."""
Mask = NDArray[np.bool_]
T = TypeVar("T")

STATUSES: tuple[str, ...] = ("open", *Verdict.__args__)  # type: ignore[attr-defined]
UNKNOWN = -1
"""Stands for a number that is not known."""

_NUMBERS: dict[str, type[np.integer[Any]]] = {
    "seq": np.int64, "words": np.int32, "change": np.int16, "preference": np.int16, "lot": np.int16,
    "readings": np.int16, "disputed": np.int8,
}  # fmt: skip
_NAMES = ("kind", "source", "constitution", "rater")
_SEARCHES = 4
"""So many searches are kept until examples are added."""
_SELECTIONS = 8
"""So many results are kept until something changes: one press asks for the same several times."""
_PAGE = 1_000
"""So many rows are read at a time."""
_ONE_BY_ONE = 500
"""Up to so many changed rows their marks are read alone; beyond, all of them are read anew."""

_standing = schema.standing
_marks = schema.marks
_meta = schema.meta
STAMP, WHOLE = "queue", "queue_whole"


def stamp(connection: sa.Connection, whole: bool = False) -> int:
    """Draw the number of this transaction, as the first thing that it writes; others that change the queue wait.

    `whole`: so much changes that everything is to be read anew.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    one_more = sa.cast(sa.cast(_meta.c.value, sa.Integer) + 1, sa.Text)
    draw = insert(_meta).values(key=STAMP, value="1")
    draw = draw.on_conflict_do_update(index_elements=["key"], set_={"value": one_more})
    drawn = connection.scalar(draw.returning(_meta.c.value))
    if whole:
        keep = insert(_meta).values(key=WHOLE, value=drawn)
        connection.execute(keep.on_conflict_do_update(index_elements=["key"], set_={"value": drawn}))
    return int(drawn or 0)


class QueueColumns:
    """The arrays, all of one length, sorted by `seq`. Hold `lock` from `follow` until the last look at them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._seen = -1
        self._codes: dict[str, int] = {"": 0}
        self._arrays: dict[str, NDArray[Any]] = {
            **{name: np.empty(0, kind) for name, kind in _NUMBERS.items()},
            **{name: np.empty(0, np.int32) for name in _NAMES},
            "status": np.empty(0, np.int8),
        }
        self._marked: dict[tuple[str, str], NDArray[np.int32]] = {}
        self._orders: dict[str, tuple[Rows, Rows]] = {}
        self._held: dict[tuple[words.Phrase, int, int, int | None], Rows] = {}
        self._selected: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self["seq"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def code(self, name: str | None) -> int:
        """The number that stands for a name in `kind`, `source`, `constitution` and `rater`; -1 if it is nowhere."""
        return self._codes.get(name or "", UNKNOWN)

    def names(self, column: str) -> list[str]:
        """The different names in a column, those with most rows first."""
        known = list(self._codes)
        numbers = self.kept(column, lambda: np.bincount(self[column]))
        most_first = np.argsort(-numbers, kind="stable")[: np.count_nonzero(numbers)]
        return [known[code] for code in most_first if code]

    def marked(self, kind: str, value: str) -> NDArray[np.int32]:
        """Rows with this mark."""
        return self._marked.get((kind, value), np.empty(0, np.int32))

    def marks(self, kind: str) -> list[tuple[str, int]]:
        """Values of a kind of mark with the number of rows that have them."""
        return [(value, len(rows)) for (of, value), rows in self._marked.items() if of == kind and len(rows)]

    def rows_of(self, seqs: Iterable[int] | NDArray[np.int64]) -> Rows:
        """The row numbers of these examples; those that are not known are left out."""
        wanted = seqs if isinstance(seqs, np.ndarray) else np.fromiter(seqs, np.int64)
        at = np.searchsorted(self["seq"], wanted)
        return at[self["seq"][np.minimum(at, len(self) - 1)] == wanted] if len(self) else at[:0]

    def holding(
        self, connection: sa.Connection, phrase: words.Phrase, among: Mask, reach: int | None
    ) -> tuple[Rows, bool]:
        """Rows that hold a phrase, between the first and the last of `among` and at most `reach` of them; and whether
        these are all. The last searches are kept."""
        if not among.any():
            return np.empty(0, np.int64), True
        ends = int(among.argmax()), len(among) - 1 - int(among[::-1].argmax())
        first, last = (int(self["seq"][row]) for row in ends)
        key = (phrase, first, last, reach)
        if key not in self._held:
            while len(self._held) >= _SEARCHES:
                self._held.pop(next(iter(self._held)))
            self._held[key] = self.rows_of(words.find(connection, phrase, first, last, reach))
        rows = self._held[key]
        return rows, reach is None or len(rows) < reach

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once as long as nothing changes."""
        if key not in self._selected:
            while len(self._selected) >= _SELECTIONS:
                self._selected.pop(next(iter(self._selected)))
            self._selected[key] = make()
        return cast(T, self._selected[key])

    def order(self, name: str) -> tuple[Rows, Rows]:
        """All row numbers in an order, and of every row its place there."""
        if name not in self._orders:
            rows = places = np.arange(len(self))
            if name != "arrival":
                rows = np.argsort(self["lot"] if name == "random" else self._doubt(), kind="stable")
                places = np.empty_like(rows)
                places[rows] = np.arange(len(rows))
            self._orders[name] = rows, places
        return self._orders[name]

    def _doubt(self) -> NDArray[Any]:
        """How far a judge was from undecided, per mille; those it has not seen come last."""
        known = self["preference"] != UNKNOWN
        return np.where(known, np.abs(self["preference"] - 500), 1_000)

    def follow(self, connection: sa.Connection) -> None:
        """Read what was committed since the last time."""
        query = sa.select(_meta.c.key, _meta.c.value).where(_meta.c.key.in_([STAMP, WHOLE]))
        numbers = {row.key: int(row.value) for row in connection.execute(query)}
        newest = numbers.get(STAMP, 0)
        if newest == self._seen:
            return
        if self._seen < 0 or numbers.get(WHOLE, 0) > self._seen or not self._read(connection, self._seen):
            self._forget()
            self._read(connection, -1)
        self._seen = newest

    def _read(self, connection: sa.Connection, seen: int) -> bool:
        """Take in the rows with a higher number than `seen`; False if they do not fit behind those that are known."""
        columns = [_standing.c[name] for name in (*_NUMBERS, *_NAMES, "status", "marked")]
        query = sa.select(*columns).execution_options(yield_per=_PAGE)
        if seen >= 0:  # by the index that finds them: in another order SQLite would rather walk over all rows
            query = query.where(_standing.c.changed > seen).order_by(_standing.c.changed)
        pages, marked = [], list[int]()
        for page in connection.execute(query).partitions():
            read = dict(zip((*_NUMBERS, *_NAMES, "status", "marked"), zip(*page, strict=True), strict=True))
            pages.append(self._encoded(read))
            marked += [seq for seq, number in zip(read["seq"], read["marked"], strict=True) if number > seen]
        if not pages:
            return True
        self._selected.clear()
        order = np.argsort(np.concatenate([page["seq"] for page in pages]))
        arrays = {name: np.concatenate([page[name] for page in pages])[order] for name in pages[0]}
        at = np.searchsorted(self["seq"], arrays["seq"])
        new = at == len(self)
        if (self["seq"][at[~new]] != arrays["seq"][~new]).any():
            return False
        at = at[~new]
        if new.any():
            self._held.clear()
        if new.any() or (self["preference"][at] != arrays["preference"][~new]).any():
            self._orders.clear()
        for name, values in arrays.items():
            self._arrays[name][at] = values[~new]
            if new.any():
                self._arrays[name] = np.concatenate([self._arrays[name], values[new]])
        self._read_marks(connection, marked)
        return True

    def _encoded(self, read: Mapping[str, Sequence[Any]]) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        for name, kind in _NUMBERS.items():
            values = (UNKNOWN if value is None else value for value in read[name])
            arrays[name] = np.fromiter(values, kind, len(read[name]))
        for name in _NAMES:
            for value in dict.fromkeys(read[name]):
                self._codes.setdefault(value or "", len(self._codes))
            arrays[name] = np.fromiter((self._codes[v or ""] for v in read[name]), np.int32, len(read[name]))
        by_status = {status: code for code, status in enumerate(STATUSES)}
        arrays["status"] = np.fromiter((by_status[s] for s in read["status"]), np.int8, len(read["status"]))
        return arrays

    def _read_marks(self, connection: sa.Connection, seqs: Sequence[int]) -> None:
        """The marks of these examples, in place of what was known of them."""
        if not seqs:
            return
        query = sa.select(_marks.c.kind, _marks.c.value, _marks.c.seq).order_by(_marks.c.kind, _marks.c.value)
        query = query.execution_options(yield_per=_PAGE)
        found: dict[tuple[str, str], array.array[int]] = {}
        alone = len(seqs) <= _ONE_BY_ONE
        for chunk in batches(list(seqs), _ONE_BY_ONE) if alone else [[]]:
            for kind, value, seq in connection.execute(query.where(_marks.c.seq.in_(chunk)) if alone else query):
                found.setdefault((kind, value), array.array("q")).append(seq)
        if not alone:
            self._marked = {}
        changed = self.rows_of(seqs)
        for key in {*self._marked, *found}:
            left = self.marked(*key)
            left = left[~np.isin(left, changed)] if alone else left
            rows = np.union1d(left, self.rows_of(np.array(found.pop(key, ()), np.int64)))
            self._marked[key] = rows.astype(np.int32)  # half of the size; an example may have many marks
