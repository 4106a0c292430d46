"""Word indexes: which examples, and which answers of evaluations, hold a phrase. The same words are found on SQLite
and on PostgreSQL.

A text is cut into words here and not by the database, and kept as plain ASCII, so that neither its tables of letters
nor its search language has a say. Case does not count, nor do punctuation and the two ways to write an accent. Scripts
without spaces, and symbols such as emoji, are found sign by sign.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cai_ui.records import Example

TABLE, ANSWERS = "example_words", "answer_words"
"""The index of examples, by their `seq`; and that of answers of evaluations, by `answer_key`."""
PLACES = 2**31
"""Keys of one evaluation's answers."""
_LONGEST = 80
"""Longer runs of letters are cut into pieces of this length."""
_BREAK = "¶"
"""Stands between two texts of an example, so that no phrase reaches from one into the next; no word is like it."""
_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # noqa: E501
_PLAIN = re.compile(r"[a-z0-9]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_OF = {TABLE: "seq INTEGER PRIMARY KEY REFERENCES examples (seq)", ANSWERS: "seq BIGINT PRIMARY KEY"}
"""The key's column on PostgreSQL."""
_BY_WORD = "array_to_tsvector(string_to_array(words, ' '))"
_BEGINNINGS = (2, 3, 4)
"""Lengths of the beginnings that the index of SQLite knows."""
_NAMED = 12
"""Up to so many words of one beginning are sought by name on SQLite."""
_STRIDE, _OFTEN = 500, 0.02
"""On PostgreSQL: texts looked at before the index is used, and the share of them that makes a phrase frequent."""
OF_CONNECTION = tuple(
    f"CREATE VIRTUAL TABLE temp.{table}_terms USING fts5vocab(main, {table}, instance)" for table in (TABLE, ANSWERS)
)
"""What each connection to SQLite does first: the lists of all words, which lie in the index and take no room."""


@dataclass(frozen=True)
class Phrase:
    """Words that follow each other; `beginning`: the last of them may go on. Without words it is nowhere."""

    words: tuple[str, ...]
    beginning: bool = False


def phrase_of(text: str) -> Phrase:
    """What to look for: the words of the text, of which the last may be the beginning of one (two letters at least)."""
    folded = _folded(text.strip())
    places = [match.span() for match in _pattern(folded).finditer(folded)]
    if not places:
        return Phrase(())
    start, end = places[-1]
    return Phrase(tuple(_words(folded)), end == len(folded) and end - start > 1)


def words_of(example: Example) -> str:
    """An example's texts as the index keeps them: words with one space between."""
    return _joined([*(m.content for m in example.conversation), example.revision, example.initial, example.critique])


def words_of_answer(row: Mapping[str, Any]) -> str:
    """The same of an answer of an evaluation, with what it answers."""
    return _joined([str(row.get(name) or "") for name in ("earlier", "prompt", "answer")])


def answer_key(evaluation: int, place: int) -> int:
    """The key of an answer, by the `seq` of its evaluation and its place there."""
    return evaluation * PLACES + place


def _joined(texts: Iterable[str | None]) -> str:
    """One space between any two, also beside a text without a word, such as "?": PostgreSQL takes no empty ones."""
    found: list[str] = []
    for place, text in enumerate(text for text in texts if text):
        found += [_BREAK] * (place > 0) + _words(_folded(text))
    return " ".join(found)


def create(connection: sa.Connection, table: str = TABLE) -> None:
    """Make an index, empty."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {table} USING fts5(words, content='', tokenize='ascii', "
            f"prefix='{' '.join(map(str, _BEGINNINGS))}')"
        )
        return
    connection.exec_driver_sql(f"CREATE TABLE {table} ({_OF[table]}, words TEXT NOT NULL)")
    connection.exec_driver_sql(f"CREATE INDEX ix_{table} ON {table} USING gin ({_BY_WORD})")


def add(connection: sa.Connection, rows: Mapping[int, str], table: str = TABLE) -> None:
    """Put the words of examples into the index, by `seq`; of answers, by `answer_key`."""
    key = "rowid" if connection.dialect.name == "sqlite" else "seq"
    values = [{"seq": seq, "words": words} for seq, words in rows.items()]
    if values:
        connection.execute(sa.text(f"INSERT INTO {table} ({key}, words) VALUES (:seq, :words)"), values)


def forget(connection: sa.Connection, rows: Mapping[int, str], table: str = TABLE) -> None:
    """Take out of the index what was put in with these words."""
    values = [{"seq": seq, "words": words} for seq, words in rows.items()]
    if not values:
        return
    if connection.dialect.name == "sqlite":  # the index keeps no texts, so that it has to be told what to forget
        out = f"INSERT INTO {table} ({table}, rowid, words) VALUES ('delete', :seq, :words)"
        connection.execute(sa.text(out), values)
    else:
        connection.execute(sa.text(f"DELETE FROM {table} WHERE seq = :seq"), [{"seq": seq} for seq in rows])


def change(connection: sa.Connection, seq: int, before: str, after: str) -> None:
    """Put other words of an example into the index, in place of those it had."""
    forget(connection, {seq: before})
    add(connection, {seq: after})


def clear(connection: sa.Connection) -> None:
    """Forget all words."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO {TABLE} ({TABLE}) VALUES ('delete-all')")
    else:
        connection.exec_driver_sql(f"DELETE FROM {TABLE}")


def find(
    connection: sa.Connection, phrase: Phrase, first: int, last: int, limit: int | None = None, table: str = TABLE
) -> NDArray[np.int64]:
    """Keys of the examples or answers from `first` to `last` that hold the phrase, in order; at most `limit` of
    them."""
    if not phrase.words:
        return np.empty(0, np.int64)
    if connection.dialect.name == "sqlite":
        match = {"match": _fts5(connection, phrase, table)}
        return _seqs(connection, f"{table} MATCH :match", match, first, last, limit, table)
    return _on_server(connection, phrase, first, last, limit, table)


def _on_server(
    connection: sa.Connection, phrase: Phrase, first: int, last: int, limit: int | None, table: str
) -> NDArray[np.int64]:
    """The index of PostgreSQL knows no order and gathers all that holds a phrase, so a frequent one is met sooner on a
    walk along the texts. How frequent it is shows on the way."""
    *whole, end = phrase.words
    values = {"said": f" {' '.join(phrase.words)}{'' if phrase.beginning else ' '}"}
    said = "position(:said in concat(' ', words, ' ')) > 0"
    found, at, reach = np.empty(0, np.int64), first, _STRIDE
    while limit and at <= last:
        stop = min(last, at + reach - 1)
        found = np.concatenate([found, _seqs(connection, said, values, at, stop, limit - len(found), table)])
        at, often = stop + 1, len(found) / (stop + 1 - first)
        if len(found) == limit or at > last:
            return found
        if often < _OFTEN:
            break
        reach = int((limit - len(found)) / often) + _STRIDE
    values["match"] = " & ".join([*whole, f"{end}:*" if phrase.beginning else end])
    rest = f"{said} AND {_BY_WORD} @@ cast(:match AS tsquery)"
    return np.concatenate([found, _seqs(connection, rest, values, at, last, limit and limit - len(found), table)])


def _seqs(
    connection: sa.Connection,
    where: str,
    values: Mapping[str, str],
    first: int,
    last: int,
    limit: int | None,
    table: str,
) -> NDArray[np.int64]:
    sqlite = connection.dialect.name == "sqlite"
    key, joined = ("rowid", "group_concat(at)") if sqlite else ("seq", "string_agg(at::text, ',')")
    # One text instead of many rows: reading 100,000 numbers takes a tenth of the time.
    inner = f"SELECT {key} AS at FROM {table} WHERE {where} AND {key} BETWEEN :first AND :last ORDER BY {key}"
    inner += f" LIMIT {limit:d}" if limit else ""
    query = sa.text(f"SELECT {joined} FROM ({inner}) AS found")
    found = connection.scalar(query, {**values, "first": first, "last": last})
    return np.sort(np.fromstring(found, np.int64, sep=",")) if found else np.empty(0, np.int64)


def _fts5(connection: sa.Connection, phrase: Phrase, table: str) -> str:
    """The phrase in the language of FTS5.

    For a beginning of a length that its index does not know FTS5 gathers all places of all words that begin so before
    it gives the first. So these words are named where they are few, and of a frequent phrase no more is read than
    the first examples that hold it.
    """
    *before, last = phrase.words
    ends = [last]
    if phrase.beginning and len(last) not in _BEGINNINGS:
        ends = _continued(connection, last, table)
    if phrase.beginning and (len(last) in _BEGINNINGS or len(ends) > _NAMED):
        return f'"{" ".join(phrase.words)}" *'
    return " OR ".join(f'"{" ".join([*before, end])}"' for end in ends or [last])


def _continued(connection: sa.Connection, beginning: str, table: str) -> list[str]:
    """Words of the index with this beginning, at most one more than are named. Each is found by a jump behind the one
    before, over all its places."""
    next_one = sa.text(f"SELECT term FROM temp.{table}_terms WHERE term >= :least LIMIT 1")
    found, least = list[str](), beginning
    while len(found) <= _NAMED:
        term = connection.scalar(next_one, {"least": least})
        if term is None or not term.startswith(beginning):
            break
        found.append(term)
        least = f"{term}\x01"
    return found


def missing(connection: sa.Connection) -> int:
    """How many examples the index does not know."""
    table, key = (f"{TABLE}_docsize", "id") if connection.dialect.name == "sqlite" else (TABLE, "seq")
    query = f"SELECT count(*) FROM examples WHERE seq NOT IN (SELECT {key} FROM {table})"
    return connection.scalar(sa.text(query)) or 0


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _words(folded: str) -> list[str]:
    words = _pattern(folded).findall(folded)
    if len(folded) > _LONGEST:
        words = [word[at : at + _LONGEST] for word in words for at in range(0, len(word), _LONGEST)]
    if folded.isascii():
        return words
    return [_BEYOND_ASCII.sub(lambda sign: f"q{ord(sign[0]):06x}", word) for word in words]


def _pattern(folded: str) -> re.Pattern[str]:
    return _PLAIN if folded.isascii() else _any_script()


@functools.cache
def _any_script() -> re.Pattern[str]:
    """A word of any script: letters and digits with their marks; one sign where there are no spaces between words."""
    kinds: dict[str, list[str]] = {"M": [], "So": []}
    for sign in map(chr, range(0x80, 0x20000)):
        category = unicodedata.category(sign)
        kinds.get(category if category == "So" else category[0], []).append(sign)
    marks, symbols = "".join(kinds["M"]), "".join(kinds["So"])
    letter = rf"(?![{_WITHOUT_SPACES}])[^\W_]"
    return re.compile(rf"[{_WITHOUT_SPACES}{symbols}]|{letter}(?:{letter}|(?![{_WITHOUT_SPACES}])[{marks}])*")
