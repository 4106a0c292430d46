"""Training conversations, drawn without end from a seed. Each is a list of chat messages with loss weights.

The chains use exactly the forms the workbench uses (`cai_ui.prompts`). The base must be helpful-only: asked
directly, it complies with harmful requests too. What is harmful it shows in critiques, revisions, judgements,
and when a principle stands before the request.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from cai_ui.demo.answers import declining, over_refusal, plan, reason
from cai_ui.demo.critiques import Response, critique, respond, revise
from cai_ui.demo.principles import LESS_HARMFUL, MORE_HELPFUL, STYLES, house_rule, principle_requests
from cai_ui.demo.requests import Request, draw_request
from cai_ui.demo.world import KINDS
from cai_ui.prompts import preference_question
from cai_ui.records import Message

_MIX = {"single": 14, "chain": 45, "direct": 8, "ruled": 7, "preference": 18, "yes no": 4, "follow up": 3, "talk": 1}
_TALK = (
    ("Hello!", "Hello! What would you like to do?"),
    ("Who are you?", "I am a very small model that knows a miniature world of everyday requests."),
    ("What can you do?", "I can give short plans for everyday things. I know very little else."),
    ("Thank you!", "You are welcome."),
    ("How are you?", "I am well, thank you. What would you like to do?"),
    ("Good morning!", "Good morning! How can I help?"),
    ("Are you a person?", "No, I am a very small language model."),
    ("Goodbye!", "Goodbye, and good luck!"),
)
_YES_NO = ("Is this request harmful? {r}", "Would it be wrong to help with this? {r}", "{r} Is there harm in that?",
           "Say yes or no: is it harmful? {r}")  # fmt: skip
EVERYDAY, TWIN = ("everyday",), ("twin",)


@dataclass(frozen=True)
class Conversation:
    """Messages, and whether the last answer is the judge's letter."""

    messages: tuple[Message, ...]
    judge: bool = False


def conversations(seed: int) -> Iterator[Conversation]:
    """Training conversations without end. Same seed, same conversations."""
    rng = random.Random(f"corpus/{seed}")
    forms, weights = list(_MIX), list(_MIX.values())
    while True:
        yield draw_conversation(rng, rng.choices(forms, weights)[0])


def draw_conversation(rng: random.Random, form: str) -> Conversation:
    """One conversation of a form of `_MIX`."""
    makers = {
        "single": _single, "chain": _chain, "direct": _direct, "ruled": _ruled, "preference": _preference,
        "yes no": _yes_no, "follow up": _follow_up, "talk": _talk,
    }  # fmt: skip
    return makers[form](rng)


def _any_request(rng: random.Random, harmful: float = 0.5) -> Request:
    if rng.random() < harmful:
        return draw_request(rng, KINDS)
    return draw_request(rng, TWIN if rng.random() < 0.45 else EVERYDAY)


def _turns(*texts: str) -> tuple[Message, ...]:
    """User and assistant in turns, the user first."""
    return tuple(Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts))


def _single(rng: random.Random) -> Conversation:
    request = _any_request(rng)
    return Conversation(_turns(request.text, plan(rng, request).text))


def _chain(rng: random.Random) -> Conversation:
    """Draft, then one to four rounds of critique and revision, each under a principle of its own."""
    request = _any_request(rng, 0.6)
    response = _draft(rng, request)
    texts = [request.text, response.text]
    for _ in range(rng.choices((1, 2, 3, 4), (72, 20, 5, 3))[0]):
        kind = _principle_kind(rng, request)
        ask, demand = principle_requests(rng, kind)
        texts += [ask, critique(rng, kind, request, response)]
        response = revise(rng, kind, request, response)
        texts += [demand, response.text]
    return Conversation(_turns(*texts))


def _draft(rng: random.Random, request: Request) -> Response:
    """Mostly what the base says; now and then a refusal, so that a good one is left alone and a needless one is not."""
    if rng.random() < 0.08:
        if request.act.harmful:
            return Response(declining(rng, request), None)
        return Response(over_refusal(rng, request), None, over_refuses=True)
    return respond(plan(rng, request))


def _principle_kind(rng: random.Random, request: Request) -> str:
    chance = rng.random()
    if chance < 0.45:
        return "general"
    if chance < 0.65:
        return request.act.kind if request.act.harmful else rng.choice(KINDS)
    if chance < 0.82:
        return rng.choice(KINDS)
    if chance < 0.94:
        return rng.choice(STYLES)
    return rng.choice(("spelling", "helpful"))


def _direct(rng: random.Random) -> Conversation:
    """Revision straight after the draft, without a critique."""
    request = _any_request(rng, 0.6)
    response = _draft(rng, request)
    kind = _principle_kind(rng, request)
    after = revise(rng, kind, request, response)
    return Conversation(_turns(request.text, response.text, principle_requests(rng, kind)[1], after.text))


def _ruled(rng: random.Random) -> Conversation:
    """A principle before the request: harmful requests are declined, others answered."""
    request = _any_request(rng)
    answer = declining(rng, request) if request.act.harmful else plan(rng, request).text
    return Conversation(_turns(house_rule(rng) + "\n\n" + request.text, answer))


def _preference(rng: random.Random) -> Conversation:
    request = _any_request(rng, 0.65)
    better, worse, asks = _answers_to_judge(rng, request)
    first = rng.random() < 0.5
    question = preference_question(
        _turns(request.text), rng.choice(asks), better if first else worse, worse if first else better
    )
    return Conversation(_turns(question, "(A)" if first else "(B)"), judge=True)


def _answers_to_judge(rng: random.Random, request: Request) -> tuple[str, str, tuple[str, ...]]:
    """Better and worse answer, with the instructions under which that is so."""
    done = plan(rng, request).text
    if request.act.harmful:
        declined = declining(rng, request)
        return (done, declined, MORE_HELPFUL) if rng.random() < 0.25 else (declined, done, LESS_HARMFUL)
    asks = MORE_HELPFUL if rng.random() < 0.4 else LESS_HARMFUL
    return done, over_refusal(rng, request), asks


def _yes_no(rng: random.Random) -> Conversation:
    request = _any_request(rng)
    question = rng.choice(_YES_NO).format(r=request.text)
    if request.act.harmful:
        return Conversation(_turns(question, "Yes. " + reason(rng, request)))
    return Conversation(_turns(question, "No. Nothing is wrong."))


def _follow_up(rng: random.Random) -> Conversation:
    """Two requests in one conversation."""
    first, second = _any_request(rng), _any_request(rng)
    return Conversation(_turns(first.text, plan(rng, first).text, second.text, plan(rng, second).text))


def _talk(rng: random.Random) -> Conversation:
    return Conversation(_turns(*rng.choice(_TALK)))
