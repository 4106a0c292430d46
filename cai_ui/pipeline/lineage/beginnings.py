"""The newest things of each kind, for whoever has no id at hand."""

from __future__ import annotations

from cai_ui.pipeline.lineage import names
from cai_ui.records.lineage import Link
from cai_ui.store import Store

NEWEST = 3


def beginnings(store: Store) -> list[Link]:
    """The newest evaluations, runs, datasets and constitutions, and principles of the newest of these."""
    links = [
        names.evaluation_link(one.id, one.name, f"{one.created_at[:10]}, {one.answers:,} answers")
        for one in store.evaluations()[:NEWEST]
    ]
    links += [names.run_link(run) for run in store.runs(trashed=False)[:NEWEST]]
    links += [names.dataset_link(store, info.hash) for info in store.datasets()[:NEWEST]]
    versions = store.versions()[:NEWEST]
    links += [names.constitution_link(store, one.hash) for one in versions]
    for one in versions[:1]:
        links += [names.principle_link(store, one.hash, p.id) for p in one.constitution.principles[: names.LISTED]]
    return links
