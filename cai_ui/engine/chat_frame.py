"""What a chat template puts around an answer, found by trying it: some templates do not do what a model needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from cai_ui.engine.chat_tokens import ChatTokens

Render = Callable[[list[dict[str, str]], bool], str]
"""Turns, and whether an answer is to follow, to text."""
_ANSWER = "Probe7305"


@dataclass(frozen=True)
class Frame:
    """`opening` belongs to the prompt, though the template writes it only once there is an answer; `head` is white
    space that the model writes before its answer; `closing` is what ends it, up to and with the end mark. `again` is
    what begins a further answer, where the template writes that unasked: nothing of the one before."""

    opening: str = ""
    head: str = ""
    closing: str = ""
    again: str = ""


def find_frame(render: Render) -> Frame | None:
    """None where the prompt changes once there is an answer."""
    turns = [{"role": "user", "content": "hello"}]
    prompt = render(turns, True)
    before, found, closing = render([*turns, {"role": "assistant", "content": _ANSWER}], False).rpartition(_ANSWER)
    if not found or not before.startswith(prompt):
        return None
    between = before[len(prompt) :]
    if between.strip():
        return Frame(between, "", closing)
    answered = [*turns, {"role": "assistant", "content": _ANSWER}]
    goes_on = render([*answered, *turns], False).rpartition(_ANSWER)[2]
    unasked = not goes_on.startswith(closing) and render(answered, True) == render(answered, False)
    return Frame("", between, closing, _common_end(prompt, closing) if unasked else "")


def _common_end(one: str, other: str) -> str:
    """The characters that two texts end with alike."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False))
    return "".join(pair[0] for pair in alike)[::-1]


def end_mark(frame: Frame, tokens: ChatTokens) -> str | None:
    """The mark with which the template ends an answer, if it does."""
    found = tokens.split.search(frame.closing) if tokens.split else None
    return found[0] if found else None


def frame_notes(frame: Frame | None, marks: Mapping[str, int], ends: str | None, end_token: str | None) -> list[str]:
    """What is done about a template that lacks something, in sentences."""
    if frame is None:
        return ["Its template changes the prompt once there is an answer: it can answer, but not be scored or trained."]
    notes = []
    if frame.again:
        notes.append("Its template begins a further answer behind each; that is left out of what is trained.")
    if frame.opening:
        notes.append(f"Its template does not begin the answer; {frame.opening.strip()!r} is put before it.")
    if ends is None and end_token:
        notes.append(f"Its template does not end an answer; {end_token} is put after each that is trained.")
    return notes
