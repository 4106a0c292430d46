"""Changes to a constitution that is being edited: each takes one and gives a new one.

A draft may hold what a saved version may not (an empty request, say); findings say so beside it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Container, Mapping
from typing import Any, TypeVar

from cai_ui.errors import InputError
from cai_ui.records import Constitution, Principle
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text
from cai_ui.web.principles import words

DRAFT_LIMIT = ANSWER_LIMIT
"""Characters of a text in a draft: more than a version may hold, so that what was pasted can be shortened later."""
LABELS = {
    "name": words.NAME,
    "enabled": words.ON,
    "critique_request": words.CRITIQUE,
    "revision_request": words.REVISION,
    "tags": words.TAGS,
    "weight": words.WEIGHT,
    "kind": words.KIND,
    "source": words.SOURCE,
    "title": words.CONSTITUTION_TITLE,
    "description": words.DESCRIPTION,
}
"""The fields of the editor, by their names in a principle and in a constitution."""
Fields = Mapping[str, object]
Edited = TypeVar("Edited", Principle, Constitution)


def edited(principle: Principle, fields: Fields) -> tuple[Principle, tuple[str, ...]]:
    """The principle with the values of the editor's fields, by name, and a sentence on each that cannot be kept."""
    return _read(principle, fields)


def edited_about(constitution: Constitution, fields: Fields) -> tuple[Constitution, tuple[str, ...]]:
    """The same for title and description."""
    return _read(constitution, fields)


def merged(had: Edited, typed: Edited, now: Edited) -> tuple[Edited, tuple[str, ...]]:
    """`now` with what a window changed from `had` to `typed`, and the fields that another one had changed, too."""
    changed = {name: getattr(typed, name) for name in differing(had, typed)}
    both = tuple(name for name in differing(had, now) if name in changed and changed[name] != getattr(now, name))
    return dataclasses.replace(now, **changed), both


def differing(one: Edited, other: Edited) -> list[str]:
    """The fields that the editor shows and that are not the same in both."""
    there = [name for name in LABELS if hasattr(one, name)]
    return [name for name in there if getattr(one, name) != getattr(other, name)]


def as_read(record: Principle | Constitution, name: str) -> str:
    """What the editor shows in a field, for a sentence."""
    value = getattr(record, name)
    if name == "enabled":
        return words.ON if value else words.OFF
    if name == "kind":
        return {kind: label for label, kind in words.KINDS}[value]
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)


def called(principle: Principle) -> str:
    """Its name for lists and sentences, where one that is too long to be saved would fill the page."""
    name = principle.name
    return (f"{name[:NAME_LIMIT]}…" if len(name) > NAME_LIMIT else name) or words.NO_NAME


def _read(record: Edited, fields: Fields) -> tuple[Edited, tuple[str, ...]]:
    values, refused = dict[str, Any](), list[str]()
    for name, value in fields.items():
        try:
            values[name] = _value(name, value)
        except InputError as error:
            refused.append(str(error))
    return dataclasses.replace(record, **values), tuple(refused)


def _value(name: str, value: object) -> object:
    if name == "enabled":
        return bool(value)
    if name == "kind":
        return "preference" if value == "preference" else "critique"
    if name == "weight":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise InputError(words.NO_WEIGHT, next_step=words.WEIGHTS)
        return float(value)
    text = clean_text("" if value is None else value, LABELS[name], limit=DRAFT_LIMIT, required=False)
    return split_tags(text) if name == "tags" else text


def split_tags(line: str) -> tuple[str, ...]:
    """Tags from a line with commas; empty ones and repetitions fall away."""
    return tuple(dict.fromkeys(tag for part in line.split(",") if (tag := " ".join(part.split()))))


def with_principle(constitution: Constitution, principle: Principle) -> Constitution:
    """The principle of the same id replaced."""
    kept = tuple(principle if p.id == principle.id else p for p in constitution.principles)
    return dataclasses.replace(constitution, principles=kept)


def added(constitution: Constitution) -> tuple[Constitution, str]:
    """With a new principle to fill in at the end, and its id."""
    principle_id = _free_id("principle", {p.id for p in constitution.principles})
    new = Principle(
        id=principle_id,
        name=words.NEW_NAME,
        critique_request=words.NEW_CRITIQUE,
        revision_request=words.NEW_REVISION,
    )
    return dataclasses.replace(constitution, principles=(*constitution.principles, new)), principle_id


def duplicated(constitution: Constitution, principle_id: str) -> tuple[Constitution, str]:
    """With a copy right after the principle it copies, and the copy's id."""
    at = _place(constitution, principle_id)
    original = constitution.principles[at]
    new_id = _free_id(f"{original.id}-copy", {p.id for p in constitution.principles})
    copy = dataclasses.replace(original, id=new_id, name=f"{original.name} (copy)"[:NAME_LIMIT])
    principles = (*constitution.principles[: at + 1], copy, *constitution.principles[at + 1 :])
    return dataclasses.replace(constitution, principles=principles), new_id


def removed(constitution: Constitution, principle_id: str) -> tuple[Constitution, str]:
    """Without the principle, and the id of its neighbour ("" when none is left)."""
    at = _place(constitution, principle_id)
    rest = (*constitution.principles[:at], *constitution.principles[at + 1 :])
    neighbour = rest[min(at, len(rest) - 1)].id if rest else ""
    return dataclasses.replace(constitution, principles=rest), neighbour


def moved(constitution: Constitution, principle_id: str, by: int) -> Constitution:
    """With the principle so many places further down (up for a negative number), at most to the end."""
    rest = list(constitution.principles)
    at = _place(constitution, principle_id)
    principle = rest.pop(at)
    rest.insert(min(max(0, at + by), len(rest)), principle)
    return dataclasses.replace(constitution, principles=tuple(rest))


def taken_back(before: Constitution, after: Constitution, now: Constitution) -> Constitution:
    """`now` without the change from `before` to `after`; what was changed since then is kept."""
    was, became, there = ({p.id: p for p in c.principles} for c in (before, after, now))
    principles = []
    for p in before.principles:
        if p.id not in there and p.id in became:
            continue  # removed by another change
        untouched = there.get(p.id) == became.get(p.id)
        principles.append(p if untouched else there[p.id])
    for place, p in enumerate(now.principles):
        if p.id not in was and p != became.get(p.id):  # added, and changed since: it stays behind its neighbour
            ids = [kept.id for kept in principles]
            at = next((ids.index(q.id) + 1 for q in reversed(now.principles[:place]) if q.id in ids), 0)
            principles.insert(at, p)
    title = before.title if now.title == after.title else now.title
    description = before.description if now.description == after.description else now.description
    return dataclasses.replace(now, principles=tuple(principles), title=title, description=description)


def what_changed(before: Constitution, after: Constitution) -> str:
    """One sentence on what a draft changes, or "" where it changes nothing."""
    old, new = {p.id: p for p in before.principles}, {p.id: p for p in after.principles}
    parts = [
        (words.ADDED, [called(p) for i, p in new.items() if i not in old]),
        (words.REMOVED, [called(p) for i, p in old.items() if i not in new]),
        (words.CHANGED, [called(p) for i, p in new.items() if i in old and old[i] != p]),
    ]
    said = [f"{verb} {', '.join(names)}" for verb, names in parts if names]
    if (before.title, before.description) != (after.title, after.description):
        said.append(words.CHANGED_ABOUT)
    if not said and before != after:
        said.append(words.CHANGED_ORDER)
    return "; ".join(said)


def _place(constitution: Constitution, principle_id: str) -> int:
    for at, principle in enumerate(constitution.principles):
        if principle.id == principle_id:
            return at
    raise InputError(words.NONE_CHOSEN, next_step=words.CHOOSE_ONE)


def _free_id(stem: str, taken: Container[str]) -> str:
    stem = re.sub(r"[^a-z0-9-]+", "-", stem.lower()).strip("-")[:60] or "principle"
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name
