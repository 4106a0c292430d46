"""A cell of a file as the turns of a conversation that ends with a question."""

from __future__ import annotations

from typing import Any

from cai_ui.prompts import turns_of
from cai_ui.records import Message, Role
from cai_ui.text import PROMPT_LIMIT, clean_text

TURNS_LIMIT = 200
_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "system": "system",
}  # fmt: skip


def turns_in(value: Any, column: str) -> tuple[Message, ...]:
    """The turns in a cell up to its last question: of a text, a transcript, or a list of messages.

    ValueError or InputError says in words what does not fit.
    """
    if isinstance(value, str):
        turns = [*turns_of(value)] if column in ("chosen", "prompt") else [Message("user", value)]
        if column == "chosen" and len(turns) < 2:
            raise ValueError("`chosen` is no transcript")
    elif isinstance(value, list):
        turns = [_turn(said, column) for said in value]
    else:
        raise ValueError(f"`{column}` is neither text nor a list of messages")
    while len(turns) > 1 and (turns[-1].role != "user" or not turns[-1].content.strip()):
        turns.pop()
    spoken = turns[1:] if turns and turns[0].role == "system" else turns
    if not spoken or spoken[-1].role != "user" or len(spoken) > TURNS_LIMIT:
        long = len(spoken) > TURNS_LIMIT
        raise ValueError(f"`{column}` has more than {TURNS_LIMIT} turns" if long else f"`{column}` holds no question")
    if any(turn.role != ("user", "assistant")[place % 2] for place, turn in enumerate(spoken)):
        raise ValueError(f"`{column}` has turns that do not alternate between user and assistant")
    return tuple(Message(m.role, clean_text(m.content.strip(), "A turn", limit=PROMPT_LIMIT)) for m in turns)


def _turn(said: Any, column: str) -> Message:
    if not isinstance(said, dict):
        raise ValueError(f"`{column}` holds a message that is no object")
    role, text = said.get("role", said.get("from")), said.get("content", said.get("value"))
    if not isinstance(role, str) or role.lower() not in _ROLES or not isinstance(text, str):
        raise ValueError(f"`{column}` holds a message without a known `role` or without `content`")
    return Message(_ROLES[role.lower()], text)
