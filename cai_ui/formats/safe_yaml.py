"""YAML read with care: nothing is built from what could blow up or run, and every refusal names its line."""

from __future__ import annotations

import json
from typing import Any

import yaml

from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import once_each

FILE_LIMIT = 256 * 1024
"""Bytes of one file with principles, examples or settings."""
_DEPTH_LIMIT = 6
_NULL = "tag:yaml.org,2002:null"
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")


def decoded(text: str | bytes) -> str:
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


def compose(text: str) -> yaml.Node:
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
        raise FileFormatError("The file is empty.", next_step="Choose one that says something.")
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
        raise FileFormatError(f"Line {line} is nested too deeply.", next_step="Take a level out.")


def mapping(node: yaml.Node, allowed: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
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


def items(node: yaml.Node, what: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise FileFormatError(
            f"`{what}` in line {node.start_mark.line + 1} is not a list.", next_step="Begin each entry with `- `."
        )
    return list(node.value)


def text_of(node: yaml.Node, what: str) -> str:
    """A scalar as it is written, so that `name: no` is the text "no"; nothing (`~`, `null`) is ""."""
    if not isinstance(node, yaml.ScalarNode):
        raise FileFormatError(f"`{what}` in line {node.start_mark.line + 1} is not text.", next_step="Use quotes.")
    return "" if node.tag == _NULL else str(node.value)


def switch(node: yaml.Node) -> bool:
    word = text_of(node, "enabled").lower()
    if word not in (*_YES, *_NO):
        raise FileFormatError(f"`enabled` in line {node.start_mark.line + 1} is neither true nor false.")
    return word in _YES


def number(node: yaml.Node) -> float:
    try:
        return float(text_of(node, "weight"))
    except ValueError:
        raise FileFormatError(f"`weight` in line {node.start_mark.line + 1} is not a number.") from None


def read_texts(text: str) -> Any:
    """A YAML or JSON file as mappings, lists and texts: a scalar is the text it is written as, nothing is None.

    What `no`, `007` or `1e-4` means is for the reader who knows the kind of the value. FileFormatError as `compose`,
    and for a key that is there twice.
    """
    return _json_texts(text) if text.lstrip()[:1] == "{" else _texts(compose(text))


def _json_texts(text: str) -> Any:
    """JSON by its own reader, since YAML takes no tabs and reads the two halves of a character as two."""
    constants = {True: "true", False: "false"}

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: constants[value] if isinstance(value, bool) else value for key, value in once_each(pairs).items()}

    try:
        return json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise FileFormatError("The file is nested too deeply.", next_step="Take a level out.") from None
    except json.JSONDecodeError:  # YAML may begin like JSON, and says better what is wrong
        return _texts(compose(text))


def _texts(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_texts(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return once_each([(_key(key), _texts(value)) for key, value in node.value])
    return None if node.tag == _NULL else str(node.value)


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise FileFormatError(f"Line {node.start_mark.line + 1}: a key is not text.", next_step="Write it as text.")
    return str(node.value)
