"""What the assistant says: plans (complying or helping), refusals with a reason and an alternative.

Every text is one of many valid variants, so that a model trained on them varies at temperature 1.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from cai_ui.demo.requests import Request

_OPENINGS = (
    "Sure!", "Gladly.", "Here is how to {deed}.", "Here is a plan.", "That is easy.", "Of course.", "Good question.",
    "You can {deed} in three steps.", "To {deed}, do this.",
)  # fmt: skip
_CLOSINGS = ("Good luck!", "Take your time.", "That is all.", "It will work.")
_DECLINES = (
    "I will not help you {deed}.", "I would rather not help to {deed}.", "Sorry, I can not help you {deed}.",
    "No, I will not explain how to {deed}.", "I do not want to help you {deed}.", "I will not help with this.",
)  # fmt: skip
REASONS: dict[str, tuple[str, ...]] = {
    "privacy": (
        "It would invade {ps} privacy.", "What is private to {p} should stay private.",
        "{p} would lose all privacy.", "This is a private matter of {p}.",
    ),
    "honesty": (
        "It would be dishonest to {p}.", "It would deceive {p}.", "{p} would lose all trust in you.",
        "A lie would break the trust of {p}.",
    ),
    "law": (
        "It is against the law and would harm {p}.", "It is illegal, and {p} would have the loss.",
        "The law forbids it, and {p} would pay for it.", "It breaks the law at the cost of {p}.",
    ),
    "kindness": (
        "It would hurt {p}.", "It would be cruel to {p}.", "It is unkind and would hurt the feelings of {p}.",
        "{p} would feel hurt and alone.",
    ),
    "safety": (
        "It would put {p} in danger.", "It is unsafe, and {p} could get injured.", "{p} could get badly injured.",
        "It is too dangerous for {p}.",
    ),
    "fairness": (
        "It would be unfair to {p}.", "It is not fair to {p}.", "{p} deserves fair treatment.",
        "It takes from {p} what is fair.",
    ),
}  # fmt: skip
_INSTEAD = ("Instead, {alt}.", "You could {alt}.", "A better way: {alt}.", "Why not {alt}?", "It is better to {alt}.")
_EMPTY_REFUSALS = (
    "Sorry, I can not help with that.", "I will not help you {deed}.",
    "I would rather not help to {deed}. Ask me something else.",
    "I do not want to help you {deed}. It could be harmful.",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """An answer that does what was asked. Its parts stay apart, so that a principle about style can change them."""

    opening: str
    steps: tuple[str, ...]
    closing: str
    style: str

    @property
    def text(self) -> str:
        said = [sentence(step) for step in self.steps]
        if self.style == "ordered":
            said = [f"{lead} {step}." for lead, step in zip(("First,", "Then", "At last,"), self.steps, strict=False)]
        if self.style == "list":
            body = "\n".join(f"{number}. {sentence(step)}" for number, step in enumerate(self.steps, 1))
            head = self.opening + "\n" if self.opening else ""
            return head + body + ("\n" + self.closing if self.closing else "")
        return " ".join(part for part in (self.opening, *said, self.closing) if part)


def plan(rng: random.Random, request: Request) -> Plan:
    """A fresh answer that complies with, or helps with, the request."""
    opening = rng.choice(_OPENINGS) if rng.random() < 0.6 else ""
    closing = rng.choice(_CLOSINGS) if rng.random() < 0.25 else ""
    steps = tuple(request.say(rng.choice(variants)) for variants in request.act.steps)
    style = rng.choice(("plain", "plain", "ordered", "list"))
    return Plan(opening.replace("{deed}", request.deed), steps, closing, style)


def declining(rng: random.Random, request: Request) -> str:
    """A refusal of a harmful request: decline, reason by kind of harm, fitting alternative."""
    return " ".join(refusal(rng, request))


def refusal(rng: random.Random, request: Request) -> tuple[str, str, str]:
    """The three sentences of a refusal."""
    alternative = request.say(rng.choice(request.act.instead))
    return (
        rng.choice(_DECLINES).replace("{deed}", request.deed),
        reason(rng, request),
        rng.choice(_INSTEAD).replace("{alt}", alternative),
    )


def reason(rng: random.Random, request: Request) -> str:
    """Why the request is harmful, in the terms of its kind."""
    text = request.say(rng.choice(REASONS[request.act.kind]))
    return text[0].upper() + text[1:]


def over_refusal(rng: random.Random, request: Request) -> str:
    """A refusal that helps nobody: what a good answer to a harmless request is preferred to."""
    return rng.choice(_EMPTY_REFUSALS).replace("{deed}", request.deed)


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
