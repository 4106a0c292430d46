"""What page and command line do with the whole queue of examples."""

from __future__ import annotations

from cai_ui.engine.memory import give_back
from cai_ui.errors import InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter

_NAMED = 12
"""Sources that are listed."""


def read_queue(services: Services) -> None:
    """Read what the queue is filtered by now, and not when the first visitor waits for it."""
    services.store.counts()
    give_back(now=True)  # what the reading took beside what is kept


def no_source(services: Services, named: str) -> InputError:
    """The refusal of a source that the queue does not have, with those it has."""
    sources = services.store.sources()
    some = ", ".join(sources[:_NAMED]) + (f" and {len(sources) - _NAMED} more" if sources[_NAMED:] else "")
    return InputError(
        f"Nothing in the queue is from {named[:80]!r}.",
        kept="Nothing was changed.",
        next_step=f"Sources there are: {some}."
        if sources
        else "The queue is empty: import or make some examples first.",
    )


def check_source(services: Services, named: str | None) -> None:
    """InputError as `no_source`, where a source is named that the queue does not have."""
    if named is not None and named not in services.store.sources():
        raise no_source(services, named)


def decide_open(services: Services, filter: QueueFilter, verdict: Verdict, rater: str) -> int:
    """One verdict for every open example that fits the filter; gives how many. Undo takes it back as one."""
    ids = services.store.open_ids(filter)
    return services.store.decide_many(ids, verdict, rater) if ids else 0
