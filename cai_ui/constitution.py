"""Constitutions: read and write their YAML, validate, find weak spots, draw a principle for a round.

In: YAML text or a `Constitution`. Out: a `Constitution`, findings, or the principle of a round. Knows
nothing of storage, models or the page. The file format is described in `principles/README.md`.
"""

from __future__ import annotations

import dataclasses
import math
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cai_ui.config import RevisionSettings
from cai_ui.errors import CaiError, ConstitutionError, FileFormatError, NotFoundError
from cai_ui.records import Constitution, Principle
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text

FILE_LIMIT = 256 * 1024
"""Bytes of one YAML file."""
PRINCIPLES_LIMIT = 200
WEIGHT_LIMIT = 1000.0
TAGS_LIMIT = 20
NEAR = 0.9
"""Share of common words from which two principles are called nearly the same."""
LONG_REQUEST = 600
"""Characters above which a request is called long: it is sent in every round."""
SHIPPED_FOLDER = Path(__file__).resolve().parent.parent / "principles"
DEFAULT = "harmlessness"

_DEPTH_LIMIT = 6
_ID = re.compile(r"\w[\w .-]*")
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_TOP_KEYS = ("name", "title", "description", "source", "licence", "principles")
_PRINCIPLE_KEYS = tuple(f.name for f in dataclasses.fields(Principle))


@dataclass(frozen=True)
class Finding:
    """Something that may be meant differently. It never blocks saving. `principle_id` is None for the whole set."""

    principle_id: str | None
    message: str


# Reading and writing


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


# Validating and checking


def validate(constitution: Constitution) -> Constitution:
    """The constitution with clean texts and number types, or a ConstitutionError that names what cannot be saved."""
    try:
        principles = tuple(_valid_principle(p) for p in constitution.principles)
        values = {
            "name": clean_text(constitution.name, "The constitution's name", limit=NAME_LIMIT),
            "title": clean_text(constitution.title, "Title", limit=NAME_LIMIT),
            "description": clean_text(constitution.description, "Description", limit=PRINCIPLE_LIMIT, required=False),
            "source": clean_text(constitution.source, "Source", limit=PRINCIPLE_LIMIT, required=False),
            "licence": clean_text(constitution.licence, "Licence", limit=NAME_LIMIT, required=False),
        }
    except ConstitutionError:
        raise
    except CaiError as error:
        raise ConstitutionError(error.what, kept=error.kept, next_step=error.next_step) from None
    if not _ID.fullmatch(values["name"]):
        raise _not_an_id(values["name"])
    _check_set(principles)
    return dataclasses.replace(constitution, principles=principles, **values)


def _check_set(principles: tuple[Principle, ...]) -> None:
    if not principles:
        raise ConstitutionError("There is no principle in it.", next_step="Add at least one.")
    if len(principles) > PRINCIPLES_LIMIT:
        raise ConstitutionError(
            f"There are {len(principles):,} principles; at most {PRINCIPLES_LIMIT} fit.", next_step="Remove some."
        )
    seen: set[str] = set()
    for principle in principles:
        if principle.id in seen:
            raise ConstitutionError(f"Two principles have the id {principle.id!r}.", next_step="Rename one of them.")
        seen.add(principle.id)


def _valid_principle(principle: Principle) -> Principle:
    label = f"Principle {str(principle.name or principle.id)[:60]!r}"
    identity = clean_text(principle.id, f"{label}: id", limit=NAME_LIMIT)
    if not _ID.fullmatch(identity):
        raise _not_an_id(identity)
    weight = principle.weight
    number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not number or not math.isfinite(weight) or not 0 <= weight <= WEIGHT_LIMIT:
        raise ConstitutionError(f"{label}: the weight is not a number from 0 to {WEIGHT_LIMIT:.0f}.")
    if principle.kind not in ("critique", "preference"):
        raise ConstitutionError(f"{label}: the kind is neither critique nor preference.")
    if len(principle.tags) > TAGS_LIMIT:
        raise ConstitutionError(f"{label} has {len(principle.tags)} tags; at most {TAGS_LIMIT} fit.")
    revision = clean_text(
        principle.revision_request, f"{label}: revision request", limit=PRINCIPLE_LIMIT, required=False
    )
    return dataclasses.replace(
        principle,
        id=identity,
        name=clean_text(principle.name, f"{label}: name", limit=NAME_LIMIT),
        critique_request=clean_text(principle.critique_request, f"{label}: critique request", limit=PRINCIPLE_LIMIT),
        revision_request=revision,
        tags=tuple(clean_text(tag, f"{label}: tag", limit=NAME_LIMIT) for tag in principle.tags),
        weight=float(weight),
        source=clean_text(principle.source, f"{label}: source", limit=PRINCIPLE_LIMIT, required=False),
    )


def _not_an_id(text: str) -> ConstitutionError:
    return ConstitutionError(
        f"{text[:60]!r} cannot be an id.", next_step="Use letters, digits, spaces, dots, dashes and underscores."
    )


def check(constitution: Constitution) -> list[Finding]:
    """What may be meant differently: shown beside the text, never blocking. Also says what would block saving."""
    findings = []
    try:
        validate(constitution)
    except ConstitutionError as error:
        findings.append(Finding(None, f"Cannot be saved yet: {error}"))
    critiques = [p for p in constitution.principles if p.kind == "critique"]
    if critiques and not any(_usable(p) for p in critiques):
        findings.append(Finding(None, "No principle can be drawn: switch one on and give it a weight above 0."))
    for principle in constitution.principles:
        findings += [Finding(principle.id, message) for message in _remarks(principle)]
    return findings + _near_duplicates(constitution.principles)


def _remarks(principle: Principle) -> list[str]:
    remarks = []
    if principle.kind == "critique" and not principle.revision_request.strip():
        remarks.append("There is no revision request, so this principle is never drawn for a revision.")
    if principle.kind == "preference" and principle.revision_request.strip():
        remarks.append("A preference instruction has no use for a revision request.")
    for what, text in (
        ("critique request", principle.critique_request),
        ("revision request", principle.revision_request),
    ):
        if "..." in text or "…" in text:
            remarks.append(f"The {what} looks unfinished: it holds dots to be filled in.")
        if len(text) > LONG_REQUEST:
            remarks.append(f"The {what} is long ({len(text):,} characters) and is sent every time it is drawn.")
    return remarks


def _near_duplicates(principles: tuple[Principle, ...]) -> list[Finding]:
    """Pairs that share nearly all their words: in effect one principle with twice the weight."""
    words = [frozenset(re.findall(r"\w+", f"{p.critique_request} {p.revision_request}".lower())) for p in principles]
    found = []
    for late in range(len(principles)):
        for early in range(late):
            union = len(words[early] | words[late])
            if union and len(words[early] & words[late]) / union >= NEAR:
                message = f"Nearly the same as “{principles[early].name}”: together they are drawn twice as often."
                found.append(Finding(principles[late].id, message))
                break
    return found


# Drawing


def enabled(constitution: Constitution) -> tuple[Principle, ...]:
    """Principles that can be drawn for a critique and a revision, in their order."""
    return tuple(p for p in constitution.principles if _usable(p))


def preferences(constitution: Constitution) -> tuple[Principle, ...]:
    """(A)/(B) instructions that are switched on."""
    return tuple(p for p in constitution.principles if p.kind == "preference" and p.enabled and p.weight > 0)


def draw(constitution: Constitution, settings: RevisionSettings, seed: int, round: int) -> Principle:
    """The principle of one round (counted from 0). The same seed and round always give the same one.

    "random" draws with replacement, each with the chance weight / sum of weights (Bai et al. 2022
    draw one of sixteen per step). Raises ConstitutionError when there is none, NotFoundError for a
    fixed principle that is not there.
    """
    if settings.choice == "fixed":
        return _fixed(constitution, settings.principle_id)
    candidates = enabled(constitution)
    if not candidates:
        raise ConstitutionError(
            f"{constitution.title} has no principle to draw.",
            next_step="Switch on a principle that has both requests and a weight above 0.",
        )
    if settings.choice == "in order":
        return candidates[round % len(candidates)]
    chance = random.Random(f"principle/{seed}/{round}")  # a text seed is hashed the same way on every platform
    return chance.choices(candidates, weights=[p.weight for p in candidates])[0]


def _fixed(constitution: Constitution, principle_id: str) -> Principle:
    try:
        principle = constitution.principle(principle_id)
    except KeyError:
        raise NotFoundError(
            f"{constitution.title} has no principle {principle_id[:80]!r}.", next_step="Choose one of its principles."
        ) from None
    if principle.kind != "critique" or not principle.revision_request.strip():
        raise ConstitutionError(
            f"“{principle.name}” cannot be used for a revision.", next_step="Choose one with both requests."
        )
    return principle


def _usable(principle: Principle) -> bool:
    return (
        principle.kind == "critique"
        and principle.enabled
        and principle.weight > 0
        and bool(principle.critique_request.strip())
        and bool(principle.revision_request.strip())
    )
