"""What each principle did, counted over stored chains and over what people decided about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from cai_ui import revise
from cai_ui.pipeline.services import Services
from cai_ui.records import Rate, Trace
from cai_ui.revise.effects import SAME
from cai_ui.statistics import rate
from cai_ui.store import QueueFilter
from cai_ui.text import change_share

TRACES_LIMIT = 5_000
"""The newest chains that are read; a note says so where there are more."""
DECISIONS_LIMIT = 20_000
_PAGE = 500


@dataclass(frozen=True)
class PrincipleCount:
    """One principle's counts. `changed` is over its revisions; `accepted` and `edited` are over what was decided.

    `mean_change` is the mean share of words that its revisions changed, None without a revision. `labels` counts
    what its critiques and revisions did; labels set by hand count as set.
    """

    principle_id: str
    name: str
    drawn: int
    changed: Rate
    mean_change: float | None
    accepted: Rate
    edited: Rate
    labels: dict[str, int]


@dataclass(frozen=True)
class Statistics:
    """Counts by principle, in the order of the constitution, and what they rest on."""

    counts: tuple[PrincipleCount, ...]
    traces: int
    left_out: int


@dataclass
class _Tally:
    drawn: int = 0
    changes: list[float] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


def principle_statistics(services: Services, name: str) -> Statistics:
    """Counts for the principles of the constitution of this name, over all its versions.

    A principle is known by its id, so a reworded one keeps its counts. A step under several principles counts
    for each. A decision counts for each principle of its example.
    """
    versions = services.store.versions(name)
    hashes = {version.hash for version in versions}
    tallies: dict[str, _Tally] = {}
    read = 0
    for trace in _traces(services):
        if trace.constitution_hash in hashes:
            read += 1
            _count(trace, tallies)
    _count_decisions(services, hashes, tallies)
    names = {p.id: p.name for version in reversed(versions) for p in version.constitution.principles}
    counts = tuple(_counted(id, title, tallies.get(id, _Tally())) for id, title in names.items())
    return Statistics(counts, read, max(0, services.store.count_traces() - TRACES_LIMIT))


def _traces(services: Services) -> Iterator[Trace]:
    for offset in range(0, TRACES_LIMIT, _PAGE):
        page = services.store.traces(_PAGE, offset)
        yield from page
        if len(page) < _PAGE:
            return


def _count(trace: Trace, tallies: dict[str, _Tally]) -> None:
    start = trace.settings.get("branched_at", 0) if trace.parent else 0  # a branch repeats its parent's first steps
    answer = ""
    for index, step in enumerate(trace.steps):
        for id in step.principles if index >= start else ():
            tally = tallies.setdefault(id, _Tally())
            tally.drawn += step.kind == "critique" or trace.steps[index - 1].kind != "critique"
            tally.labels.update(revise.labels_of(trace, index))
            if step.kind == "revision":
                tally.changes.append(change_share(answer, step.text))
        if step.kind != "critique":
            answer = step.text


def _count_decisions(services: Services, hashes: set[str], tallies: dict[str, _Tally]) -> None:
    for offset in range(0, DECISIONS_LIMIT, _PAGE):
        page = services.store.queue(QueueFilter("done"), _PAGE, offset)
        for item in page:
            if item.decision is not None and item.example.constitution_hash in hashes:
                for id in item.example.principle_ids:
                    tallies.setdefault(id, _Tally()).verdicts[item.decision.verdict] += 1
        if len(page) < _PAGE:
            return


def _counted(id: str, name: str, tally: _Tally) -> PrincipleCount:
    changes = tally.changes
    judged = sum(tally.verdicts[v] for v in ("accept", "edit", "reject", "flip"))
    return PrincipleCount(
        id,
        name,
        tally.drawn,
        rate(sum(share > SAME for share in changes), len(changes)),
        sum(changes) / len(changes) if changes else None,
        rate(tally.verdicts["accept"], judged),
        rate(tally.verdicts["edit"], judged),
        dict(tally.labels),
    )
