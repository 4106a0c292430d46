"""Changes to a constitution that is being edited: each takes one and gives a new one.

A draft may hold what a saved version may not (an empty request, say); findings say so beside it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Container

from cai_ui.errors import InputError
from cai_ui.records import Constitution, Principle
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text
from cai_ui.web.principles import words

TAGS_LIMIT = 20


def edited(
    principle: Principle,
    *,
    name: object,
    kind: object,
    critique_request: object,
    revision_request: object,
    tags: object,
    enabled: object,
    weight: object,
    source: object,
) -> Principle:
    """The principle with the values of the editor's fields; InputError where a text cannot be kept."""
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1000:
        raise InputError(words.NO_WEIGHT, next_step=words.WEIGHTS)
    return dataclasses.replace(
        principle,
        name=clean_text(name, words.NAME, limit=NAME_LIMIT, required=False),
        kind="preference" if kind == "preference" else "critique",
        critique_request=_text(critique_request, words.CRITIQUE),
        revision_request=_text(revision_request, words.REVISION),
        tags=split_tags(tags),
        enabled=bool(enabled),
        weight=float(weight),
        source=_text(source or "", words.SOURCE),
    )


def _text(text: object, label: str) -> str:
    return clean_text(text, label, limit=PRINCIPLE_LIMIT, required=False)


def split_tags(text: object) -> tuple[str, ...]:
    """Tags from a line with commas; empty ones and repetitions fall away."""
    line = _text(text or "", words.TAGS)
    tags = tuple(dict.fromkeys(tag for part in line.split(",") if (tag := " ".join(part.split()))))
    if len(tags) > TAGS_LIMIT:
        raise InputError(f"There are {len(tags)} tags; at most {TAGS_LIMIT} fit.", next_step="Remove some.")
    return tags


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
        (words.ADDED, [p.name for i, p in new.items() if i not in old]),
        (words.REMOVED, [p.name for i, p in old.items() if i not in new]),
        (words.CHANGED, [p.name for i, p in new.items() if i in old and old[i] != p]),
    ]
    said = [f"{verb} {', '.join(name or words.NO_NAME for name in names)}" for verb, names in parts if names]
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
