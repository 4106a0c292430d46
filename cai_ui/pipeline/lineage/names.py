"""How things are called where they stand in somebody's lineage, and what is said of those that are not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cai_ui.errors import NotFoundError
from cai_ui.records import BASE, Run
from cai_ui.records.lineage import Lineage, Link, Place
from cai_ui.store import Store

SHORT, TITLE = 8, 80
LISTED = 12
"""Things of one kind that are listed; of more, the number is said."""
NO_TRACE = "It was imported without its trace: what came before the revision is not known here."
LOST_TRACE = "The trace is not in this workspace: it was imported from another one, or deleted."
NO_CONSTITUTION = "It was imported, and its file named no constitution."
LOST_CONSTITUTION = "This version is not saved in this workspace."
LOST_PRINCIPLE = "The version has no principle of this id."
LOST_RUN = "No run here made these weights: it was deleted, or the adapter came from another workspace."
TRASHED = "It lies in the trash."
LOST_DATASET = "The dataset is not in this workspace: the run came from another one."
MIXED_IN = "It was mixed in from a file, so nobody here decided it and no principle stands behind it."
LOST_EXAMPLE = "The example is not in this workspace: the dataset was made in another one."
NO_PARENTS = "The dataset names no constitution: its rows were imported."
BASE_MODEL = "The base model answered. Nothing of this workspace made it."


def clip(text: str, limit: int = TITLE) -> str:
    """The text on one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def counts(numbers: Mapping[str, int]) -> str:
    """ "40: 30 accept, 10 open"."""
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(numbers.items(), key=lambda pair: -pair[1]))
    return f"{sum(numbers.values()):,}{f': {parts}' if parts else ''}"


def constitution_link(store: Store, digest: str | None, role: str = "constitution") -> Link:
    """A version by its hash."""
    if not digest:
        return Link(role, "no constitution", missing=NO_CONSTITUTION)
    try:
        found = store.version(digest)
    except NotFoundError:
        return Link(role, digest[:SHORT], missing=LOST_CONSTITUTION)
    said = f"saved by {found.author}, {found.created_at[:10]}"
    return Link(role, f"{found.constitution.title} · {digest[:SHORT]}", Place("constitution", digest), said)


def principle_link(store: Store, digest: str | None, id: str, role: str = "principle") -> Link:
    """A principle of a version."""
    try:
        found = store.version(digest or "").constitution.principle(id)
    except NotFoundError:
        return Link(role, id, missing=LOST_CONSTITUTION if digest else NO_CONSTITUTION)
    except KeyError:
        return Link(role, id, missing=LOST_PRINCIPLE)
    return Link(role, found.name or id, Place("principle", f"{digest}/{id}"), clip(found.critique_request))


def run_link(run: Run, role: str = "run") -> Link:
    """A run; one in the trash can still be looked at."""
    said = f"{run.method}, {run.state}, begun by {run.owner}, {run.created_at[:10]}"
    return Link(role, run.name, Place("run", run.id), said, TRASHED if run.trashed_at else "")


def weights_link(store: Store, adapter_hash: str | None, name: str) -> Link:
    """The run that made the weights of a variant; None where the base answered."""
    if adapter_hash is None and name == BASE:
        return Link("model", "Base model", said=BASE_MODEL)
    runs = store.runs()
    found = next((run for run in runs if adapter_hash and run.adapter_hash == adapter_hash), None)
    found = found or next((run for run in runs if not adapter_hash and run.adapter == name), None)
    if found is None:
        return Link("run", f"{name} {(adapter_hash or '')[:SHORT]}".strip(), missing=LOST_RUN)
    return run_link(found)


def dataset_link(store: Store, digest: str, role: str = "dataset", said: str = "") -> Link:
    """A dataset by its hash."""
    try:
        found = store.dataset_info(digest)
    except NotFoundError:
        return Link(role, digest[:SHORT], missing=LOST_DATASET)
    said = said or f"frozen by {found.author}, {found.created_at[:10]}; {counts(found.counts)} rows"
    return Link(role, f"{found.name} · {digest[:SHORT]}", Place("dataset", digest), said)


def example_link(store: Store, id: str | None, role: str = "example", said: str = "") -> Link:
    """An example by its id."""
    if not id:
        return Link(role, "no example", missing=MIXED_IN)
    try:
        found = store.example(id)
    except NotFoundError:
        return Link(role, id[:SHORT], missing=LOST_EXAMPLE)
    return Link(role, clip(found.prompt.text), Place("example", id), said or found.source)


def rest(role: str, number: int) -> Link:
    """The line for things of a role that are not listed."""
    return Link(role, f"and {number:,} more", rest=number)


def several(links: list[Link]) -> list[Link]:
    """At most `LISTED` links of each role, and a line for those left out."""
    shown: list[Link] = []
    seen: Counter[str] = Counter()
    for link in links:
        seen[link.role] += link.rest or 1
        if seen[link.role] <= LISTED and not link.rest:
            shown.append(link)
    return shown + [rest(role, n - LISTED) for role, n in seen.items() if n > LISTED]


def row_link(store: Store, digest: str, part: str, position: int) -> Link:
    """A row of a dataset."""
    name = dataset_link(store, digest)
    return Link("dataset row", f"{part} {position}", Place("row", f"{digest}/{part}/{position}"), name.title)


def evaluations_of(store: Store, hashes: set[str]) -> list[Link]:
    """Evaluations in which one of these adapters answered."""
    links = []
    for one in store.evaluations() if hashes else ():
        if hashes & {result.adapter_hash for result in one.results}:
            links.append(evaluation_link(one.id, one.name, f"{one.created_at[:10]}, {one.answers:,} answers"))
    return links


def evaluation_link(id: str, name: str, said: str) -> Link:
    """An evaluation, by its name where it has one."""
    return Link("evaluation", name or id[:SHORT], Place("evaluation", id), said)


def told(
    place: Place,
    title: str,
    facts: list[tuple[str, str]],
    texts: list[tuple[str, str]],
    came: list[Link],
    led: list[Link],
) -> Lineage:
    """One thing with its neighbours; what is empty is left out."""
    kept = tuple((label, text) for label, text in texts if text)
    known = tuple((label, value) for label, value in facts if value)
    return Lineage(place, title, known, kept, tuple(several(came)), tuple(several(led)))
