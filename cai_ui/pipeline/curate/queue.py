"""What page and command line do with the whole queue of examples."""

from __future__ import annotations

from cai_ui.engine.memory import give_back
from cai_ui.pipeline.services import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter


def read_queue(services: Services) -> None:
    """Read what the queue is filtered by now, and not when the first visitor waits for it."""
    services.store.counts()
    give_back(now=True)  # what the reading took beside what is kept


def decide_open(services: Services, filter: QueueFilter, verdict: Verdict, rater: str) -> int:
    """One verdict for every open example that fits the filter; gives how many. Undo takes it back as one."""
    ids = services.store.open_ids(filter)
    return services.store.decide_many(ids, verdict, rater) if ids else 0
