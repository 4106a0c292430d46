"""Constitutions as YAML. The format is described in `principles/README.md`."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cai_ui.constitution.validation import validate
from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_yaml import compose, decoded, items, mapping, number, switch, text_of
from cai_ui.formats.writing import yaml_text
from cai_ui.records import Constitution, Principle

SHIPPED_FOLDER = Path(__file__).resolve().parents[2] / "principles"
DEFAULT = "harmlessness"

_TOP_KEYS = ("name", "title", "description", "source", "licence", "principles")
_PRINCIPLE_KEYS = tuple(f.name for f in dataclasses.fields(Principle))


def load_yaml(text: str | bytes, name: str = "") -> Constitution:
    """The constitution of a YAML file, validated. `name` is taken where the file gives none.

    Raises FileFormatError for text that is not this format (the line is named) and ConstitutionError
    for content that cannot be saved. Aliases, anchors, tags, repeated and unknown keys are refused.
    """
    root = compose(decoded(text))
    fields = mapping(root, _TOP_KEYS, "The file")
    if "principles" not in fields:
        raise FileFormatError("The file has no `principles`.", next_step="See the format in principles/README.md.")
    values = {key: text_of(node, key) for key, node in fields.items() if key != "principles"}
    principles = tuple(_principle(node) for node in items(fields["principles"], "principles"))
    values["name"] = values.get("name") or name
    values["title"] = values.get("title") or values["name"]
    values.setdefault("description", "")
    return validate(Constitution(principles=principles, **values))


def dump_yaml(constitution: Constitution) -> str:
    """YAML that `load_yaml` turns into the same constitution again."""
    plain: dict[str, Any] = {key: getattr(constitution, key) for key in _TOP_KEYS if key != "principles"}
    plain["principles"] = [plain_principle(p) for p in constitution.principles]
    return yaml_text(plain)


@cache
def shipped() -> dict[str, Constitution]:
    """The constitutions that come with the workbench, by name; the default one is first."""
    found = {path.stem: load_yaml(path.read_bytes(), path.stem) for path in sorted(SHIPPED_FOLDER.glob("*.yaml"))}
    return {name: found[name] for name in sorted(found, key=lambda name: (name != DEFAULT, name))}


def _principle(node: yaml.Node) -> Principle:
    line = node.start_mark.line + 1
    fields = mapping(node, _PRINCIPLE_KEYS, "A principle")
    for key in ("id", "critique_request"):
        if key not in fields:
            raise FileFormatError(f"The principle in line {line} has no `{key}`.", next_step="Add it.")
    values: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "tags":
            values[key] = tuple(text_of(tag, "tags") for tag in items(value, "tags"))
        elif key == "enabled":
            values[key] = switch(value)
        elif key == "weight":
            values[key] = number(value)
        else:
            values[key] = text_of(value, key)
    values["name"] = values.get("name") or values["id"]
    values.setdefault("revision_request", "")
    return Principle(**values)


def plain_principle(principle: Principle) -> dict[str, Any]:
    """A principle without the fields that have their default value."""
    plain = {key: getattr(principle, key) for key in ("id", "name", "critique_request", "revision_request")}
    if principle.tags:
        plain["tags"] = list(principle.tags)
    for key in ("enabled", "weight", "kind", "source"):
        default = next(f.default for f in dataclasses.fields(Principle) if f.name == key)
        if getattr(principle, key) != default:
            plain[key] = getattr(principle, key)
    return plain
