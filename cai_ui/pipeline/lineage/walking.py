"""Looking up any id, one thing with its neighbours, and the way from it to the constitution."""

from __future__ import annotations

import dataclasses

from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline.lineage import names
from cai_ui.pipeline.lineage.things import TOLD
from cai_ui.records.lineage import KINDS, TEXT_LIMIT, Lineage, Link, Place, place_of
from cai_ui.store import Store
from cai_ui.text import clean_text, named

STEPS = 12
"""A way is followed no further than that."""
_WAY = ("run", "dataset", "dataset row", "example", "trace", "principle", "constitution")
"""Whereto a way leads from a thing that came from several: the first of these roles that it has and can be opened."""


def look_up(store: Store, text: str) -> list[Place]:
    """What an id names, whether it is whole, the beginning of one, or a place as `Place.text` writes it.

    Also found: the hash of an adapter (its run), and the id of a principle (in the newest version that has it).
    InputError for no text; NotFoundError where there is nothing.
    """
    wanted = clean_text(text, "The id", limit=TEXT_LIMIT).strip()
    place = place_of(wanted)
    if place is not None:
        return [place]
    found = [Place(kind, id) for kind, id in store.ids_like(wanted)]
    runs = store.runs()
    found += [Place("run", run.id) for run in runs if (run.adapter_hash or "").startswith(wanted) or run.name == wanted]
    versions = (one for one in store.versions() if any(p.id == wanted for p in one.constitution.principles))
    found += [Place("principle", f"{one.hash}/{wanted}") for one in [next(versions, None)] if one]
    if not found:
        raise NotFoundError(
            f"Nothing here has an id that begins with {named(wanted)}.",
            next_step="Copy an id or a hash from the page, or type its first digits.",
        )
    return sorted(dict.fromkeys(found), key=lambda place: (KINDS.index(place.kind), place.key))


def lineage(store: Store, place: Place) -> Lineage:
    """A thing, its neighbours, and its way back. NotFoundError or InputError where there is no such thing."""
    found = TOLD[place.kind](store, place, True)
    return dataclasses.replace(found, path=tuple(_path(store, found)))


def _path(store: Store, begin: Lineage) -> list[Link]:
    path, at = [Link(begin.place.kind, begin.title, begin.place)], begin
    while len(path) < STEPS:
        step = _next(at)
        if step is None:
            break
        path += [link for link in at.came_from if link.role == "decision" and at.place.kind == "example"][:1]
        path.append(step)
        if step.place is None or step.place in [link.place for link in path[:-1]]:
            break
        try:
            at = TOLD[step.place.kind](store, step.place, False)
        except (NotFoundError, InputError):
            break
    return path


def _next(at: Lineage) -> Link | None:
    """The step back that leads furthest. A dataset goes on by its first decided row; of mixed-in rows there is none."""
    if at.place.kind in ("constitution", "decision"):
        return next((link for link in at.came_from if link.role == "example"), None)
    for role in _WAY:
        of_role = [link for link in at.came_from if link.role == role]
        decided = [link for link in of_role if not link.said.endswith("mixed in")] if role == "dataset row" else of_role
        open_ones = [link for link in decided if link.place is not None]
        if open_ones and not (at.place.kind == "row" and role == "dataset"):
            return open_ones[0]
    return next((link for link in at.came_from if link.missing or link.said == names.BASE_MODEL), None)


def follow(store: Store, text: str) -> Lineage | list[Place]:
    """The one thing that a text names with its neighbours, or the several things it may mean."""
    places = look_up(store, text)
    return lineage(store, places[0]) if len(places) == 1 else places
