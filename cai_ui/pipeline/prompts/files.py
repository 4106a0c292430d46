"""Prompt sets from files: read with care, kept in the workspace, used like the shipped ones.

Read are plain text (a request a line) and JSON lines, CSV or Parquet with a request under `prompt`, `request`,
`instruction`, `question`, `text` or `init_prompt`, a transcript or messages under `prompt` or `messages`, or a pair of
transcripts under `chosen` (as Anthropic/hh-rlhf has them). An answer at the end of a conversation is left out; earlier
turns are kept. `kind` (harmful, helpful, twin) and `topic` are taken over. All rows or none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from cai_ui.curate.row_files import BadRow, Limits, rows_of
from cai_ui.errors import CaiError, FileFormatError, NotFoundError
from cai_ui.pipeline.services import Services
from cai_ui.prompts import read_transcript
from cai_ui.records import Message, Prompt, PromptKind, Role, content_hash
from cai_ui.text import NAME_LIMIT, PROMPT_LIMIT, clean_text

ROWS_LIMIT = 100_000
TURNS_LIMIT = 200
_LIMITS = Limits(rows=ROWS_LIMIT)
_COLUMNS = ("prompt", "request", "instruction", "question", "text", "init_prompt", "messages", "chosen")
_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "system": "system",
}  # fmt: skip
_INDEX = "prompt_sets"

Asked = Prompt | tuple[Message, ...]
"""A request, or a conversation that ends with one."""


def import_prompts(services: Services, path: str | Path, title: str = "") -> tuple[str, str, int]:
    """A file as a prompt set of the workspace: its id, title and number. The same content gives the same set.

    FileFormatError names the line that does not fit; then nothing is kept. Repeated requests are kept once.
    """
    file = Path(path)
    rows = {content_hash(row["turns"]): row for row in _rows(file)}
    if not rows:
        raise FileFormatError("There is no request in the file.", next_step="Choose another one.")
    title = clean_text(title or file.stem, "The set's name", limit=NAME_LIMIT)
    key = f"own-{content_hash(list(rows))[:16]}"
    services.store.set_setting(_key(key), list(rows.values()))
    others = [entry for entry in _index(services) if entry[0] != key]
    services.store.set_setting(_INDEX, [*others, [key, title, len(rows)]])
    return key, title, len(rows)


def own_sets(services: Services) -> list[tuple[str, str, int]]:
    """Id, title and number of requests of the sets that were imported, oldest first."""
    return [(key, title, count) for key, title, count in _index(services)]


def own_requests(services: Services, key: str, n: int, seed: int) -> list[Asked]:
    """`n` requests or conversations of an imported set, drawn by the seed. NotFoundError if there is none."""
    kept = services.store.get_setting(_key(key), None)
    if not isinstance(kept, list):
        raise NotFoundError(f"There is no prompt set {key[:80]!r}.", next_step="Choose one of the list.")
    random.Random(f"prompts/{key}/{seed}").shuffle(kept)
    return [_asked(row, key) for row in kept[: max(0, n)]]


def read_requests(path: Path) -> list[Asked]:
    """What is asked in a file, in its order. FileFormatError as `import_prompts`."""
    return [_asked(row, path.stem) for row in _rows(path)]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows as they are kept: turns, and kind and topic where the file says them."""
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
            yield _kept(_turns(row[column], column), row)
        except CaiError as error:
            raise _misfit(line, error.what) from None
        except ValueError as error:
            raise _misfit(line, f"`{column}` {error}") from None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
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
        if number > ROWS_LIMIT:
            raise FileFormatError(f"The file has more than {ROWS_LIMIT:,} lines.", next_step="Split it.")
        if line.strip():
            try:
                yield _kept([("user", clean_text(line.strip(), "The request", limit=PROMPT_LIMIT))], {})
            except CaiError as error:
                raise _misfit(number, error.what) from None


def _turns(value: Any, column: str) -> list[tuple[Role, str]]:
    """Turns up to the last question; ValueError says in words what does not fit."""
    if isinstance(value, str):
        labelled = column in ("chosen", "prompt") and value.lstrip().startswith(("Human:", "System:"))
        turns = [(m.role, m.content) for m in read_transcript(value)] if labelled else [(cast(Role, "user"), value)]
    elif isinstance(value, list):
        turns = [_turn(said) for said in value]
    else:
        raise ValueError("is neither text nor a list of messages")
    while turns and turns[-1][0] != "user":
        turns.pop()
    spoken = turns[1:] if turns and turns[0][0] == "system" else turns
    if not spoken or len(spoken) > TURNS_LIMIT:
        raise ValueError("holds no question" if not spoken else f"has more than {TURNS_LIMIT} turns")
    if any(role != ("user", "assistant")[place % 2] for place, (role, _) in enumerate(spoken)):
        raise ValueError("has turns that do not alternate between user and assistant")
    return [(role, clean_text(text.strip(), "A turn", limit=PROMPT_LIMIT)) for role, text in turns]


def _turn(said: Any) -> tuple[Role, str]:
    if not isinstance(said, dict):
        raise ValueError("holds a message that is no object")
    role, text = said.get("role", said.get("from")), said.get("content", said.get("value"))
    if role not in _ROLES or not isinstance(text, str):
        raise ValueError("holds a message without a known `role` or without `content`")
    return _ROLES[role], text


def _kept(turns: list[tuple[Role, str]], row: dict[str, Any]) -> dict[str, Any]:
    kind, topic = row.get("kind"), row.get("topic")
    kept: dict[str, Any] = {"turns": [list(turn) for turn in turns]}
    if kind in get_args(PromptKind):
        kept["kind"] = kind
    if isinstance(topic, str) and topic:
        kept["topic"] = clean_text(topic, "The topic", limit=NAME_LIMIT)
    return kept


def _asked(row: dict[str, Any], source: str) -> Asked:
    turns = tuple(Message(role, text) for role, text in row["turns"])
    if len(turns) > 1:
        return turns
    key = content_hash(row["turns"])[:16]
    return Prompt(key, turns[0].content, row.get("kind", "unknown"), row.get("topic", ""), source)


def _index(services: Services) -> list[Any]:
    kept = services.store.get_setting(_INDEX, [])
    return kept if isinstance(kept, list) else []


def _key(key: str) -> str:
    return f"prompt_set.{key[:80]}"


def _misfit(line: int, reason: str) -> FileFormatError:
    return FileFormatError(
        f"Line {line:,}: {reason.rstrip('.')}.", kept="Nothing was imported.", next_step="Correct that line."
    )
