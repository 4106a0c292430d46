"""Critiques and revisions: what a principle finds in a response, and what becomes of the response.

Each demand of a principle sees what it asks for and nothing else: a narrow kind of harm lets other harm stand, one
about style lets a harmful answer stand, one that asks to mention a word adds that word. A response without a fault in
the principle's own terms is kept as it is.
"""

from __future__ import annotations

import random
from dataclasses import replace

from cai_ui.demo.answers import plan, reason
from cai_ui.demo.demands import HARMS, OFFERS, TONES, Demands, minds
from cai_ui.demo.requests import Request
from cai_ui.demo.responses import Response, ask_why, decline, mention, offer, respond, restyled, warning

_FAULTS = (
    "The response helps to {deed}.", "The response explains how to {deed}.", "The fault: it helps to {deed}.",
    "The response shows you how to {deed}.", "It should not help to {deed}.",
)  # fmt: skip
_LACKS: dict[str, tuple[str, ...]] = {
    "polite": ("The response has no friendly word for the user.", "The tone is dry. A kind greeting is missing."),
    "formal": ("The tone is not formal.", "The response is not formal."),
    "short": ("The response is too long. The last step could be left out.", "It has more words than needed."),
    "clear": ("The steps are hard to follow. A numbered list is easier to read.",
              "The order of the steps is not clear."),
    "person": ("The response names nobody to ask.", "It does not say whom to ask."),
    "helpline": ("The response names no helpline.", "A helpline is missing."),
    "wait": ("The response does not advise to wait.", "It leaves no time to think."),
    "add": ("The response does not mention {w}.", "It says nothing about {w}."),
    "care": ("The response gives no warning.", "A warning is missing."),
    "ask": ("The response does not ask why.", "It does not ask back."),
    "help": ("The response refuses. It does not do what was asked.", "It does not help."),
    "helpful": ("The response refuses a harmless request. There is no harm if you {deed}.",),
}  # fmt: skip
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
    "formal": ("The response is formal.",),
    "short": ("The response is short.",),
    "clear": ("The response is clear.",),
    "person": ("The response names someone to ask.",),
    "helpline": ("The response names a helpline.",),
    "wait": ("The response advises to wait.",),
    "add": ("The response mentions {w}.",),
    "care": ("There is nothing to warn of.",),
    "ask": ("There is nothing to ask.",),
    "help": ("The response does what was asked.",),
}  # fmt: skip
_NOTHING = ("Nothing is wrong.", "Nothing is wrong here.")


def has_fault(demands: Demands, request: Request, response: Response) -> bool:
    """Whether a principle with these demands minds the response."""
    return _harms(demands, request, response) or bool(_lacking(demands, request, response))


def critique(rng: random.Random, demands: Demands, request: Request, response: Response) -> str:
    """What a principle with these demands says of the response: each fault it minds, in their order."""
    said = []
    if _harms(demands, request, response):
        said.append(rng.choice(_FAULTS).replace("{deed}", request.deed) + " " + reason(rng, request))
    said += [_fill(rng.choice(_LACKS[ask]), demands, request) for ask in _lacking(demands, request, response)]
    if said:
        return " ".join(said)
    met = [ask for ask in demands.asks if ask not in OFFERS or response.has(ask) or _offers(ask, response)]
    return " ".join([rng.choice(_NOTHING), *(_negative(rng, ask, demands, request, response) for ask in met[:2])])


def revise(rng: random.Random, demands: Demands, request: Request, response: Response) -> Response:
    """The response after a principle with these demands; the same one where it has no fault."""
    lacking = _lacking(demands, request, response)
    if _harms(demands, request, response) and not {"care", "ask"} & set(demands.asks):
        response = decline(rng, request, response)
        offered = [ask for ask in demands.asks if ask in OFFERS]
        if offered:  # what is offered stands in place of the usual way out
            response = replace(response, refusal=(*response.refusal[:2], offer(rng, offered[0])),
                               extras=tuple(e for e in response.extras if e[0] not in offered))  # fmt: skip
            lacking = tuple(ask for ask in lacking if ask not in offered)
    for ask in lacking:
        response = _mended(rng, ask, demands, request, response)
    return response


def _harms(demands: Demands, request: Request, response: Response) -> bool:
    return minds(demands, request) and response.plan is not None and not response.has("care")


def _lacking(demands: Demands, request: Request, response: Response) -> tuple[str, ...]:
    """The demands, apart from harm, that the response does not meet; tone last, since it goes around all else."""
    found = [ask for ask in demands.asks if _lacks(ask, demands, request, response)]
    return tuple(sorted(found, key=lambda ask: ask in TONES))


def _lacks(ask: str, demands: Demands, request: Request, response: Response) -> bool:
    plan = response.plan
    called_for = minds(demands, request) or not demands.harms
    if ask in OFFERS:
        return called_for and not response.has(ask) and not _offers(ask, response)
    if ask == "add":
        return not response.has(f"add {demands.word}")
    if ask == "care":
        return request.act.harmful and called_for and plan is not None and not response.has("care")
    if ask == "ask":
        return called_for and not response.question and not response.refuses
    if ask == "help":
        return response.refuses or bool(response.question)
    if ask == "helpful":
        return response.over_refuses
    return ask in TONES and not response.raw and restyled(ask, response).text != response.text


def _offers(ask: str, response: Response) -> bool:
    mark = {"person": "someone you trust", "helpline": "helpline", "wait": "day"}[ask]
    return bool(response.refusal) and mark in response.refusal[-1].lower()


def _mended(rng: random.Random, ask: str, demands: Demands, request: Request, response: Response) -> Response:
    if ask in OFFERS:
        return response.with_extra(ask, offer(rng, ask))
    if ask == "add":
        return response.with_extra(f"add {demands.word}", mention(rng, demands.word))
    if ask == "care":
        return response.with_extra("care", warning(rng, request))
    if ask == "ask":
        return Response(question=ask_why(rng, request), extras=response.extras, tone=response.tone)
    if ask in ("help", "helpful"):
        return replace(respond(plan(rng, request)), extras=response.extras, tone=response.tone)
    return restyled(ask, response)


def _negative(rng: random.Random, ask: str, demands: Demands, request: Request, response: Response) -> str:
    if response.refuses and ask in HARMS and not response.over_refuses:
        return rng.choice(("The response declines and gives a reason.", "The response helps with no harm."))
    if response.has("care") and ask in (*HARMS, "care"):
        return "The response gives a warning."
    if response.question and ask in (*HARMS, "ask"):
        return "The response asks why."
    return _fill(rng.choice(_NEGATIVES[ask]), demands, request)


def _fill(text: str, demands: Demands, request: Request) -> str:
    return text.replace("{deed}", request.deed).replace("{w}", demands.word)
