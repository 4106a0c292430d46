"""The part of the queue that a filter shows: arrays compared in memory, and the word index where words are sought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cai_ui.errors import InputError
from cai_ui.records import Verdict
from cai_ui.store import schema, words
from cai_ui.store.columns import STATUSES, UNKNOWN, Mask, QueueColumns, Rows
from cai_ui.store.encoding import now
from cai_ui.store.queue import SEARCH_LIMIT, Order, QueueFilter, Reader
from cai_ui.text import clean_text

FITS_LIMIT = 200
"""A search in order of arrival shows and counts so many examples at most; beyond that it has to be narrowed."""

_drafts = schema.text_drafts
_remarks = schema.remark_drafts
_standing = schema.standing
_leases = schema.leases
_OPEN, _FLAG = STATUSES.index("open"), STATUSES.index("flag")


@dataclass(frozen=True)
class Selection:
    """Row numbers in the filter's order with their places among all rows in this order; and the places of all rows.
    `more`: others fit, too, and were left out."""

    rows: Rows
    own: Rows
    places: Rows
    more: bool

    def rank(self, row: int) -> int:
        """How many of the selection come before a row, which need not be one of it."""
        return int(np.searchsorted(self.own, self.places[row]))

    def has(self, row: int) -> bool:
        at = self.rank(row)
        return at < len(self.rows) and int(self.rows[at]) == row


def select(
    columns: QueueColumns, connection: sa.Connection, filter: QueueFilter, reader: Reader, limit: int | None = None
) -> Selection:
    """What the filter shows to this reader; of what a search finds at most `limit` where it is in order of arrival."""
    if filter.order not in get_args(Order):
        raise InputError(f"There is no order {filter.order!r}.", next_step="Choose one from the list.")
    if filter.status == "draft":
        return _select(columns, connection, filter, reader, limit)
    return columns.kept((filter, reader, limit), lambda: _select(columns, connection, filter, reader, limit))


def _select(
    columns: QueueColumns, connection: sa.Connection, filter: QueueFilter, reader: Reader, limit: int | None
) -> Selection:
    fits, more = _fitting(columns, connection, filter, reader), False
    rows, places = columns.order(filter.order)
    if filter.search.strip():
        found, more = _found(columns, connection, filter, fits, limit if filter.order == "arrival" else None)
        if filter.order == "arrival":
            return Selection(found, found, places, more)
        fits = _mask(columns, found)
    if filter.order == "arrival":
        rows = rows if fits.all() else np.flatnonzero(fits)
        return Selection(rows, rows, places, more)
    rows = rows[fits[rows]]
    return Selection(rows, places[rows], places, more)


def numbers_of(columns: QueueColumns, found: Selection) -> tuple[dict[str, int], int]:
    """How many of the selection have each status, and how many are disputed."""
    whole = len(found.rows) == len(columns)
    status, disputed = (columns[name] if whole else columns[name][found.rows] for name in ("status", "disputed"))
    numbers = np.bincount(status, minlength=len(STATUSES)).tolist()
    return dict(zip(STATUSES, numbers, strict=True)), int(np.count_nonzero(disputed))


def _waiting(columns: QueueColumns, reader: Reader) -> Mask:
    """What waits for this rater's second reading."""
    once = (columns["readings"] == 1) & (columns["lot"] < reader.share)
    by_others = columns["rater"] != columns.code(reader.rater)
    fits: Mask = once & by_others & (columns["status"] != _OPEN) & (columns["status"] != _FLAG)
    return fits


def _drafted(columns: QueueColumns, connection: sa.Connection, rater: str) -> Rows:
    """Rows that the rater has an unsaved edit or comment of."""
    kept = [sa.select(table.c.example_id).where(table.c.rater == rater) for table in (_drafts, _remarks)]
    query = sa.select(_standing.c.seq).where(_standing.c.example_id.in_(sa.union(*kept)))
    return columns.rows_of(connection.scalars(query.order_by(_standing.c.seq)))


def taken(columns: QueueColumns, connection: sa.Connection, rater: str) -> Rows:
    """Rows that somebody else has on their page."""
    query = sa.select(_standing.c.seq).join(_leases, _leases.c.example_id == _standing.c.example_id)
    query = query.where(_leases.c.rater != rater, _leases.c.until > now()).order_by(_standing.c.seq)
    return columns.rows_of(connection.scalars(query))


def _fitting(columns: QueueColumns, connection: sa.Connection, filter: QueueFilter, reader: Reader) -> Mask:
    """Rows that fit everything but the search."""
    fits = _of_status(columns, connection, filter.status, reader)
    for name in ("kind", "source", "constitution", "rater"):
        wanted = getattr(filter, name)
        if wanted is not None:
            fits &= columns[name] == columns.code(wanted)
    score = tuple(None if bound is None else 10 * bound for bound in filter.score)
    for name, (least, most) in (("words", filter.words), ("change", filter.change), ("preference", score)):
        if (least, most) != (None, None):
            fits &= columns[name] >= max(least or 0, UNKNOWN + 1)
        if most is not None:
            fits &= columns[name] <= most
    for kind, value in (("principle", filter.principle), ("finding", filter.finding), ("step", filter.step)):
        if value is not None:
            fits &= _mask(columns, columns.marked(kind, value))
    return fits


def _of_status(columns: QueueColumns, connection: sa.Connection, status: str, reader: Reader) -> Mask:
    if status == "all":
        return np.ones(len(columns), np.bool_)
    if status == "draft":
        return _mask(columns, _drafted(columns, connection, reader.rater))
    is_open: Mask = columns["status"] == _OPEN
    if status == "open":
        return is_open | _waiting(columns, reader) if reader.share else is_open
    if status == "done":
        return ~is_open
    if status == "disputed" or status in get_args(Verdict):
        column, value = ("disputed", 1) if status == "disputed" else ("status", STATUSES.index(status))
        fits: Mask = columns[column] == value
        return fits
    raise InputError(f"There is no status {status!r}.", next_step="Choose one from the list.")


def _found(
    columns: QueueColumns, connection: sa.Connection, filter: QueueFilter, fits: Mask, limit: int | None
) -> tuple[Rows, bool]:
    """Those of the rows that hold the words, at most `limit`, and whether there are more.

    A frequent word is first looked for in few examples; only where too few of these fit it is looked for in more.
    """
    phrase = words.phrase_of(clean_text(filter.search.strip(), "The search", limit=SEARCH_LIMIT))
    reach = None if limit is None else limit + 1
    while True:
        rows, whole = columns.holding(connection, phrase, fits, reach)
        fitting = rows[fits[rows]]
        if whole or (limit is not None and len(fitting) > limit):
            return fitting[:limit], limit is not None and len(fitting) > limit
        reach = None if reach is None or reach > 10 * FITS_LIMIT else 10 * reach


def _mask(columns: QueueColumns, rows: NDArray[np.integer[Any]]) -> Mask:
    made = np.zeros(len(columns), np.bool_)
    made[rows] = True
    return made
