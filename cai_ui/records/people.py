"""Who may do what: five rights, and the roles that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a press on the page needs. Every handler of the page is declared with one (`web/rights.py`)."""

    LOOK = "look"
    """Read what is there; nothing is kept but one's own place on the page."""
    TRY = "try"
    """Have the model answer, and keep drafts and traces of one's own."""
    LABEL = "label"
    """Decide on examples, vote, grade."""
    WORK = "work"
    """Save constitutions, run batches and evaluations, freeze datasets, train, merge, push, put away."""
    OWN = "own"
    """Choose the model and the addresses that the server asks."""


class Role(StrEnum):
    """What somebody who signed in is; `VISITOR` is everybody on a public demo."""

    VISITOR = "visitor"
    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    TRAINER = "trainer"
    OWNER = "owner"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VISITOR: frozenset({Right.LOOK, Right.TRY}),
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.ANNOTATOR: frozenset({Right.LOOK, Right.TRY, Right.LABEL}),
    Role.TRAINER: frozenset({Right.LOOK, Right.TRY, Right.LABEL, Right.WORK}),
    Role.OWNER: frozenset(Right),
}


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. The password is kept as a salted hash, and only in the store; `hub` is the Hub's own
    number of somebody who signs in there ("": by password)."""

    name: str
    role: Role
    made_at: str
    hub: str = ""
