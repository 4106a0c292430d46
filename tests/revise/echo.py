"""Two principles, and answers that depend on all that decides an answer."""

from __future__ import annotations

from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import Request
from cai_ui.records import Constitution, Principle

CONSTITUTION = Constitution(
    "two",
    "Two",
    "",
    tuple(Principle(i, i.title(), f"Critique by {i}.", f"Rewrite by {i}.") for i in ("first", "second")),
)
TWICE = RevisionSettings(revisions=2)


def echo(request: Request) -> str:
    """An answer that depends on all that decides an answer."""
    return f"{request.messages[-1].content} / {len(request.messages)} turns / seed {request.sampling.seed}"
