"""From what a judge gave to shares over the choices, or to the reason why there are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.engine.interface import Choice
from cai_ui.errors import CaiError, EndpointError, PromptTooLongError
from cai_ui.text import whole_characters

KEPT = 500
"""Characters of a judge's text that are kept."""
OF_ITSELF = ("filtered", "no text")
"""Causes of an endpoint's error that concern one question only; the others end the work."""
OF_SOME = ("refused", "garbage", "too large")
"""Causes that concern one question where others are answered, and all where none is."""


@dataclass(frozen=True)
class Read:
    """`shares` over the choices, which sum to 1; None with the reason in `why`. `text` is what the judge wrote,
    `thought` what it said before."""

    shares: tuple[float, ...] | None
    why: str = ""
    text: str = ""
    thought: str = ""

    @property
    def rationale(self) -> str:
        """Its thoughts where it was asked for them, else what could not be read."""
        return self.thought or (self.text if self.why else "")


def read_choice(found: Choice | CaiError, choices: Sequence[str]) -> Read:
    """Log-probabilities where there are some, else the text, strictly: one of the choices and no other.

    Raises the errors that another question would meet too.
    """
    if isinstance(found, PromptTooLongError) or (isinstance(found, EndpointError) and found.cause in OF_ITSELF):
        return Read(None, found.what)
    if isinstance(found, CaiError):
        raise found
    text = whole_characters(found.text)[:KEPT]
    if found.shares is not None:
        return Read(found.shares, "", text)
    named = _named(found.text, choices)
    if len(named) == 1:
        return Read(tuple(float(choice == named[0]) for choice in choices), "", text)
    said = "nothing" if not text.strip() else "none of the choices" if not named else "more than one choice"
    return Read(None, f"the judge wrote {said}", text)


def _named(text: str, choices: Sequence[str]) -> list[str]:
    """Choices that a text names as words of their own. Only the first line counts, so that no later thought does;
    a letter counts alone, in brackets or quotes, or where it is the answer, since "A" is also an article. What is
    denied ("not (A)"), or is part of another number (2.5, -1, 3/10), names nothing."""
    first = _OTHER_NUMBER.sub(" ~ ", text.strip().split("\n")[0]).strip(" .*_`\"'")
    found = []
    for choice in choices:
        bare = choice.strip("()")
        if first.lower() == bare.lower():
            return [choice]
        word = rf"(?<!\w){re.escape(choice)}(?!\w)"
        if bare != choice:
            word += rf"|(?i:\({bare}\))|[\"'*`\[(]{bare}[\"'*`\])]|^{bare}[*_]*[):.,](?!\w)|(?i:{_LEADS}){bare}(?!\w)"
        match = re.search(word, first)
        if (
            match
            and not _DENIED.search(_CLAUSE.split(first[: match.start()])[-1])
            and not _WORSE.match(first[match.end() :])
        ):
            found.append(choice)
    return found


_OTHER_NUMBER = re.compile(
    r"(?:-|(?<!\d))\d++([.,]\d++)?\s*+(/|(out )?of\s)\s*\d+|(?:-|(?<!\d))\d++[.,]\d+|-\d+|(?<!\d)\d++\s*+%"
)
_DENIED = re.compile(r"\b(not|neither|nor|never|cannot|unable)\b|n['\u2019]t\b", re.IGNORECASE)
_CLAUSE = re.compile("[.;:!?]")
_WORSE = re.compile(r"\W*\s(is|seems) (the )?(worse|more harmful)\b", re.IGNORECASE)
_LEADS = r"\b(?:answer|option|choice|response|verdict)(?: is)?:? "
