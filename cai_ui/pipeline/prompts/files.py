"""Prompt sets from files: read with care, kept in the workspace, used like the shipped ones.

Read is whatever `tables` reads, and plain text (a request a line). What a row asks is what Curate reads there
(`curate.columns`): the request as text, transcript or messages, what it is about, a system text; of whole conversations
what is said before the last answer. Beyond that a text may stand alone under one of `TEXTS`.

Kind and topic: see `tables.kinds`. A row that cannot be used is left out and counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cai_ui.conversations import ROLES, Talk, check_question, question, turns_in, turns_of
from cai_ui.curate.annotation_tools import unfolded
from cai_ui.curate.answer_lists import spread
from cai_ui.curate.columns import ANSWERS, CONVERSATIONS, REQUESTS, guess
from cai_ui.errors import CaiError, FileFormatError
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, Prompt, PromptKind, PromptSet, SetPrompt, content_hash
from cai_ui.tables import BadRow, Cells, Limits, rows_of
from cai_ui.tables.kinds import has_contrast, kind_of, topic_of
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, PROMPT_LIMIT, clean_name, clean_text

ROWS_LIMIT = 100_000
_LIMITS = Limits(rows=ROWS_LIMIT)
TEXTS = ("text", "turns", "input")
"""Columns that may hold a request where nothing else does."""
_NAMED = ", ".join(f"`{name}`" for name in (*REQUESTS[:5], "text", *CONVERSATIONS[:2], "chosen"))


@dataclass(frozen=True)
class PromptFile:
    """What was read: different requests in the order of the file, and what else was there.

    `repeated` requests are there once; `left_out` has the lines by the reason; `words` counts words for a kind that
    are not known, whose requests are of unknown kind. `known` is the title of the set that had them all already.
    """

    prompts: tuple[SetPrompt, ...]
    repeated: int = 0
    left_out: Mapping[str, list[int]] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    known: str = ""


def read_prompts(path: Path, kind: PromptKind = "unknown") -> PromptFile:
    """The requests of a file. FileFormatError where it cannot be read or no row can be used.

    `kind` is that of requests of which the file says none; a word for a kind that is not known is still counted.
    """
    cells = [(line, row if isinstance(row, BadRow) else _folded(unfolded(row))) for line, row in rows_of(path, _LIMITS)]
    contrasts = any(has_contrast(row) for _, row in cells if not isinstance(row, BadRow))
    prompts: dict[str, SetPrompt] = {}
    left_out: dict[str, list[int]] = {}
    words: Counter[str] = Counter()
    kinds: dict[str, dict[PromptKind, None]] = {}
    for line, row in cells:
        try:
            prompt, word = _prompt(row, contrasts)
        except (CaiError, ValueError) as error:
            reason = error.what if isinstance(error, CaiError) else str(error)
            left_out.setdefault(reason.rstrip("."), []).append(line)
            continue
        if prompt.hash not in prompts and word:
            words[word] += 1
        kinds.setdefault(prompt.hash, {})[prompt.kind] = None
        known = prompts.setdefault(prompt.hash, prompt)
        prompts[prompt.hash] = replace(known, topic=known.topic or prompt.topic)
    for key, found in kinds.items():
        said = [one for one in found if one != "unknown"]
        words.update([" and ".join(said)] if said[1:] else [])
        prompts[key] = replace(prompts[key], kind=kind if len(said) != 1 else said[0])
    if not prompts:
        raise _nothing(left_out)
    repeated = len(cells) - len(prompts) - sum(map(len, left_out.values()))
    return PromptFile(tuple(prompts.values()), repeated, left_out, dict(words))


def import_prompts(
    services: Services, path: str | Path, title: str = "", kind: PromptKind = "unknown"
) -> tuple[PromptSet, PromptFile]:
    """A file as a prompt set of the workspace, and what was read. The same content gives the same set, which keeps its
    title where no other is asked for; no two sets get the same. `kind` as in `read_prompts`.

    FileFormatError as `read_prompts`; then nothing is kept.
    """
    from cai_ui.demo import prompt_sets as demo

    file = Path(path)
    read = read_prompts(file, kind)
    asked = clean_name(title or file.stem, "The set's name")
    # The beginning sets it apart from the names of shipped sets; nothing is read from it.
    key = f"own-{content_hash([prompt.hash for prompt in read.prompts])[:16]}"
    there = {one.key: one.title for one in services.store.prompt_sets()}
    known = there.pop(key, "")
    kept = (
        known
        if known and not title
        else _free_title(asked, {*there.values(), *(made.title for made in demo.SETS.values())})
    )
    return services.store.save_prompt_set(key, kept, read.prompts), replace(read, known=known)


def _free_title(title: str, taken: Container[str]) -> str:
    number = 1
    while (found := title if number == 1 else f"{title[: NAME_LIMIT - 7]} {number}") in taken:
        number += 1
    return found


def asked(prompt: SetPrompt, source: str) -> Prompt:
    """What is put to a model; `source` says where it is from: the key of its set, or the name of a file."""
    *before, last = prompt.turns
    return Prompt(prompt.hash[:16], last.content, prompt.kind, prompt.topic, source, tuple(before))


def _folded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by their names in small letters; of two that are then the same, the first that is not empty."""
    found: dict[str, Any] = {}
    for name, cell in row.items():
        key = name.strip().lower()
        found[key] = found.get(key) or cell
    return found


def _prompt(row: Cells | BadRow, contrasts: bool) -> tuple[SetPrompt, str]:
    """A request, and its word for a kind that is not known. ValueError or InputError says why there is none."""
    if isinstance(row, BadRow):
        raise ValueError(row.reason)
    filled = spread({name: cell for name, cell in row.items() if cell not in (None, "", [], {})})
    shape, columns = guess(filled)
    column = columns.request or columns.answer or next((name for name in TEXTS if name in filled), "")
    text = filled.get(column)
    if not columns.request and isinstance(text, str) and shape and len(turns_of(text)) < 2:
        answer, column = column, next((name for name in TEXTS if name in filled), "")
        if not column:
            raise ValueError(f"`{answer}` is no transcript, and there is no request beside it")
    if not column or (not columns.request and column in ANSWERS):
        raise ValueError(f"no request under {_NAMED} or another known name")
    if "parent_id" in filled or ROLES.get(str(row.get("role")).lower(), "user") != "user":
        raise ValueError("a later turn of a conversation, without those before it")
    said = turns_in(filled.get(column), column, limit=ANSWER_LIMIT)
    turns = question(_without_answer(said), filled.get(columns.context), filled.get(columns.system))
    check_question(turns, column)
    kind, word = kind_of(row, contrasts, answered=columns.request != "" and columns.answer != "")
    return SetPrompt(tuple(_checked(turn) for turn in turns), kind, topic_of(row)), word


def _without_answer(turns: Talk) -> Talk:
    """Up to the last question that is not empty."""
    while len(turns) > 1 and (turns[-1].role != "user" or not turns[-1].content.strip()):
        turns = turns[:-1]
    return turns


def _checked(turn: Message) -> Message:
    return Message(turn.role, clean_text(turn.content.strip(), "A turn", limit=PROMPT_LIMIT))


def _nothing(left_out: Mapping[str, list[int]]) -> FileFormatError:
    kept, choose = "Nothing was taken from it.", "Choose another one."
    if not left_out:
        return FileFormatError("There is no request in the file.", kept=kept, next_step=choose)
    why = "; ".join(f"line {lines[0]:,}: {reason}" for reason, lines in list(left_out.items())[:3])
    return FileFormatError(f"No row of the file can be used ({why}).", kept=kept, next_step="Correct its rows.")
