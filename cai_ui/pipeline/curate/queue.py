"""The queue of examples: look, judge, undo. Thin words over the store, so that page and command line agree."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.engine.memory import give_back
from cai_ui.pipeline.services import Services
from cai_ui.records import Verdict
from cai_ui.store import QueueFilter
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text


def read_queue(services: Services) -> None:
    """Read what the queue is filtered by now, and not when the first visitor waits for it."""
    services.store.counts()
    give_back(now=True)  # what the reading took beside what is kept


def decide_many(services: Services, example_ids: Sequence[str], verdict: Verdict, rater: str) -> int:
    """One verdict for many examples; gives how many were changed."""
    return services.store.decide_many(list(example_ids), verdict, clean_text(rater, "Name", limit=NAME_LIMIT))


def decide_open(services: Services, filter: QueueFilter, verdict: Verdict, rater: str) -> int:
    """One verdict for every open example that fits the filter; gives how many. Undo takes it back as one."""
    ids = services.store.open_ids(filter)
    return decide_many(services, ids, verdict, rater) if ids else 0


def save_text_draft(services: Services, example_id: str, rater: str, text: str) -> str:
    """Keep what is being typed; gives the time it was saved."""
    clean = clean_text(text, "Text", limit=ANSWER_LIMIT, required=False)
    return services.store.save_text_draft(example_id, rater, clean)
