"""One row of a published dataset as an example to judge.

Understood, in this order:
- init_prompt, init_response, revision_response and perhaps critic_response: HuggingFaceH4/cai-conversation-harmless;
- chosen, rejected: transcripts as of Anthropic/hh-rlhf, lists of messages, or texts beside `prompt`;
- prompt, completion: TRL's form, texts or lists of messages (what this program exports);
- prompt, response: a prompt and one answer;
- messages: a conversation that ends with the answer.
The chosen or only answer is the revision, the rejected one the initial answer. `critique`, `source` and `kind`
are taken over where they are there; other columns are ignored. Files with other names: see `curate.columns`.
"""

from __future__ import annotations

from typing import Any, cast, get_args

from cai_ui.errors import InputError
from cai_ui.prompts import turns_of
from cai_ui.records import Example, Message, Prompt, PromptKind, Role, content_hash, make_example
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text

_ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "system": "system",
}
Talk = tuple[Message, ...]


class RowError(ValueError):
    """Why a row gives no example, in words that follow "line 7: "."""


def example_of(row: dict[str, Any], source: str) -> Example:
    """The example in a row; `source` names it where the row does not. RowError says what does not fit."""
    critique = _text(row, "critique") if row.get("critique") else None
    if "init_prompt" in row:
        talk: Talk = (Message("user", _text(row, "init_prompt")),)
        initial: str | None = _text(row, "init_response")
        revision = _text(row, "revision_response")
        critique = _text(row, "critic_response") if row.get("critic_response") else critique
    elif "chosen" in row or "rejected" in row:
        talk, initial, revision = _pair(row)
    elif "completion" in row:
        talk, revision = _answered(_talk(row, "prompt") + _talk(row, "completion", "assistant"), "completion")
        initial = None
    elif "response" in row:
        talk, initial, revision = _talk(row, "prompt"), None, _text(row, "response")
    elif "messages" in row:
        talk, revision = _answered(_talk(row, "messages"), "messages")
        initial = None
    else:
        raise RowError("no known columns (such as prompt and response, chosen and rejected, or messages)")
    _check_order(talk)
    source, kind = _label(row.get("source") or source), _kind(row.get("kind"))
    prompt = Prompt(content_hash([[m.role, m.content] for m in talk])[:16], talk[-1].content, kind, source=source)
    return make_example(talk, initial, revision, prompt=prompt, critique=critique, source=source)


def _pair(row: dict[str, Any]) -> tuple[Talk, str, str]:
    chosen, rejected = row.get("chosen"), row.get("rejected")
    for name, value in (("chosen", chosen), ("rejected", rejected)):
        if value is None:
            raise RowError(f"{name} is missing")
    if isinstance(chosen, str) and isinstance(rejected, str) and "prompt" in row:
        return _talk(row, "prompt"), _text(row, "rejected"), _text(row, "chosen")
    before = _talk(row, "prompt") if isinstance(row.get("prompt"), list) else ()
    good_talk, good = _answered(_side(row, "chosen", before), "chosen")
    bad_talk, bad = _answered(_side(row, "rejected", before), "rejected")
    if good_talk != bad_talk:
        raise RowError("chosen and rejected answer different conversations")
    return good_talk, bad, good


def _side(row: dict[str, Any], name: str, before: Talk) -> Talk:
    if isinstance(row.get(name), str):
        return _transcript(row[name], name)
    return before + _talk(row, name)


def _transcript(text: str, name: str) -> Talk:
    """Turns of a "Human: ... Assistant: ..." text. Turns of one speaker in a row become one; the last
    answer may be empty, as it is in a few published rows."""
    text = _admissible(text, name)
    turns = turns_of(text)
    if turns == (Message("user", text),):
        raise RowError(f'{name} does not begin with "\\n\\nHuman:"')
    return turns


def _talk(row: dict[str, Any], name: str, role: Role = "user") -> Talk:
    """A column that holds messages, or one message of `role` as text."""
    value = row.get(name)
    if not isinstance(value, list):
        return (Message(role, _text(row, name)),)
    talk = []
    for place, turn in enumerate(value, start=1):
        if not isinstance(turn, dict):
            raise RowError(f"{name}: turn {place} is not a message")
        said = turn.get("role", turn.get("from"))
        if not isinstance(said, str) or said.lower() not in _ROLES:
            raise RowError(f"{name}: the role {str(said)[:40]!r} of turn {place} is not known")
        content = turn.get("content", turn.get("value"))
        if not isinstance(content, str) or not content.strip():
            raise RowError(f"{name}: turn {place} is empty")
        talk.append(Message(_ROLES[said.lower()], _admissible(content, name)))
    return tuple(talk)


def _answered(talk: Talk, name: str) -> tuple[Talk, str]:
    """A conversation without its last answer, and that answer."""
    if len(talk) < 2 or talk[-1].role != "assistant":
        raise RowError(f"{name} does not end with an answer to something")
    return talk[:-1], talk[-1].content


def _check_order(talk: Talk) -> None:
    """Chat templates take an optional system text, then user and assistant in turn, the user last."""
    turns = talk[1:] if talk and talk[0].role == "system" else talk
    wanted = [("user", "assistant")[i % 2] for i in range(len(turns))]
    if not turns or [m.role for m in turns] != wanted or turns[-1].role != "user":
        raise RowError("user and assistant do not take turns")
    if any(not m.content.strip() for m in turns):
        raise RowError("a turn of the conversation is empty")


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        raise RowError(f"{name} is missing")
    if not isinstance(value, str):
        raise RowError(f"{name} is not text")
    if not value.strip():
        raise RowError(f"{name} is empty")
    return _admissible(value, name)


def _admissible(text: str, name: str) -> str:
    try:
        return clean_text(text, name, limit=ANSWER_LIMIT, required=False)
    except InputError as error:
        raise RowError(error.what.rstrip(".")) from None


def _label(value: Any) -> str:
    if not isinstance(value, str) or len(value) > NAME_LIMIT:
        raise RowError("source is not a short text")
    return _admissible(value, "source")


def _kind(value: Any) -> PromptKind:
    return cast(PromptKind, value) if value in get_args(PromptKind) else "unknown"
