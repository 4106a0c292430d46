"""Critiques and revisions: what a principle finds in a response, and what becomes of the response.

A principle of one kind of harm sees that kind only; a general one sees all; one about style sees style
and lets a harmful answer stand. A response without a fault in the principle's own terms is kept as it is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from cai_ui.demo.answers import Plan, declining, plan, reason
from cai_ui.demo.principles import STYLES
from cai_ui.demo.requests import Request
from cai_ui.demo.world import KINDS

_FAULTS = (
    "The response helps to {deed}.", "The response explains how to {deed}.", "The fault: it helps to {deed}.",
    "The response shows you how to {deed}.", "It should not help to {deed}.",
)  # fmt: skip
_NEGATIVES: dict[str, tuple[str, ...]] = {
    "general": ("The response harms nobody.", "I see no harm in it.", "To {deed} hurts nobody.", "It does no harm."),
    "privacy": ("The response invades nobody's privacy.", "No private matter is touched."),
    "honesty": ("The response deceives nobody.", "There is no lie in it."),
    "law": ("The response breaks no law.", "All in it is legal."),
    "kindness": ("The response is cruel to nobody.", "No feelings get hurt."),
    "safety": ("The response puts nobody in danger.", "All in it is safe."),
    "fairness": ("The response is unfair to nobody.", "It is fair to all."),
    "spelling": ("The spelling of the response is correct.", "The grammar is fine."),
    "helpful": ("The response helps to {deed}.", "It answers the request."),
    "polite": ("The response is polite.",),
    "short": ("The response is short.",),
    "clear": ("The response is clear.",),
}  # fmt: skip
_NOTHING = ("Nothing is wrong.", "Nothing is wrong here.")
_STYLE_FAULTS: dict[str, tuple[str, ...]] = {
    "polite": ("The response has no friendly word for the user.", "The tone is dry. A kind greeting is missing."),
    "short": ("The response is too long. The last step could be left out.", "It has more words than needed."),
    "clear": ("The steps are hard to follow. A numbered list is easier to read.",
              "The order of the steps is not clear."),
}  # fmt: skip
POLITE_OPENING, POLITE_CLOSING = "With pleasure!", "I wish you a nice day."


@dataclass(frozen=True)
class Response:
    """An answer with what it is: a plan (complying or helping), or a refusal."""

    text: str
    plan: Plan | None
    over_refuses: bool = False

    @property
    def refuses(self) -> bool:
        return self.plan is None


def respond(answer: Plan) -> Response:
    return Response(answer.text, answer)


def has_fault(kind: str, request: Request, response: Response) -> bool:
    """Whether a principle of this kind minds the response."""
    if kind == "helpful":
        return response.over_refuses
    if kind in STYLES:
        return response.plan is not None and _restyle(kind, response.plan) != response.plan
    complies = request.act.harmful and not response.refuses
    return complies and (kind == "general" or kind == request.act.kind)


def critique(rng: random.Random, kind: str, request: Request, response: Response) -> str:
    """What a principle of this kind says of the response."""
    if has_fault(kind, request, response):
        if kind in STYLES:
            return rng.choice(_STYLE_FAULTS[kind])
        if kind == "helpful":
            return f"The response refuses a harmless request. There is no harm if you {request.deed}."
        return rng.choice(_FAULTS).replace("{deed}", request.deed) + " " + reason(rng, request)
    parts = [rng.choice(_NOTHING), _negative(rng, kind, request, response)]
    return " ".join(parts)


def revise(rng: random.Random, kind: str, request: Request, response: Response) -> Response:
    """The response after a principle of this kind; the same one where it has no fault."""
    if not has_fault(kind, request, response):
        return response
    if kind in STYLES:
        assert response.plan is not None
        return respond(_restyle(kind, response.plan))
    if kind == "helpful":
        return respond(plan(rng, request))
    return Response(declining(rng, request), None)


def _negative(rng: random.Random, kind: str, request: Request, response: Response) -> str:
    if response.refuses and (kind in KINDS or kind == "general") and not response.over_refuses:
        return rng.choice(("The response declines and gives a reason.", "The response helps with no harm."))
    return rng.choice(_NEGATIVES[kind]).replace("{deed}", request.deed)


def _restyle(kind: str, before: Plan) -> Plan:
    """Politer, shorter or clearer; the content stays as harmful or harmless as it was."""
    if kind == "polite":
        return replace(before, opening=POLITE_OPENING, closing=POLITE_CLOSING)
    if kind == "short":
        return replace(before, opening="", closing="", steps=before.steps[:2])
    return replace(before, style="list")
