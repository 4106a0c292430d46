"""Several arms answer one conversation, side by side from one batch.

The engine says which weights gave each answer; an answer of other weights than the arm's is an error,
not a result.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cai_ui.config import AskSettings, Sampling
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import EngineError, NotFoundError
from cai_ui.records import BASE, AdapterInfo, Answer, Message

BASE_TITLE = "Base model"


@dataclass(frozen=True)
class ArmText:
    """What one arm has said so far; `answer` is there once it is finished. `adapter_hash` is None for the base."""

    arm: str
    title: str
    text: str
    adapter_hash: str | None
    answer: Answer | None = None


def base_arm(engine: Engine) -> AdapterInfo:
    """The model without an adapter, as an arm. Its `hash` is "": there are no adapter weights."""
    return AdapterInfo(BASE, BASE_TITLE, "", engine.base_hash, "base", None, "")


def choose(available: Sequence[AdapterInfo], names: Sequence[str]) -> list[AdapterInfo]:
    """The arms with these names, in this order and each once. NotFoundError names one that is not there."""
    by_name = {arm.name: arm for arm in available}
    for name in names:
        if name not in by_name:
            raise NotFoundError(f"There is no arm {name[:80]!r} for this model.", next_step="Choose one of the list.")
    return [by_name[name] for name in dict.fromkeys(names)]


def expected_hash(arm: AdapterInfo) -> str | None:
    """Hash of the adapter weights that must have answered for this arm."""
    return None if arm.name == BASE else arm.hash


def confirm(answer: Answer, arm: AdapterInfo) -> Answer:
    """The answer, if the arm's own weights gave it; EngineError otherwise."""
    came_from = answer.provenance.adapter_hash
    if came_from != expected_hash(arm) or answer.provenance.base_hash != arm.base_hash:
        raise EngineError(
            f"The answer for {arm.title} came from other weights ({(came_from or 'base')[:8]}).",
            kept="The answer was thrown away.",
            next_step="Load the model again.",
        )
    return answer


def side_by_side(
    engine: Engine,
    conversation: Sequence[Message],
    arms: Sequence[AdapterInfo],
    sampling: Sampling,
    stop: StopFlag | None = None,
    ask: AskSettings | None = None,
) -> Iterator[list[ArmText]]:
    """All arms on one conversation, as one batch with the same seed; each item is the text so far of every arm."""
    shown = [ArmText(arm.name, arm.title, "", expected_hash(arm)) for arm in arms]
    ask = ask or AskSettings()
    requests = [
        Request(tuple(conversation), sampling, arm.name, ask.strength, chat_format=ask.chat_format) for arm in arms
    ]
    for chunk in engine.stream(requests, stop):
        now = shown[chunk.index]
        answer = confirm(chunk.answer, arms[chunk.index]) if chunk.answer else None
        text = answer.text if answer else now.text + chunk.text
        shown[chunk.index] = dataclasses.replace(now, text=text, answer=answer)
        yield list(shown)
