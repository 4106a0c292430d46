"""The few-shot examples of a trace, and whether a text was copied from one of them.

The published harmless conversations hold 4.6 % of rows that repeat one example's answer although the request is
about something else, so every step is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cai_ui.records import FewShot, Trace

NEAR = 0.6
"""Share of common words (Jaccard) from which a text counts as a copy."""
RUN = 10
"""So many words in a row out of an example's answer count as a copy as well."""


def few_shot_of(trace: Trace) -> tuple[FewShot, ...]:
    """The few-shot examples that the trace was asked with."""
    return tuple(FewShot(**plain) for plain in trace.settings.get("few_shot", ()))


def leaked_example(text: str, examples: Sequence[FewShot]) -> int | None:
    """Place of the example that the text repeats, or None. Critiques and answers of the examples are compared."""
    said = re.findall(r"\w+", text.lower())
    if len(said) < RUN:
        return None
    runs = {tuple(said[i : i + RUN]) for i in range(len(said) - RUN + 1)}
    for place, example in enumerate(examples):
        for shown in (example.answer, example.critique, example.revision):
            words = re.findall(r"\w+", shown.lower())
            if _jaccard(set(said), set(words)) > NEAR:
                return place
            if any(tuple(words[i : i + RUN]) in runs for i in range(len(words) - RUN + 1)):
                return place
    return None


def _jaccard(one: set[str], other: set[str]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0
