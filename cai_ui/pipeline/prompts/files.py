"""Prompt sets from files: read with care, kept in the workspace, used like the shipped ones.

Read are plain text (a request a line) and JSON lines, CSV or Parquet with a request under `prompt`, `request`,
`instruction`, `question`, `text` or `init_prompt`, a transcript or messages under `prompt` or `messages`, or a pair of
transcripts under `chosen` (as Anthropic/hh-rlhf has them). An answer at the end of a conversation is left out; earlier
turns are kept, and so are `input` beside an instruction, and `system`. Kind and topic: see `kinds`. A row that cannot
be used is left out and counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cai_ui.curate.row_files import BadRow, Limits, rows_of
from cai_ui.errors import CaiError, FileFormatError
from cai_ui.pipeline.prompts.conversations import turns_in
from cai_ui.pipeline.prompts.kinds import has_contrast, kind_of, topic_of
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, Prompt, PromptKind, PromptSet, SetPrompt, content_hash
from cai_ui.text import NAME_LIMIT, PROMPT_LIMIT, clean_text

ROWS_LIMIT = 100_000
_LIMITS = Limits(rows=ROWS_LIMIT)
_COLUMNS = ("prompt", "request", "instruction", "question", "text", "init_prompt", "messages", "chosen")
Rows = Iterator[tuple[int, dict[str, Any] | BadRow]]


@dataclass(frozen=True)
class PromptFile:
    """What was read: different requests in the order of the file, and what else was there.

    `repeated` requests are there once; `left_out` has the lines by the reason; `words` counts words for a kind that
    are not known, whose requests are of unknown kind.
    """

    prompts: tuple[SetPrompt, ...]
    repeated: int = 0
    left_out: Mapping[str, list[int]] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)


def read_prompts(path: Path, kind: PromptKind = "unknown") -> PromptFile:
    """The requests of a file. FileFormatError where it cannot be read or no row can be used.

    `kind` is that of requests of which the file says none; a word for a kind that is not known is still counted.
    """
    rows = list(_text_rows(path) if path.suffix.lower() == ".txt" else rows_of(path, _LIMITS))
    cells = [(line, row if isinstance(row, BadRow) else _folded(row)) for line, row in rows]
    contrasts = any(has_contrast(row) for _, row in cells if not isinstance(row, BadRow))
    prompts: dict[str, SetPrompt] = {}
    left_out: dict[str, list[int]] = {}
    words: Counter[str] = Counter()
    for line, row in cells:
        try:
            prompt, word = _prompt(row, contrasts)
        except (CaiError, ValueError) as error:
            reason = error.what if isinstance(error, CaiError) else str(error)
            left_out.setdefault(reason.rstrip("."), []).append(line)
            continue
        if prompt.hash not in prompts and word:
            words[word] += 1
        prompts.setdefault(prompt.hash, replace(prompt, kind=kind) if prompt.kind == "unknown" else prompt)
    if not prompts:
        raise _nothing(left_out)
    repeated = len(cells) - len(prompts) - sum(map(len, left_out.values()))
    return PromptFile(tuple(prompts.values()), repeated, left_out, dict(words))


def import_prompts(
    services: Services, path: str | Path, title: str = "", kind: PromptKind = "unknown"
) -> tuple[PromptSet, PromptFile]:
    """A file as a prompt set of the workspace, and what was read. The same content gives the same set; `kind` as in
    `read_prompts`.

    FileFormatError as `read_prompts`; then nothing is kept.
    """
    file = Path(path)
    read = read_prompts(file, kind)
    title = clean_text(title or file.stem, "The set's name", limit=NAME_LIMIT)
    # The beginning sets it apart from the names of shipped sets; nothing is read from it.
    key = f"own-{content_hash([prompt.hash for prompt in read.prompts])[:16]}"
    return services.store.save_prompt_set(key, title, read.prompts), read


def asked(prompt: SetPrompt, source: str) -> Prompt:
    """What is put to a model; `source` says where it is from: the key of its set, or the name of a file."""
    *before, last = prompt.turns
    return Prompt(prompt.hash[:16], last.content, prompt.kind, prompt.topic, source, tuple(before))


def _folded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by their names in small letters; of two that are then the same, the first."""
    return {name.strip().lower(): cell for name, cell in reversed(list(row.items()))}


def _prompt(row: Mapping[str, Any] | BadRow, contrasts: bool) -> tuple[SetPrompt, str]:
    """A request, and its word for a kind that is not known. ValueError or InputError says why there is none."""
    if isinstance(row, BadRow):
        raise ValueError(row.reason)
    column = next((name for name in _COLUMNS if row.get(name)), None)
    if column is None:
        raise ValueError("no request under " + ", ".join(f"`{name}`" for name in _COLUMNS))
    value, system = row[column], row.get("system") or row.get("system_prompt")
    if column == "instruction" and isinstance(value, str) and isinstance(row.get("input"), str):
        value = f"{value}\n\n{row['input']}"  # as Alpaca has it: what the instruction is about
    turns = turns_in(value, column)
    if isinstance(system, str) and system.strip() and turns[0].role != "system":
        turns = (Message("system", clean_text(system.strip(), "The system text", limit=PROMPT_LIMIT)), *turns)
    kind, word = kind_of(row, contrasts)
    return SetPrompt(turns, kind, topic_of(row)), word


def _text_rows(path: Path) -> Rows:
    """A row for each line of plain text."""
    try:
        content = path.read_bytes()[: _LIMITS.file_bytes + 1]
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileFormatError(f"Line {line:,} is not UTF-8.", next_step="Save the file as UTF-8.") from None
    except OSError as error:
        raise FileFormatError(f"The file {path.name} cannot be read ({error.strerror}).") from None
    if len(content) > _LIMITS.file_bytes:
        raise FileFormatError(f"The file is larger than {_LIMITS.file_bytes // 1_000_000} MB.", next_step="Split it.")
    for number, request in enumerate(text.split("\n"), 1):
        if request.strip():
            if number > ROWS_LIMIT:
                raise FileFormatError(f"The file has more than {ROWS_LIMIT:,} lines.", next_step="Split it.")
            yield number, {"request": request}


def _nothing(left_out: Mapping[str, list[int]]) -> FileFormatError:
    kept, choose = "Nothing was imported.", "Choose another one."
    if not left_out:
        return FileFormatError("There is no request in the file.", kept=kept, next_step=choose)
    why = "; ".join(f"line {lines[0]:,}: {reason}" for reason, lines in list(left_out.items())[:3])
    return FileFormatError(f"No row of the file can be used ({why}).", kept=kept, next_step="Correct its rows.")
