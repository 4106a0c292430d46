"""Does a stored trace come out the same again? If not, where does it part, and why?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cai_ui.engine.interface import Engine, StopFlag, asked_again
from cai_ui.errors import CaiError
from cai_ui.prompts import chain_messages
from cai_ui.records import BASE, Message, Provenance, Step, Trace
from cai_ui.revise.few_shot import few_shot_of


@dataclass(frozen=True)
class Difference:
    """The first step that came out otherwise: its place, both texts, and the likely cause in one sentence."""

    index: int
    recorded: str
    again: str
    cause: str


@dataclass(frozen=True)
class Replay:
    """Steps that were made again and were the same, steps written by hand that were left out, and the difference."""

    same: int
    by_hand: int
    difference: Difference | None = None


def replay(
    engine: Engine, trace: Trace, versions: Mapping[str, str] | None = None, stop: StopFlag | None = None
) -> Replay:
    """Ask for each of the model's texts again, on the recorded text before it, with its recorded seed and variant.

    `versions` are those of the libraries in use now; they are compared with those in the trace. Stops at the first
    difference, or when `stop` is set.
    """
    same = by_hand = 0
    for index, step in enumerate(trace.steps):
        if stop is not None and stop.is_set():
            break
        if step.answer is None:
            by_hand += 1
            continue
        recorded = step.text if step.model_text is None else step.model_text
        again, now = _again(engine, trace, index, step, stop)
        if again != recorded and not (stop is not None and stop.is_set()):
            cause = _cause(step.answer.provenance, now, trace.settings.get("versions", {}), versions or {})
            return Replay(same, by_hand, Difference(index, recorded, again, cause))
        same += 1
    return Replay(same, by_hand)


def _again(engine: Engine, trace: Trace, index: int, step: Step, stop: StopFlag | None) -> tuple[str, Provenance | str]:
    """The step's text now and where it comes from, or "" and why it cannot be asked."""
    assert step.answer is not None
    before = step.answer.provenance
    examples = few_shot_of(trace) if index else ()
    messages = chain_messages(trace.conversation, trace.steps[:index], examples)
    if step.request:
        messages = (*messages, Message("user", step.request))
    try:
        request = asked_again(messages, before)
        if step.answer.finish == "stopped":  # a stop came at some token; up to there the text is decided by the seed
            short = request.sampling.model_copy(update={"max_new_tokens": max(1, step.answer.tokens)})
            request = replace(request, sampling=short)
        (answer,) = engine.generate([request], stop)
    except CaiError as error:
        return "", str(error)
    return answer.text, answer.provenance


def _cause(
    before: Provenance, now: Provenance | str, versions_then: Mapping[str, str], versions_now: Mapping[str, str]
) -> str:
    if isinstance(now, str):
        return f"It cannot be asked again: {now}"
    if before.base_hash != now.base_hash and before.model == now.model:
        return f"Another base: {now.model} has other weights than then."
    if before.base_hash != now.base_hash:
        return f"Another model: it was made by {before.model}, now {now.model} answers."
    if before.adapter_hash != now.adapter_hash:
        return f"The adapter {before.adapter or BASE} has other weights than then."
    changed = [
        f"{name} {versions_then[name]} then, {versions_now.get(name, 'none')} now"
        for name in versions_then
        if versions_then[name] != versions_now.get(name)
    ]
    if changed:
        return "Other versions: " + "; ".join(changed) + "."
    return "Model, adapter, seed and versions are the same, so the record or the device differs."
