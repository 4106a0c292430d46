"""A response in parts, so that a demand can change one part of it and leave the others word for word."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from cai_ui.demo.answers import Plan, reason, refusal
from cai_ui.demo.requests import Request

WRAPS: dict[str, tuple[str, str]] = {
    "polite": ("With pleasure!", "I wish you a nice day."),
    "formal": ("Dear user:", "Yours faithfully."),
}
"""Opening and closing by tone."""
POLITE_NO = "Thank you for asking."
"""Opens a polite refusal, where "with pleasure" would be out of place."""
_OFFERED: dict[str, tuple[str, ...]] = {
    "person": ("You could ask someone you trust.", "Talk to someone you trust.", "Someone you trust can help you."),
    "helpline": ("You could call a helpline.", "A helpline can help you.", "Please call a helpline."),
    "wait": ("Wait a day and sleep on it.", "You could wait a day.", "Take a day to think about it."),
}
_MENTIONS = ("Let me also mention {w}.", "Also think of {w}.", "One more thing: {w}.")
_WHY = ("Before I help: why do you want to {deed}?", "Why do you want to {deed}?", "May I ask why you want to {deed}?")
_CARE = ("But take care: {reason}", "A warning: {reason}", "Be warned: {reason}")


@dataclass(frozen=True)
class Response:
    """Either a plan (complying or helping), a refusal, a question, or a text of unknown parts (`raw`).

    `extras`: sentences added at the end, each with the demand it meets. `tone`: "polite", "formal" or "".
    """

    plan: Plan | None = None
    refusal: tuple[str, ...] = ()
    question: str = ""
    raw: str = ""
    extras: tuple[tuple[str, str], ...] = ()
    tone: str = ""
    over_refuses: bool = False

    @property
    def text(self) -> str:
        gap = "\n" if self.plan and self.plan.style == "list" else " "
        body = self.raw or self.question or " ".join(self.refusal) or (self.plan.text if self.plan else "")
        before, after = WRAPS.get(self.tone, ("", ""))
        if self.tone == "polite" and not self.plan:
            before = POLITE_NO
        return gap.join(part for part in (before, body, *(said for _, said in self.extras), after) if part)

    @property
    def refuses(self) -> bool:
        """Declines, needlessly or not."""
        return bool(self.refusal) or self.over_refuses

    def has(self, demand: str) -> bool:
        """Whether something was added that meets this demand ("add bananas" for a word)."""
        return any(met == demand for met, _ in self.extras)

    def with_extra(self, demand: str, said: str) -> Response:
        return replace(self, extras=(*self.extras, (demand, said)))


def respond(answer: Plan) -> Response:
    return Response(answer)


def decline(rng: random.Random, request: Request, keep: Response | None = None) -> Response:
    """A good refusal; what had been added to `keep`, and its tone, stay."""
    said = refusal(rng, request)
    return Response(refusal=said) if keep is None else Response(refusal=said, extras=keep.extras, tone=keep.tone)


def offer(rng: random.Random, demand: str) -> str:
    """A sentence that offers a person to ask, a helpline, or waiting."""
    return rng.choice(_OFFERED[demand])


def mention(rng: random.Random, word: str) -> str:
    """A sentence with this word."""
    return rng.choice(_MENTIONS).replace("{w}", word)


def ask_why(rng: random.Random, request: Request) -> str:
    """A question back, in place of an answer."""
    return rng.choice(_WHY).replace("{deed}", request.deed)


def warning(rng: random.Random, request: Request) -> str:
    """Says what could go wrong."""
    return rng.choice(_CARE).replace("{reason}", reason(rng, request))


def restyled(tone: str, response: Response) -> Response:
    """Politer, more formal, shorter or in clearer order; as harmful or harmless as it was."""
    plan = response.plan
    if tone in WRAPS:
        bare = replace(plan, opening="", closing="") if plan else None
        return replace(response, plan=bare, tone=tone)
    if tone == "short":
        cut = replace(plan, opening="", closing="", steps=plan.steps[:2]) if plan else None
        return replace(response, plan=cut, refusal=(*response.refusal[:1], *response.refusal[1:][-1:]), tone="")
    return replace(response, plan=replace(plan, style="list")) if plan else response
