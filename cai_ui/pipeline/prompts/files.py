"""Prompt sets from files: read with care, kept in the workspace, used like the shipped ones.

Read are plain text (a request a line) and JSON lines, CSV or Parquet with a request under `prompt`, `request`,
`instruction`, `question`, `text` or `init_prompt`, a transcript or messages under `prompt` or `messages`, or a pair of
transcripts under `chosen` (as Anthropic/hh-rlhf has them). An answer at the end of a conversation is left out; earlier
turns are kept. `kind` (harmful, helpful, twin) and `topic` are taken over. All rows or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from cai_ui.curate.row_files import BadRow, Limits, rows_of
from cai_ui.errors import CaiError, FileFormatError
from cai_ui.pipeline.services import Services
from cai_ui.prompts import read_transcript
from cai_ui.records import Message, Prompt, PromptKind, PromptSet, Role, SetPrompt, content_hash
from cai_ui.text import NAME_LIMIT, PROMPT_LIMIT, clean_text

ROWS_LIMIT = 100_000
TURNS_LIMIT = 200
_LIMITS = Limits(rows=ROWS_LIMIT)
_COLUMNS = ("prompt", "request", "instruction", "question", "text", "init_prompt", "messages", "chosen")
_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "system": "system",
}  # fmt: skip

Asked = Prompt | tuple[Message, ...]
"""A request, or a conversation that ends with one."""


def import_prompts(services: Services, path: str | Path, title: str = "") -> PromptSet:
    """A file as a prompt set of the workspace. The same content gives the same set.

    FileFormatError names the line that does not fit; then nothing is kept. Repeated requests are kept once.
    """
    file = Path(path)
    prompts = {prompt.hash: prompt for prompt in _rows(file)}
    if not prompts:
        raise FileFormatError("There is no request in the file.", next_step="Choose another one.")
    title = clean_text(title or file.stem, "The set's name", limit=NAME_LIMIT)
    # The beginning sets it apart from the names of shipped sets; nothing is read from it.
    return services.store.save_prompt_set(f"own-{content_hash(list(prompts))[:16]}", title, list(prompts.values()))


def read_requests(path: Path) -> list[Asked]:
    """What is asked in a file, in its order. FileFormatError as `import_prompts`."""
    return [asked(prompt, path.stem) for prompt in _rows(path)]


def asked(prompt: SetPrompt, source: str) -> Asked:
    """What is put to a model: a request, or a conversation where there are earlier turns."""
    return prompt.turns if len(prompt.turns) > 1 else single(prompt, source)


def single(prompt: SetPrompt, source: str) -> Prompt:
    """A request without earlier turns as a prompt; `source` says where it is from."""
    return Prompt(prompt.hash[:16], prompt.turns[0].content, prompt.kind, prompt.topic, source)


def _rows(path: Path) -> Iterator[SetPrompt]:
    """Turns, and kind and topic where the file says them."""
    if path.suffix.lower() == ".txt":
        yield from _lines(path)
        return
    for line, row in rows_of(path, _LIMITS):
        if isinstance(row, BadRow):
            raise _misfit(line, row.reason)
        column = next((name for name in _COLUMNS if row.get(name)), None)
        if column is None:
            raise _misfit(line, "no request under " + ", ".join(f"`{name}`" for name in _COLUMNS))
        try:
            yield _prompt(_turns(row[column], column), row)
        except CaiError as error:
            raise _misfit(line, error.what) from None
        except ValueError as error:
            raise _misfit(line, f"`{column}` {error}") from None


def _lines(path: Path) -> Iterator[SetPrompt]:
    try:
        content = path.read_bytes()[: _LIMITS.file_bytes + 1]
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _misfit(content.count(b"\n", 0, error.start) + 1, "it is not UTF-8") from None
    except OSError as error:
        raise FileFormatError(f"The file {path.name} cannot be read ({error.strerror}).") from None
    if len(content) > _LIMITS.file_bytes:
        raise FileFormatError("The file is larger than 20 MB.", next_step="Split it.")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            if number > ROWS_LIMIT:
                raise FileFormatError(f"The file has more than {ROWS_LIMIT:,} lines.", next_step="Split it.")
            try:
                yield SetPrompt((Message("user", clean_text(line.strip(), "The request", limit=PROMPT_LIMIT)),))
            except CaiError as error:
                raise _misfit(number, error.what) from None


def _turns(value: Any, column: str) -> tuple[Message, ...]:
    """Turns up to the last question; ValueError says in words what does not fit."""
    if isinstance(value, str):
        labelled = column in ("chosen", "prompt") and value.lstrip().startswith(("Human:", "System:"))
        turns = [*read_transcript(value)] if labelled else [Message("user", value)]
    elif isinstance(value, list):
        turns = [_turn(said) for said in value]
    else:
        raise ValueError("is neither text nor a list of messages")
    while turns and turns[-1].role != "user":
        turns.pop()
    spoken = turns[1:] if turns and turns[0].role == "system" else turns
    if not spoken or len(spoken) > TURNS_LIMIT:
        raise ValueError("holds no question" if not spoken else f"has more than {TURNS_LIMIT} turns")
    if any(turn.role != ("user", "assistant")[place % 2] for place, turn in enumerate(spoken)):
        raise ValueError("has turns that do not alternate between user and assistant")
    return tuple(Message(m.role, clean_text(m.content.strip(), "A turn", limit=PROMPT_LIMIT)) for m in turns)


def _turn(said: Any) -> Message:
    if not isinstance(said, dict):
        raise ValueError("holds a message that is no object")
    role, text = said.get("role", said.get("from")), said.get("content", said.get("value"))
    if role not in _ROLES or not isinstance(text, str):
        raise ValueError("holds a message without a known `role` or without `content`")
    return Message(_ROLES[role], text)


def _prompt(turns: tuple[Message, ...], row: dict[str, Any]) -> SetPrompt:
    kind, topic = row.get("kind"), row.get("topic")
    return SetPrompt(
        turns,
        cast(PromptKind, kind) if kind in get_args(PromptKind) else "unknown",
        clean_text(topic, "The topic", limit=NAME_LIMIT) if isinstance(topic, str) and topic else "",
    )


def _misfit(line: int, reason: str) -> FileFormatError:
    return FileFormatError(
        f"Line {line:,}: {reason.rstrip('.')}.", kept="Nothing was imported.", next_step="Correct that line."
    )
