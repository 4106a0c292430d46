"""Few-shot examples as YAML, and those that come with the shipped constitutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from typing import Any

from cai_ui.constitution.files import SHIPPED_FOLDER
from cai_ui.errors import FileFormatError, InputError
from cai_ui.formats.safe_yaml import compose, decoded, items, mapping, switch, text_of
from cai_ui.formats.writing import yaml_text
from cai_ui.records import FewShot
from cai_ui.text import ANSWER_LIMIT, PRINCIPLE_LIMIT, PROMPT_LIMIT, clean_text

EXAMPLES_LIMIT = 12
"""Few-shot examples of one constitution; more would not fit any small model's context."""
GENERAL = "harmlessness"
"""The constitution whose examples serve those that have none."""

_TEXTS = {
    "request": PROMPT_LIMIT,
    "answer": ANSWER_LIMIT,
    "critique_request": PRINCIPLE_LIMIT,
    "critique": ANSWER_LIMIT,
    "revision_request": PRINCIPLE_LIMIT,
    "revision": ANSWER_LIMIT,
}


def load_few_shot(text: str | bytes) -> tuple[FewShot, ...]:
    """The examples of a YAML file: a list under `examples`. FileFormatError names the line that does not fit."""
    fields = mapping(compose(decoded(text)), ("examples",), "The file")
    if "examples" not in fields:
        raise FileFormatError("The file has no `examples`.", next_step="See the format in principles/README.md.")
    found = []
    for node in items(fields["examples"], "examples"):
        values: dict[str, Any] = {}
        for key, value in mapping(node, (*_TEXTS, "enabled"), "An example").items():
            values[key] = switch(value) if key == "enabled" else text_of(value, key)
        missing = [key for key in _TEXTS if key not in values]
        if missing:
            line = node.start_mark.line + 1
            raise FileFormatError(f"The example in line {line} has no `{missing[0]}`.", next_step="Add it.")
        found.append(FewShot(**values))
    return checked_few_shot(found)


def dump_few_shot(examples: Sequence[FewShot]) -> str:
    """YAML that `load_few_shot` turns into the same examples again."""
    plain = {"examples": [dataclasses.asdict(e) for e in examples]}
    return yaml_text(plain)


def checked_few_shot(examples: Sequence[FewShot]) -> tuple[FewShot, ...]:
    """The examples with clean texts. InputError names the one that cannot be kept; those switched off may be empty."""
    if len(examples) > EXAMPLES_LIMIT:
        raise InputError(f"There are {len(examples)} examples; at most {EXAMPLES_LIMIT} fit.", next_step="Remove some.")
    return tuple(_checked(example, number) for number, example in enumerate(examples, 1))


def _checked(example: FewShot, number: int) -> FewShot:
    clean: dict[str, Any] = {
        key: clean_text(
            getattr(example, key), f"Example {number}: {key.replace('_', ' ')}", limit=limit, required=example.enabled
        )
        for key, limit in _TEXTS.items()
    }
    return dataclasses.replace(example, **clean)


@cache
def shipped_few_shot(name: str) -> tuple[FewShot, ...]:
    """The few-shot examples that come with the constitution of this name, or the general ones."""
    files = {path.stem: path for path in (SHIPPED_FOLDER / "few_shot").glob("*.yaml")}
    return load_few_shot(files.get(name, files[GENERAL]).read_bytes())
