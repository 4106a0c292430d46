"""Constitutions as YAML. The format is described in `principles/README.md`."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cai_ui.constitution.checks import validate
from cai_ui.errors import FileFormatError
from cai_ui.records import Constitution, Principle

FILE_LIMIT = 256 * 1024
"""Bytes of one YAML file."""
SHIPPED_FOLDER = Path(__file__).resolve().parents[2] / "principles"
DEFAULT = "harmlessness"

_DEPTH_LIMIT = 6
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_TOP_KEYS = ("name", "title", "description", "source", "licence", "principles")
_PRINCIPLE_KEYS = tuple(f.name for f in dataclasses.fields(Principle))


def load_yaml(text: str | bytes, name: str = "") -> Constitution:
    """The constitution of a YAML file, validated. `name` is taken where the file gives none.

    Raises FileFormatError for text that is not this format (the line is named) and ConstitutionError
    for content that cannot be saved. Aliases, anchors, tags, repeated and unknown keys are refused.
    """
    root = _compose(_decoded(text))
    fields = _mapping(root, _TOP_KEYS, "The file")
    if "principles" not in fields:
        raise FileFormatError("The file has no `principles`.", next_step="See the format in principles/README.md.")
    values = {key: _text(node, key) for key, node in fields.items() if key != "principles"}
    principles = tuple(_principle(node) for node in _items(fields["principles"], "principles"))
    values["name"] = values.get("name") or name
    values.setdefault("title", values["name"])
    values.setdefault("description", "")
    return validate(Constitution(principles=principles, **values))


def dump_yaml(constitution: Constitution) -> str:
    """YAML that `load_yaml` turns into the same constitution again."""
    plain: dict[str, Any] = {key: getattr(constitution, key) for key in _TOP_KEYS if key != "principles"}
    plain["principles"] = [_plain(p) for p in constitution.principles]
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
    return text


@cache
def shipped() -> dict[str, Constitution]:
    """The constitutions that come with the workbench, by name; the default one is first."""
    found = {path.stem: load_yaml(path.read_bytes(), path.stem) for path in sorted(SHIPPED_FOLDER.glob("*.yaml"))}
    return {name: found[name] for name in sorted(found, key=lambda name: (name != DEFAULT, name))}


def _decoded(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > FILE_LIMIT:
        raise FileFormatError(
            f"The file has {size:,} bytes; at most {FILE_LIMIT:,} fit.", next_step="Split it into several files."
        )
    try:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1 if isinstance(text, bytes) else 1
        raise FileFormatError(f"Line {line} is not UTF-8 text.", next_step="Save the file as UTF-8.") from None


def _compose(text: str) -> yaml.Node:
    """The file's tree, after a look at its events: nothing is built from what could blow up or run."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            _refuse(event, depth)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "an unknown line"
        said = (error.problem or error.context or "it cannot be read").rstrip(".")
        raise FileFormatError(f"The YAML has an error in {where}: {said}.", next_step="Correct that line.") from None
    except yaml.YAMLError as error:
        at = text[: getattr(error, "position", 0)].count("\n") + 1
        raise FileFormatError(
            f"Line {at} holds a character that YAML does not allow.", next_step="Remove it."
        ) from None
    if root is None:
        raise FileFormatError("The file is empty.", next_step="See the format in principles/README.md.")
    return root


def _refuse(event: yaml.Event, depth: int) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 1
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise FileFormatError(
            f"Line {line} uses a YAML anchor or alias (& or *); they are not allowed here.",
            next_step="Write the text out, or put it in quotes.",
        )
    if getattr(event, "tag", None):
        raise FileFormatError(
            f"Line {line} uses a YAML tag (!...); tags are not allowed here.", next_step="Remove it, or use quotes."
        )
    if depth > _DEPTH_LIMIT:
        raise FileFormatError(f"Line {line} is nested too deeply.", next_step="See principles/README.md.")


def _mapping(node: yaml.Node, allowed: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise FileFormatError(f"{what} (line {line}) is not a list of `key: value` lines.", next_step="Correct it.")
    found: dict[str, yaml.Node] = {}
    for key_node, value in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key not in allowed:
            raise FileFormatError(
                f"Line {line}: unknown key {key[:60]!r}.", next_step=f"Known keys: {', '.join(allowed)}."
            )
        if key in found:
            raise FileFormatError(f"Line {line}: the key {key!r} is there twice.", next_step="Keep one of them.")
        found[key] = value
    return found


def _principle(node: yaml.Node) -> Principle:
    line = node.start_mark.line + 1
    fields = _mapping(node, _PRINCIPLE_KEYS, "A principle")
    for key in ("id", "critique_request"):
        if key not in fields:
            raise FileFormatError(f"The principle in line {line} has no `{key}`.", next_step="Add it.")
    values: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "tags":
            values[key] = tuple(_text(tag, "tags") for tag in _items(value, "tags"))
        elif key == "enabled":
            values[key] = _switch(value)
        elif key == "weight":
            values[key] = _number(value)
        else:
            values[key] = _text(value, key)
    values.setdefault("name", values["id"])
    values.setdefault("revision_request", "")
    return Principle(**values)


def _items(node: yaml.Node, what: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise FileFormatError(
            f"`{what}` in line {node.start_mark.line + 1} is not a list.", next_step="Begin each entry with `- `."
        )
    return list(node.value)


def _text(node: yaml.Node, what: str) -> str:
    """A scalar as it is written, so that `name: no` is the text "no"."""
    if not isinstance(node, yaml.ScalarNode):
        raise FileFormatError(f"`{what}` in line {node.start_mark.line + 1} is not text.", next_step="Use quotes.")
    return str(node.value)


def _switch(node: yaml.Node) -> bool:
    word = _text(node, "enabled").lower()
    if word not in (*_YES, *_NO):
        raise FileFormatError(f"`enabled` in line {node.start_mark.line + 1} is neither true nor false.")
    return word in _YES


def _number(node: yaml.Node) -> float:
    try:
        return float(_text(node, "weight"))
    except ValueError:
        raise FileFormatError(f"`weight` in line {node.start_mark.line + 1} is not a number.") from None


def _plain(principle: Principle) -> dict[str, Any]:
    """A principle without the fields that have their default value."""
    plain = {key: getattr(principle, key) for key in ("id", "name", "critique_request", "revision_request")}
    if principle.tags:
        plain["tags"] = list(principle.tags)
    for key in ("enabled", "weight", "kind", "source"):
        default = next(f.default for f in dataclasses.fields(Principle) if f.name == key)
        if getattr(principle, key) != default:
            plain[key] = getattr(principle, key)
    return plain
