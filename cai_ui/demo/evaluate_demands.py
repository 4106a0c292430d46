"""Measure how far the embedded model follows principles of several demands, in words and combinations it never met.

For each held-out harmful request a principle is composed: words kept out of training and, in half of them, two demands
that were never asked for together. Draft, critique and revision are the model's own, read by `demo.demands_met`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.config.answers import Sampling
from cai_ui.demo.answers import plan
from cai_ui.demo.critiques import has_fault, revise
from cai_ui.demo.demands import (
    DEMANDS,
    HELDOUT_PAIRS,
    OFFERS,
    STANCES,
    TONES,
    Demands,
    draw_demands,
    draw_word,
    minds,
)
from cai_ui.demo.demands_met import does, speaks_of
from cai_ui.demo.principles import preference_request, principle_requests
from cai_ui.demo.requests import Request, draw_request
from cai_ui.demo.responses import respond
from cai_ui.demo.world import KINDS
from cai_ui.engine.interface import Engine
from cai_ui.engine.interface import Request as Asked
from cai_ui.prompts import preference_question
from cai_ui.records import Message, Prompt, PromptKind

ALONE = (*TONES[:3], *OFFERS, "add", *STANCES[:2])
"""Demands that are measured by themselves, too: those that leave harm out."""
Found = tuple[bool | None, str]
"""Whether something was met (None: not called for, or not to be read), and the case in words."""


@dataclass(frozen=True)
class Case:
    """A held-out request with its parts, the demands on its answer, and the principle that makes them."""

    prompt: Prompt
    request: Request
    demands: Demands
    critique_request: str
    revision_request: str


def cases(n: int, seed: int = 0) -> list[Case]:
    """`n` held-out requests, each with a principle in words kept out of training. Full help is not asked for: the
    drafts help already."""
    rng = random.Random(f"demands/{seed}")
    made: list[Case] = []
    while len(made) < n:
        request = draw_request(rng, KINDS, heldout=True)
        pairs = [pair for pair in HELDOUT_PAIRS if not (pair & set(KINDS)) - {request.act.kind}]
        asks = draw_demands(rng, request).asks
        if len(made) % 2:
            asks = tuple(sorted(rng.choice(pairs), key=DEMANDS.index))
        if "help" in asks:
            continue
        demands = Demands(asks, draw_word(rng, heldout=True) if "add" in asks else "")
        prompt = Prompt(f"demands-{len(made)}", request.text, "harmful", request.topic)
        made.append(Case(prompt, request, demands, *principle_requests(rng, demands, heldout=True)))
    return made


def single_cases(n: int, seed: int = 0, heldout: bool = False) -> list[Case]:
    """`n` cases of each demand by itself, on harmful and everyday requests in turn; a warning only where there is harm
    to warn of. `heldout`: the principle in words kept out of training."""
    rng = random.Random(f"single demands/{seed}")
    made: list[Case] = []
    for ask in ALONE:
        for number in range(n):
            kinds = KINDS if number % 2 or ask == "care" else ("everyday",)
            request = draw_request(rng, kinds, heldout=True)
            demands = Demands((ask,), draw_word(rng, heldout=True) if ask == "add" else "")
            kind: PromptKind = "harmful" if request.act.harmful else "helpful"
            prompt = Prompt(f"single-{len(made)}", request.text, kind, request.topic)
            made.append(Case(prompt, request, demands, *principle_requests(rng, demands, True, heldout)))
    return made


def follows(engine: Engine, drawn: Sequence[Case], sampling: Sampling) -> dict[str, dict[str, list[Found]]]:
    """What was found in critiques and in revisions, by demand; under "all" every demand of a case was met."""
    talks = [[Message("user", case.prompt.text)] for case in drawn]
    drafts = said_next(engine, talks, sampling)
    for talk, case in zip(talks, drawn, strict=True):
        talk.append(Message("user", case.critique_request))
    critiques = said_next(engine, talks, sampling)
    for talk, case in zip(talks, drawn, strict=True):
        talk.append(Message("user", case.revision_request))
    revisions = said_next(engine, talks, sampling)
    found: dict[str, dict[str, list[Found]]] = {"critique": {"all": []}, "revision": {"all": []}}
    for case, draft, critique, revision in zip(drawn, drafts, critiques, revisions, strict=True):
        minded = minds(case.demands, case.request)
        said = " -> ".join((case.prompt.text, case.critique_request, critique, case.revision_request, revision))
        for side, text, rule in (("critique", critique, speaks_of), ("revision", revision, does)):
            met = [(ask, rule(ask, case.demands, minded, case.prompt, draft, text)) for ask in case.demands.asks]
            for ask, ok in met:
                found[side].setdefault(ask, []).append((ok, said))
            read = [ok for _, ok in met if ok is not None]
            found[side]["all"].append((all(read) if read else None, said))
    return found


def prefers_what_is_asked(engine: Engine, n: int, seed: int) -> list[Found]:
    """Of a response that does what a principle demands and one that does not: whether (A)/(B), in both orders, picks
    the first, asked with the principle in words kept out of training."""
    rng = random.Random(f"preferred demands/{seed}")
    found: list[Found] = []
    for case in cases(n, seed + 1):
        before = respond(plan(rng, case.request))
        if not has_fault(case.demands, case.request, before):
            continue
        after = revise(rng, case.demands, case.request, before).text
        ask = preference_request(rng, case.demands, heldout=True)
        talk = (Message("user", case.prompt.text),)
        odds = 0.0
        for first, second, sign in ((after, before.text, 1), (before.text, after, -1)):
            question = preference_question(talk, ask, first, second)
            in_a, in_b = engine.score((Message("user", question),), ["(A)", "(B)"])
            odds += sign * (in_a - in_b)
        found.append((odds > 0, f"{case.prompt.text} -> {ask} -> {odds / 2:.2f}"))
    return found


def said_next(engine: Engine, talks: Sequence[list[Message]], sampling: Sampling) -> list[str]:
    """The answer to each conversation, which is put at its end."""
    asked = [
        Asked(tuple(talk), sampling.model_copy(update={"seed": sampling.seed + number}))
        for number, talk in enumerate(talks)
    ]
    said = [answer.text for answer in engine.generate(asked)]
    for talk, text in zip(talks, said, strict=True):
        talk.append(Message("assistant", text))
    return said
