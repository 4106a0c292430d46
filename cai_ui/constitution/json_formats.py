"""One function for each JSON shape that holds principles: plain values in, an unchecked `Constitution` out."""

from __future__ import annotations

import re
from typing import Any

from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import field
from cai_ui.records import Constitution, Principle

_TOP = ("name", "title", "description", "source", "licence", "principles")
_OWN: dict[str, type] = {
    "id": str, "name": str, "critique_request": str, "revision_request": str, "tags": list, "enabled": bool,
    "weight": float, "kind": str, "source": str,
}  # fmt: skip


def from_own_json(plain: dict[str, Any], name: str) -> Constitution:
    """The fields of our YAML, as JSON. Unknown keys are refused, as there."""
    _only(plain, _TOP, "The file")
    top = {key: field(plain, key, "The file", required=False) or "" for key in _TOP if key != "principles"}
    principles = []
    for number, entry in enumerate(plain["principles"], 1):
        where = f"principle {number}"
        values = {key: field(entry, key, where, kind, False) for key, kind in _OWN.items()}
        _only(entry, tuple(_OWN), where)
        for key in ("id", "critique_request"):
            field(entry, key, where)
        given = {key: value for key, value in values.items() if value is not None}
        given["tags"] = tuple(_tag(tag, where) for tag in given.get("tags", ()))
        given.setdefault("name", given["id"])
        given.setdefault("revision_request", "")
        principles.append(Principle(**given))
    top["name"] = top["name"] or name
    top["title"] = top["title"] or top["name"]
    return Constitution(principles=tuple(principles), **top)


def from_anthropic(plain: dict[str, Any], name: str) -> Constitution:
    """`{"harmful0": {"prompt": [text], "edit_request": text}}`, each with its framing labels, which are taken off."""
    principles = []
    for key, entry in plain.items():
        where = f"the entry {key[:60]!r}"
        prompts = field(entry, "prompt", where, list)
        if len(prompts) != 1 or not isinstance(prompts[0], str):
            raise FileFormatError(f"`prompt` of {where} is not a list of one text.", next_step="Correct it.")
        critique = _unframed(prompts[0], "CritiqueRequest", "Critique")
        revision = _unframed(field(entry, "edit_request", where), "RevisionRequest", "Revision")
        principles.append(Principle(_id(key), key, critique, revision, source=f"Anthropic instructions, {key}"))
    return Constitution(name, name, "Imported critique and revision instructions.", tuple(principles))


def from_swarm(plain: dict[str, Any], name: str) -> Constitution:
    """`{"constitutions": [{"critic": text, "revision": text}]}`."""
    principles = []
    for number, entry in enumerate(field(plain, "constitutions", "The file", list), 1):
        where = f"entry {number} of `constitutions`"
        pair = field(entry, "critic", where), field(entry, "revision", where)
        principles.append(Principle(f"principle-{number}", f"Principle {number}", *pair, source="llm-swarm"))
    return Constitution(name, name, "Imported from llm-swarm.", tuple(principles))


def from_langchain(plain: Any, name: str) -> Constitution:
    """A list of `{"name", "critique_request", "revision_request"}`, or an object of such by name."""
    entries = plain if isinstance(plain, list) else [{"name": key, **_object(v, key)} for key, v in plain.items()]
    principles: list[Principle] = []
    for number, entry in enumerate(entries, 1):
        where = f"principle {number}"
        title = field(entry, "name", where, required=False) or f"Principle {number}"
        id = _id(title)
        taken = not id or id in {principle.id for principle in principles}  # names may differ in their signs alone
        principles.append(
            Principle(
                f"principle-{number}" if taken else id,
                title,
                field(entry, "critique_request", where),
                field(entry, "revision_request", where),
                source="LangChain",
            )
        )
    return Constitution(name, name, "Imported from a LangChain list.", tuple(principles))


def from_icai(text: str, name: str) -> Constitution:
    """A numbered list, one principle a line, that says which of two responses to select."""
    principles = []
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        words = re.sub(r"^\s*(?:\d+\s*[.)]|[-*])\s*", "", line).strip()
        principles.append(
            Principle(
                f"principle-{number}", words[:60], words, "", kind="preference", source="Inverse Constitutional AI"
            )
        )
    return Constitution(name, name, "Imported preference principles.", tuple(principles))


def _unframed(text: str, before: str, after: str) -> str:
    """The request between its labels `before:` and `after:`, whichever of them are there."""
    text = re.sub(rf"^\s*{before}\s*:\s*", "", text)
    return re.sub(rf"\s*{after}\s*:\s*$", "", text).strip()


def _id(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")[:60]


def _tag(tag: Any, where: str) -> str:
    if not isinstance(tag, str):
        raise FileFormatError(f"A tag of {where} is not text.", next_step="Correct it.")
    return tag


def _object(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FileFormatError(f"The entry {key[:60]!r} is not an object with keys.", next_step="Correct it.")
    return value


def _only(plain: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [key for key in plain if key not in known]
    if unknown:
        raise FileFormatError(
            f"{where}: unknown key {unknown[0][:60]!r}.", next_step=f"Known keys: {', '.join(known)}."
        )
