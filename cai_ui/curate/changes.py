"""What changed from one version of a dataset to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cai_ui.records import Dataset, Message, PreferencePair, TrainingExample


@dataclass(frozen=True)
class RowChange:
    """A request whose answer was added, removed or changed; `before` or `after` is None where there was none."""

    conversation: tuple[Message, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class DatasetChanges:
    """`rows` and `pairs` list what differs (pairs by their chosen answer), `kept_rows` and `kept_pairs` count what does
    not; `moved` are requests that changed the side of the split. `settings` holds (before, after) by name."""

    rows: tuple[RowChange, ...]
    pairs: tuple[RowChange, ...]
    kept_rows: int
    kept_pairs: int
    moved: int
    settings: dict[str, tuple[Any, Any]]


def changes(before: Dataset, after: Dataset) -> DatasetChanges:
    """Compare two versions, whatever the order of their rows. A request with several answers is compared as a set."""
    rows, kept_rows = _differences(
        [(r.conversation, r.answer) for r in _rows(before)], [(r.conversation, r.answer) for r in _rows(after)]
    )
    pairs, kept_pairs = _differences(
        [(p.conversation, p.chosen) for p in _pairs(before)], [(p.conversation, p.chosen) for p in _pairs(after)]
    )
    held = {r.conversation for r in before.sft_eval}, {r.conversation for r in after.sft_eval}
    both = {r.conversation for r in _rows(before)} & {r.conversation for r in _rows(after)}
    moved = len((held[0] ^ held[1]) & both)
    names = sorted({*before.settings, *after.settings})
    settings = {n: (before.settings.get(n), after.settings.get(n)) for n in names}
    return DatasetChanges(
        tuple(rows), tuple(pairs), kept_rows, kept_pairs, moved, {n: v for n, v in settings.items() if v[0] != v[1]}
    )


Answered = tuple[tuple[Message, ...], str]


def _differences(before: Sequence[Answered], after: Sequence[Answered]) -> tuple[list[RowChange], int]:
    old, new = set(before), set(after)
    gone: dict[tuple[Message, ...], list[str]] = {}
    for talk, text in sorted(old - new, key=_place):
        gone.setdefault(talk, []).append(text)
    found = []
    for talk, text in sorted(new - old, key=_place):
        earlier = gone.get(talk)
        found.append(RowChange(talk, earlier.pop(0) if earlier else None, text))
    found += [RowChange(talk, text, None) for talk, texts in gone.items() for text in texts]
    return found, len(old & new)


def _place(item: Answered) -> tuple[str, str]:
    return item[0][-1].content, item[1]


def _rows(dataset: Dataset) -> tuple[TrainingExample, ...]:
    return dataset.sft_train + dataset.sft_eval


def _pairs(dataset: Dataset) -> tuple[PreferencePair, ...]:
    return dataset.pairs_train + dataset.pairs_eval
