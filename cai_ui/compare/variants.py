"""Several variants answer one conversation, side by side from one batch.

The engine says which weights gave each answer; an answer of other weights than the variant's is an error,
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
from cai_ui.text import named

BASE_TITLE = "Base model"


@dataclass(frozen=True)
class VariantText:
    """What one variant has said so far; `answer` is there once it is finished. `adapter_hash` is None for the base."""

    variant: str
    title: str
    text: str
    adapter_hash: str | None
    answer: Answer | None = None


def base_variant(engine: Engine) -> AdapterInfo:
    """The model without an adapter, as a variant. Its `hash` is "": there are no adapter weights."""
    return AdapterInfo(BASE, BASE_TITLE, "", engine.base_hash, "base", None, "")


def choose(available: Sequence[AdapterInfo], names: Sequence[str]) -> list[AdapterInfo]:
    """The variants with these names, in this order and each once. NotFoundError names one that is not there."""
    by_name = {variant.name: variant for variant in available}
    for name in names:
        if name not in by_name:
            raise NotFoundError(
                f"There is no variant {named(name)} for this model.", next_step="Choose one of the list."
            )
    return [by_name[name] for name in dict.fromkeys(names)]


def expected_hash(variant: AdapterInfo) -> str | None:
    """Hash of the adapter weights that must have answered for this variant."""
    return None if variant.name == BASE else variant.hash


def confirm(answer: Answer, variant: AdapterInfo) -> Answer:
    """The answer, if the variant's own weights gave it; EngineError otherwise."""
    came_from = answer.provenance.adapter_hash
    if came_from != expected_hash(variant) or answer.provenance.base_hash != variant.base_hash:
        raise EngineError(
            f"The answer for {variant.title} came from other weights ({(came_from or 'base')[:8]}).",
            kept="The answer was thrown away.",
            next_step="Load the model again.",
        )
    return answer


def side_by_side(
    engine: Engine,
    conversation: Sequence[Message],
    variants: Sequence[AdapterInfo],
    sampling: Sampling,
    stop: StopFlag | None = None,
    ask: AskSettings | None = None,
) -> Iterator[list[VariantText]]:
    """All variants on one conversation, as one batch with the same seed; each item is the text so far of all."""
    shown = [VariantText(variant.name, variant.title, "", expected_hash(variant)) for variant in variants]
    ask = ask or AskSettings()
    requests = [
        Request(tuple(conversation), sampling, variant.name, ask.strength, chat_format=ask.chat_format)
        for variant in variants
    ]
    for chunk in engine.stream(requests, stop):
        now = shown[chunk.index]
        answer = confirm(chunk.answer, variants[chunk.index]) if chunk.answer else None
        text = answer.text if answer else now.text + chunk.text
        shown[chunk.index] = dataclasses.replace(now, text=text, answer=answer)
        yield list(shown)
