"""A model's preference labels for the examples of the queue, in the background; and what they set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from cai_ui import constitution
from cai_ui.config.answers import Sampling
from cai_ui.config.curate import LabelSettings
from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.errors import InputError
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, ConstitutionVersion, Principle
from cai_ui.store import QueueFilter
from cai_ui.store.encoding import batches

if TYPE_CHECKING:
    from cai_ui.curate.preferences import SoftLabel

REASONED = " with reasoning"
"""How the name of a judge that reasoned first ends."""
_PAGE = 200
_SAVE_EVERY = 16
_TOGETHER = 256
"""Pairs that are asked about together: enough for an engine to sort by length, and for a server's rows in flight."""


@dataclass(frozen=True)
class LabelProgress:
    """Pairs asked about so far, of how many; those that gave no preference, and the sum of the order bias."""

    done: int
    total: int
    unread: int = 0
    order_bias: float | None = None


def preference_version(services: Services) -> ConstitutionVersion:
    """The constitution in use, whose preference instructions are asked; if it has none, the shipped set of them.

    InputError where neither has any.
    """
    from cai_ui.pipeline.constitution.constitutions import current_constitution

    shipped = (v for v in services.store.versions() if v.constitution.name == "preferences")
    for version in (current_constitution(services), *islice(shipped, 1)):
        if constitution.preferences(version.constitution):
            return version
    raise InputError("There is no preference principle.", next_step="Add one in Principles (kind: choose answers).")


def label_pairs(
    services: Services,
    settings: LabelSettings,
    filter: QueueFilter | None = None,
    stop: StopFlag | None = None,
) -> Iterator[LabelProgress]:
    """Ask the model about every pair of the filter that it has not judged yet, and keep its labels as they come.

    Stopping keeps what was labelled; starting again goes on from there.
    """
    principles = constitution.preferences(preference_version(services).constitution)
    engine = services.engine_for([settings.judge], WAIT_S)
    judge = f"{settings.judge or engine.name}{REASONED if settings.reasoning else ''}"
    known = services.store.judgements(judge)
    waiting = [id for id in _pair_ids(services, filter or QueueFilter("all")) if not _complete(known.get(id), settings)]
    waiting = waiting[: settings.most or None]
    unread, biases = 0, list[float]()
    found = _labelled(services, engine, judge, principles, waiting, settings, stop)
    for number, label in enumerate(found, start=1):
        unread += label.preference is None
        biases += [label.order_bias] if label.order_bias is not None else []
        yield LabelProgress(number, len(waiting), unread, sum(biases) / len(biases) if biases else None)


def _labelled(
    services: Services,
    engine: Engine,
    judge: str,
    principles: Sequence[Principle],
    ids: list[str],
    settings: LabelSettings,
    stop: StopFlag | None,
) -> Iterator[SoftLabel]:
    """Labels as they come, each kept by the time the next save is due or the work ends, however it ends."""
    from cai_ui.curate.preferences import label_pairs

    sampling = Sampling(seed=settings.seed, max_new_tokens=settings.reasoning_tokens)
    kept: dict[str, dict[str, object]] = {}
    try:
        for some in batches(ids, _TOGETHER):
            if stop is not None and stop.is_set():
                return
            for place, label in label_pairs(
                engine, [services.store.example(id) for id in some], principles, sampling,
                number=settings.principles, reasoning=settings.reasoning, margins=settings.margins,
                adapter=settings.judge or BASE, stop=stop,
            ):  # fmt: skip
                kept[some[place]] = label.body()
                if len(kept) >= _SAVE_EVERY:
                    services.store.save_judgements(judge, kept)
                    kept = {}
                yield label
    finally:
        if kept:
            services.store.save_judgements(judge, kept)


def _complete(known: dict[str, Any] | None, settings: LabelSettings) -> bool:
    """Whether this judge has said all that is asked: margins may have been left out before."""
    if known is None or known.get("preference") is None:
        return known is not None
    return not settings.margins or known.get("harmlessness") is not None


def start_labels(
    services: Services, settings: LabelSettings, filter: QueueFilter | None = None, owner: str = ""
) -> None:
    """The same in the background. ConflictError if one is going on."""
    services.labels.start(lambda stop: label_pairs(services, settings, filter, stop), LabelProgress(0, 0), owner)


def _pair_ids(services: Services, filter: QueueFilter) -> Iterator[str]:
    offset = 0
    while page := services.store.queue(filter, _PAGE, offset):
        offset += len(page)
        yield from (item.example.id for item in page if item.example.initial is not None)
