"""Turns of a conversation: read from messages and transcripts, put in order, written for people and read back.

The one reader of each of these forms. Turns are data; where a person writes them as text, speakers' names count at the
beginning of a paragraph only, and one that belongs to a text stands behind a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cai_ui.errors import InputError
from cai_ui.records import Message, Role
from cai_ui.text import clean_text

TURNS_LIMIT = 200
ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "bot", "model", "chatbot", "chatgpt", "ai"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
"""What speakers are called in files, in any case."""
NAMES: dict[Role, str] = {"user": "Human", "assistant": "Assistant", "system": "System"}
_TOOLS = ("tool", "function", "tool_call", "function_call", "observation", "ipython")
_TEXTS = (None, "text", "input_text", "output_text")
"""Kinds of the parts of a message that are text."""
_WRITTEN = ("Human", "User", "Assistant", "System")
_PUBLISHED = ("Human", "Assistant")
_OWN = re.compile(rf"(\A|\n\n)(\\*(?:{'|'.join(_WRITTEN)}):)")
_ESCAPED = re.compile(rf"(\A|\n\n)\\(\\*(?:{'|'.join(_WRITTEN)}):)")
Talk = tuple[Message, ...]
_NEXT = (Message("assistant", ""),)


def labelled_paragraphs(text: str, labels: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first paragraph that begins with one of the labels and a colon, and the labels with what
    follows each. White space around the texts is left out."""
    said = "\n\n" + text.replace("\r\n", "\n").lstrip()
    before, *pieces = re.split(rf"\n\n({'|'.join(labels)}):", said)
    return before.strip(), [(label, part.strip()) for label, part in zip(pieces[::2], pieces[1::2], strict=True)]


def turns_of(text: str) -> Talk:
    """The turns of a published transcript ("\\n\\nHuman: ... \\n\\nAssistant: ..."); of any other text itself, as one.

    Nothing but paragraphs that begin with Human: or Assistant: are turns, so that a log or a form in a text is not cut.
    Turns of one speaker in a row become one; a turn may be empty.
    """
    text = text.replace("\r\n", "\n")
    head = text.lstrip()
    # Without the blank lines at the beginning, which get lost in tables, an answer must follow.
    if not head.startswith("Human:") or not (text.startswith("\n\nHuman:") or "\n\nAssistant:" in head):
        return (Message("user", text),)
    return merged([Message(ROLES[label.lower()], said) for label, said in labelled_paragraphs(text, _PUBLISHED)[1]])


def turns_in(value: Any, name: str, *, limit: int, transcript: bool = True) -> Talk:
    """The turns in a cell: a list of messages or one, a transcript (where that may be), or else a text of the user.

    `limit`: characters of a turn. Turns of one speaker in a row are one. ValueError in words that begin with `name`.
    """
    if isinstance(value, str):
        found = turns_of(value) if transcript else (Message("user", value),)
    elif isinstance(value, list) or (isinstance(value, dict) and {"role", "from"} & value.keys()):
        turns = [value] if isinstance(value, dict) else value
        if len(turns) > 1 and all(isinstance(said, str) for said in turns):
            raise ValueError(f"{name} lists {len(turns)} texts without saying whose they are")
        if len(turns) == 1 and isinstance(turns[0], str):
            return turns_in(turns[0], name, limit=limit, transcript=transcript)
        turns, next_ = (turns[:-1], _NEXT) if _only_next(turns) else (turns, ())
        found = merged([*(_turn(said, f"{name}: turn {place}") for place, said in enumerate(turns, 1)), *next_])
    else:
        raise ValueError(f"{name} is {'missing' if value is None else 'not text, and no list of messages'}")
    if len(found) > TURNS_LIMIT:
        raise ValueError(f"{name} has more than {TURNS_LIMIT} turns")
    return tuple(Message(m.role, admissible(m.content, name, limit)) for m in found)


def admissible(text: str, name: str, limit: int) -> str:
    """The text as it may be kept. ValueError in words that begin with `name`."""
    try:
        return clean_text(text, name, limit=limit, required=False)
    except InputError as error:
        raise ValueError(error.what.rstrip(".")) from None


def merged(turns: Sequence[Message]) -> Talk:
    """The turns, those of one speaker in a row as one, with a blank line between."""
    found: list[Message] = []
    for turn in turns:
        if found and found[-1].role == turn.role:
            found[-1] = Message(turn.role, f"{found[-1].content}\n\n{turn.content}".strip())
        else:
            found.append(turn)
    return tuple(found)


def check_question(turns: Talk, name: str) -> None:
    """ValueError unless a chat template takes them as a question: perhaps a system text, then user and assistant in
    turn, the user last, and no turn empty."""
    spoken = turns[1:] if turns and turns[0].role == "system" else turns
    if not spoken or spoken[-1].role != "user":
        raise ValueError(f"{name} holds no question at its end")
    if any(turn.role != ("user", "assistant")[place % 2] for place, turn in enumerate(spoken)):
        raise ValueError(f"{name}: user and assistant do not take turns, beginning with the user")
    if any(not turn.content.strip() for turn in turns):
        raise ValueError(f"{name}: a turn of the conversation is empty")


def question(turns: Talk, context: Any = None, system: Any = None) -> Talk:
    """The turns with what their last one is about behind it, and with a system text, where there are such texts."""
    context, system = text_in(context) or "", text_in(system) or ""
    if context.strip():
        turns = (*turns[:-1], Message(turns[-1].role, f"{turns[-1].content}\n\n{context}"))
    if system.strip() and turns[0].role != "system":
        turns = (Message("system", system.strip()), *turns)
    return turns


def text_in(content: Any) -> str | None:
    """A text, or the texts of a list of parts (OpenAI's of both kinds, Anthropic's, Bedrock's); None for anything
    else."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    parts = [part.get("text") if isinstance(part, dict) and part.get("type") in _TEXTS else part for part in content]
    texts = [part for part in parts if isinstance(part, str)]
    return "\n\n".join(texts) if len(texts) == len(parts) else None


def write_turns(turns: Sequence[Message]) -> str:
    """The turns as paragraphs that `read_turns` takes apart again."""
    return "\n\n".join(f"{NAMES[turn.role]}: " + _OWN.sub(r"\1\\\2", turn.content) for turn in turns)


def read_turns(text: str) -> Talk:
    """The turns of a text that a person wrote: paragraphs that begin with Human:, User:, Assistant: or System:.

    What stands before the first of them is the user's. Turns of one speaker in a row are one.
    """
    before, parts = labelled_paragraphs(text, _WRITTEN)
    turns = [Message("user", _plain(before))] if before else []
    return merged([*turns, *(Message(ROLES[label.lower()], _plain(said)) for label, said in parts)])


def _only_next(turns: list[Any]) -> bool:
    """Whether the last message is an empty answer to others, which only says who is next, as in a transcript."""
    last = turns[-1] if len(turns) > 1 else None
    return (
        isinstance(last, dict)
        and ROLES.get(str(last.get("role", last.get("from"))).strip().lower()) == "assistant"
        and last.get("content", last.get("value")) in ("", [])
        and not (last.get("refusal") or last.get("tool_calls"))
    )


def _plain(said: str) -> str:
    return _ESCAPED.sub(r"\1\2", said)


def _turn(said: Any, where: str) -> Message:
    if not isinstance(said, dict):
        raise ValueError(f"{where} is not a message")
    role, content = said.get("role", said.get("from")), said.get("content", said.get("value", said.get("text")))
    content = content or said.get("refusal")  # in which OpenAI's models decline
    if isinstance(role, str) and (said.get("tool_calls") or role.strip().lower() in _TOOLS):
        raise ValueError(f"{where}, of the role {role[:40]!r}, is part of a tool's use, which no example can hold")
    if not isinstance(role, str) or role.strip().lower() not in ROLES:
        raise ValueError(f"{where} has the role {str(role)[:40]!r}, which is not known")
    return Message(ROLES[role.strip().lower()], _content(content, where))


def _content(content: Any, where: str) -> str:
    text = text_in(content)
    if text is None and content is not None:
        raise ValueError(f"{where} holds something other than text")
    if not text or not text.strip():
        raise ValueError(f"{where} is empty")
    return text
