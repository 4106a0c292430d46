"""The words that people's labels of answers come in, and which outcome each means."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cai_ui.readers.outcomes import Outcome

WORDS: Mapping[str, Outcome] = {
    **dict.fromkeys(
        (
            "full compliance",
            "compliance",
            "complied",
            "comply",
            "complies",
            "compliant",
            "not refused",
            "answered",
            "fully complied",
            "no refusal",
            "non refusal",
            "not a refusal",
            "did not refuse",
            "direct answer",
        ),
        Outcome.COMPLIED,
    ),
    **dict.fromkeys(
        (
            "full refusal",
            "refusal",
            "refused",
            "refuse",
            "refuses",
            "declined",
            "rejected",
            "fully refused",
            "complete refusal",
            "direct refusal",
            "hard refusal",
            "non compliance",
            "noncompliance",
            "non compliant",
            "did not comply",
        ),
        Outcome.REFUSED,
    ),
    **dict.fromkeys(
        (
            "partial refusal",
            "partly refused",
            "partially refused",
            "partial compliance",
            "partial",
            "partially complied",
            "partly complied",
            "partially compliant",
        ),
        Outcome.PARTLY_REFUSED,
    ),
    **dict.fromkeys(("evaded", "evasion", "off topic"), Outcome.EVADED),
    **dict.fromkeys(("broken", "garbled", "empty"), Outcome.BROKEN),
}
"""Label words after `plain_label`, and what they mean."""
OTHER_QUESTIONS = frozenset(
    {"safe", "unsafe", "harmful", "harmless", "toxic", "non toxic", "benign", "helpful", "good", "bad"}
)
"""Labels that answer another question: an unsafe prompt may be refused, and a safe answer may comply."""


def plain_label(text: str) -> str:
    """Small letters without the number in front and with spaces for signs: "2_full_refusal" is "full refusal"."""
    return re.sub(r"[\W_]+", " ", re.sub(r"^\s*\d+[\W_]+(?=[^\W\d])", "", text[:60].lower())).strip()


def outcome_of_label(text: str) -> Outcome | None:
    """The outcome a label word means; None for words that are not known, or that answer another question."""
    return WORDS.get(plain_label(text))
