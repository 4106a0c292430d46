"""Constitutions and few-shot examples from the files that others use. All or nothing, with the place of an error.

Read are: our YAML and the same as JSON; CSV; Anthropic's critique and revision instructions and their few-shot
transcripts (repository ConstitutionalHarmlessnessPaper); the llm-swarm constitution; LangChain's list of principles;
the constitution file of Inverse Constitutional AI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cai_ui.constitution.csv_format import from_csv
from cai_ui.constitution.few_shot import checked_few_shot, load_few_shot
from cai_ui.constitution.files import load_yaml
from cai_ui.constitution.json_formats import from_anthropic, from_icai, from_langchain, from_own_json, from_swarm
from cai_ui.constitution.transcripts import from_chats, from_transcripts
from cai_ui.constitution.validation import validate
from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import read_json
from cai_ui.formats.safe_yaml import decoded
from cai_ui.records import Constitution, FewShot

FORMATS = "our YAML or JSON, CSV, Anthropic's JSON files, llm-swarm JSON, a LangChain list, an ICAI constitution"


@dataclass(frozen=True)
class Imported:
    """What a file held: principles, few-shot examples, or both. `form` names the format that was recognised."""

    form: str
    constitution: Constitution | None
    few_shot: tuple[FewShot, ...] = ()


def read_any(content: bytes, name: str, ending: str = "") -> Imported:
    """What the file holds, validated. `name` is the constitution's where the file gives none.

    Raises FileFormatError (line or key named) or ConstitutionError; then nothing of the file is to be kept.
    """
    text = decoded(content)
    if ending == "csv":
        return Imported("CSV", validate(from_csv(text, name)))
    if ending in ("json", "jsonl") or text.lstrip()[:1] in ("{", "[", '"'):
        return _of_json(read_json(text), name)
    if _has_examples(text):
        return Imported("few-shot examples (YAML)", None, load_few_shot(text))
    return Imported("our YAML", load_yaml(text, name))


def _of_json(plain: Any, name: str) -> Imported:
    """By its shape, since none of these formats says what it is."""
    if isinstance(plain, str):
        return Imported("ICAI constitution", validate(from_icai(plain, name)))
    if isinstance(plain, dict):
        if isinstance(plain.get("principles"), list):
            return Imported("our JSON", validate(from_own_json(plain, name)))
        if "constitutions" in plain:
            chats = checked_few_shot(from_chats(plain.get("system_chat", []), "system_chat"))
            return Imported("llm-swarm JSON", validate(from_swarm(plain, name)), chats)
        if "constitution" in plain and isinstance(plain["constitution"], str):
            return Imported("ICAI constitution", validate(from_icai(plain["constitution"], name)))
        first: Any = next(iter(plain.values()), None)
        if isinstance(first, dict) and "edit_request" in first:
            return Imported("Anthropic instructions", validate(from_anthropic(plain, name)))
        if isinstance(first, dict) and "critique_request" in first:
            return Imported("LangChain principles", validate(from_langchain(plain, name)))
    if isinstance(plain, list) and plain:
        if isinstance(plain[0], dict):
            return Imported("LangChain principles", validate(from_langchain(plain, name)))
        if isinstance(plain[0], str) and "CritiqueRequest:" in plain[0]:
            return Imported("Anthropic few-shot transcripts", None, checked_few_shot(from_transcripts(plain)))
        if isinstance(plain[0], str):
            return Imported("list of preference principles", validate(from_icai("\n".join(map(str, plain)), name)))
    raise FileFormatError("The shape of this JSON file is not known.", next_step=f"Known formats: {FORMATS}.")


def _has_examples(text: str) -> bool:
    return any(line.startswith("examples:") for line in text.splitlines())
