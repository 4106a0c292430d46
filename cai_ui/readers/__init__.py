"""Reading what an answer did: complied, refused in full or in part, evaded, broken, or unread. No model, no network."""

from cai_ui.readers.agreement import Evaluation, evaluate_readers
from cai_ui.readers.outcomes import (
    GOOD,
    MEANINGS,
    REFUSALS,
    Deciding,
    Outcome,
    Reader,
    Reading,
    complied,
    good,
    refused,
)
from cai_ui.readers.phrases import PhraseReader

__all__ = [
    "GOOD",
    "MEANINGS",
    "REFUSALS",
    "Deciding",
    "Evaluation",
    "Outcome",
    "PhraseReader",
    "Reader",
    "Reading",
    "complied",
    "evaluate_readers",
    "good",
    "refused",
]
