"""Datasets, their rows, and runs: the part of a lineage between a decision and an adapter."""

from __future__ import annotations

from collections.abc import Callable

from cai_ui.errors import NotFoundError
from cai_ui.pipeline.lineage import names
from cai_ui.pipeline.lineage.names import clip, counts, told
from cai_ui.records import BASE, TrainingExample
from cai_ui.records.lineage import Lineage, Link, Place, PlaceKind
from cai_ui.store import Store
from cai_ui.store.datasets import PARTS

_LOOKED = 200
"""First rows of a dataset among which those to show are chosen."""


def dataset(store: Store, place: Place, ahead: bool = True) -> Lineage:
    """A frozen dataset: constitutions and first rows behind it, runs and evaluations from it."""
    found = store.dataset_info(place.key)
    came = [names.constitution_link(store, parent) for parent in found.parents]
    came = came or [Link("constitution", "none", missing=names.NO_PARENTS)]
    part = next((part for part in PARTS if found.counts.get(part)), None)
    rows = list(enumerate(store.dataset_rows(place.key, part, limit=_LOOKED) if part else ()))
    for at, row in sorted(rows, key=lambda one: one[1].example_id is None)[: names.LISTED]:  # decided ones first
        source = f"{row.source}, {'mixed in' if row.example_id is None else 'decided here'}"
        title = clip(row.conversation[-1].content)
        came.append(Link("dataset row", title, Place("row", f"{place.key}/{part}/{at}"), source))
    runs = [run for run in store.runs() if run.dataset_hash == place.key] if ahead else []
    led = [names.run_link(run) for run in runs]
    led += names.evaluations_of(store, {run.adapter_hash for run in runs if run.adapter_hash})
    facts = [("Frozen by", found.author), ("At", found.created_at), ("Rows", counts(found.counts))]
    facts += [("Decided, by source", counts(found.judged)), ("Mixed in, by source", counts(found.mixed))]
    facts += [("Left out", counts(found.left_out)), ("Hash", found.hash)]
    return told(place, found.name, facts, [], came, led)


def row(store: Store, place: Place, ahead: bool = True) -> Lineage:
    """A row of a dataset: the example it was made of, and the runs that learnt from it."""
    digest, name, at = place.parts(3)
    part = next((one for one in PARTS if one == name), None)
    number = int(at) if at.isdecimal() and len(at) < 10 else -1
    found = store.dataset_rows(digest, part, limit=1, offset=number) if part and number >= 0 else []
    if not found:
        raise NotFoundError("There is no such row of a dataset.", next_step="Choose one of the dataset's rows.")
    (one,) = found
    texts = [("Request", one.conversation[-1].content)]
    if isinstance(one, TrainingExample):
        texts.append(("Learnt answer", one.answer))
    else:
        texts += [("Chosen", one.chosen), ("Rejected", one.rejected)]
    came = [names.example_link(store, one.example_id), names.dataset_link(store, digest)]
    led = [names.run_link(run) for run in store.runs() if run.dataset_hash == digest]
    facts = [("Part", str(part)), ("Position", at), ("Source", one.source)]
    return told(place, clip(texts[0][1]), facts, texts, came, led)


def run(store: Store, place: Place, ahead: bool = True) -> Lineage:
    """A run: its dataset and the adapter it began from; what began from it, and where its adapter answered."""
    found = store.run(place.key)
    came = [names.dataset_link(store, found.dataset_hash)]
    if found.start_adapter and found.start_adapter != BASE:
        try:
            came.append(names.run_link(store.run(found.start_adapter), "began from"))
        except NotFoundError:
            came.append(Link("began from", found.start_adapter, missing=names.LOST_RUN))
    led = [names.run_link(one, "went on as") for one in store.runs() if one.start_adapter == found.id]
    if found.adapter_hash and ahead:
        led += names.evaluations_of(store, {found.adapter_hash})
        votes = store.votes_about(found.adapter_hash)
        led += [Link("vote", id[: names.SHORT], Place("vote", id)) for id in votes]
    facts = [("Method", found.method), ("State", found.state), ("Begun by", found.owner), ("At", found.created_at)]
    facts += [("Note", found.note), ("Adapter", found.adapter_hash or "none"), ("Base", found.base_hash)]
    if found.trashed_at:
        facts.append(("In the trash", f"since {found.trashed_at}"))
    return told(place, found.name, facts, [], came, led)


TRAINING: dict[PlaceKind, Callable[[Store, Place, bool], Lineage]] = {"dataset": dataset, "row": row, "run": run}
