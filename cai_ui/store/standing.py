"""What stands of one example, held for whoever is about to change it. Called inside a transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.store import schema
from cai_ui.text import named

_standing = schema.standing


def standing_of(connection: sa.Connection, example_id: str) -> Any:
    """The row of `standing` of an example; on a server nobody else changes it before this transaction ends.

    NotFoundError if there is no such example.
    """
    row = connection.execute(
        sa.select(_standing).where(_standing.c.example_id == example_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no example {named(example_id)}.", kept="Nothing was saved.", next_step="Reload the queue."
        )
    return row


def conflict(place: Any) -> ConflictError:
    """What to tell somebody whose judgement came too late, of the state that they did not see."""
    words = {"open": "was opened again", "accept": "was accepted", "reject": "was rejected", "edit": "was edited",
             "flip": "was flipped", "tie": "was called a tie", "skip": "was skipped",
             "flag": "was flagged"}  # fmt: skip
    who = f" by {place.rater}" if place.rater else ""
    return ConflictError(
        f"This example {words[place.status]}{who} while you were looking at it.",
        kept="Nothing was saved; your text is still in the box.",
        next_step="Look at the new state and decide again.",
    )
