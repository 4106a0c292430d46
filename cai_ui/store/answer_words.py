"""The words of an evaluation's answers: put into the index, taken out, and looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cai_ui.store import schema, words

_answers = schema.evaluation_answers
_PAGE = 1_000


def rows_in_order(connection: sa.Connection, evaluation_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place and row of every answer, a thousand in memory at a time."""
    after = -1
    query = sa.select(_answers.c.place, _answers.c.body).where(_answers.c.evaluation_id == evaluation_id)
    query = query.order_by(_answers.c.place).limit(_PAGE)
    while page := connection.execute(query.where(_answers.c.place > after)).all():
        yield from ((row.place, json.loads(row.body)) for row in page)
        after = page[-1].place


def index_answers(connection: sa.Connection, seq: int, evaluation_id: str, forget: bool = False) -> None:
    """Put the words of all answers of an evaluation, of which `seq` is the number, into the index; or `forget` them."""
    change, some = (words.forget if forget else words.add), dict[int, str]()
    for place, row in rows_in_order(connection, evaluation_id):
        some[words.answer_key(seq, place)] = words.words_of_answer(row)
        if len(some) == _PAGE:
            change(connection, some, words.ANSWERS)
            some = {}
    change(connection, some, words.ANSWERS)


def places_with(connection: sa.Connection, seq: int, phrase: words.Phrase) -> NDArray[np.int64]:
    """Places of an evaluation's answers that hold the phrase, or whose request does."""
    first = words.answer_key(seq, 0)
    return words.find(connection, phrase, first, first + words.PLACES - 1, None, words.ANSWERS) - first
