"""Whether everything that a workspace holds is there and as it was written: each fault with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cai_ui.errors import CaiError
from cai_ui.store import Store
from cai_ui.train.jobs.adapters import RunAdapters

REBUILD = "python -m cai_ui store rebuild makes these anew from the decisions."
RESTORE = "python -m cai_ui store restore brings back the last backup; what is there now is kept aside."
LEFT = (
    "They are harmless: made after a backup that was restored, or by a program that was killed. Look before deleting."
)


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, and what to do about it."""

    problem: str
    next_step: str


def faults(store: Store) -> Iterator[Fault]:
    """Everything that is wrong with a workspace: database, records, adapters, folders. Reads all of it."""
    damage = store.damage()
    yield from (Fault(one, RESTORE) for one in damage)
    if damage:
        return  # what follows would read the same pages
    yield from (Fault(one, REBUILD) for one in store.drifted())
    for found in (store.changed_records(), RunAdapters(store).damaged()):
        yield from (Fault(error.what, error.next_step) for error in found)
    yield from _folders(store)


def _folders(store: Store) -> Iterator[Fault]:
    known = {run.id for run in store.runs()}
    for folder in store.workspace.run_folders():
        if folder.name not in known:
            yield Fault(f"The folder {folder} is of a run that the database does not know.", LEFT)


def sound(store: Store) -> str:
    """In a few words, for a report of a bug."""
    try:
        found = list(faults(store))
    except CaiError as error:
        return str(error)
    if not found:
        return "sound"
    return f"{len(found)} problem{'s' * (len(found) > 1)}, the first: {found[0].problem}"
