"""The queue of examples: look, judge, undo. Thin words over the store, so that page and command line agree."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.engine.memory import give_back
from cai_ui.pipeline.services import Services
from cai_ui.records import Decision, Example, Verdict
from cai_ui.store import QueueCounts, QueueFilter, QueueItem
from cai_ui.text import ANSWER_LIMIT, NAME_LIMIT, clean_text


def findings(services: Services) -> list[tuple[str, int]]:
    """What the last data check found: codes with the number of examples."""
    return list(services.store.marked_values("finding"))


def queue_principles(services: Services) -> list[tuple[str, int]]:
    """Principles that examples were revised under, with the number of examples."""
    return list(services.store.marked_values("principle"))


def queue_steps(services: Services) -> list[tuple[str, int]]:
    """What the steps of the chains did that examples come from, with the number of examples."""
    return list(services.store.marked_values("step"))


def queue_raters(services: Services) -> list[str]:
    """Whose decisions stand."""
    return services.store.raters()


def queue_constitutions(services: Services) -> list[str]:
    """Constitutions that examples were made under."""
    return services.store.queue_constitutions()


def readings_of(services: Services, example_id: str) -> list[Decision]:
    """Every rater's latest judgement of an example, oldest first."""
    return services.store.readings_of(example_id)


def take_lease(services: Services, example_id: str, rater: str) -> None:
    """Keep what is on this rater's page from others for a while."""
    services.store.take_lease(example_id, rater)


def queue(
    services: Services, filter: QueueFilter, limit: int = 20, offset: int = 0, rater: str = ""
) -> list[QueueItem]:
    """A page of the queue in the order of arrival, with the rater's unsaved edits."""
    return services.store.queue(filter, limit, offset, rater)


def item(services: Services, example_id: str, rater: str = "") -> QueueItem:
    """One example as the queue shows it. NotFoundError if there is none."""
    return services.store.item(example_id, rater)


def sources(services: Services) -> list[str]:
    """Where the queue's examples came from; those with most examples first."""
    return services.store.sources()


def counts(services: Services, filter: QueueFilter | None = None, rater: str = "") -> QueueCounts:
    """How many examples are open, accepted, edited and so on, and how many the filter shows to `rater`."""
    return services.store.counts(filter, rater)


def read_queue(services: Services) -> None:
    """Read what the queue is filtered by now, and not when the first visitor waits for it."""
    services.store.counts()
    give_back(now=True)  # what the reading took beside what is kept


def open_number(services: Services, filter: QueueFilter) -> int:
    """How many open examples fit the filter, whatever its status says."""
    return services.store.open_number(filter)


def next_open(services: Services, after: str | None, rater: str, filter: QueueFilter) -> QueueItem | None:
    """The next example without a judgement."""
    return services.store.next_open(after, rater, filter)


def example(services: Services, example_id: str) -> Example:
    """One example. NotFoundError if there is none."""
    return services.store.example(example_id)


def decide(services: Services, decision: Decision, base_rev: int, second: bool = False) -> Decision:
    """Keep a judgement; given back once it is on disk. ConflictError if someone judged it since `base_rev`.

    `second`: the rater judged without seeing the decision that stands, which stays as it is.
    """
    return services.store.decide(decision, base_rev, second)


def decide_many(services: Services, example_ids: Sequence[str], verdict: Verdict, rater: str) -> int:
    """One verdict for many examples; gives how many were changed."""
    return services.store.decide_many(list(example_ids), verdict, clean_text(rater, "Name", limit=NAME_LIMIT))


def decide_open(services: Services, filter: QueueFilter, verdict: Verdict, rater: str) -> int:
    """One verdict for every open example that fits the filter; gives how many. Undo takes it back as one."""
    ids = services.store.open_ids(filter)
    return decide_many(services, ids, verdict, rater) if ids else 0


def accept_open(services: Services, filter: QueueFilter, rater: str) -> int:
    """Accept every open example that fits the filter; gives how many."""
    return decide_open(services, filter, "accept", rater)


def undo(services: Services, rater: str) -> Decision | None:
    """Take back the rater's last judgement, or their last bulk of them; gives the last one that was undone."""
    return services.store.undo(rater)


def undo_all(services: Services, rater: str) -> list[Decision]:
    """The same, giving every judgement that was taken back."""
    return services.store.undo_all(rater)


def redo_all(services: Services, rater: str) -> list[Decision]:
    """Do again what was taken back last, as long as nothing new was judged since; gives what was redone."""
    return services.store.redo_all(rater)


def can_redo(services: Services, rater: str) -> int:
    """How many steps could be redone now."""
    return services.store.taken_back(rater)


def history(services: Services, rater: str, limit: int = 50) -> list[Decision]:
    """The rater's judgements, newest first."""
    return services.store.history(rater, limit)


def save_text_draft(services: Services, example_id: str, rater: str, text: str) -> str:
    """Keep what is being typed; gives the time it was saved."""
    clean = clean_text(text, "Text", limit=ANSWER_LIMIT, required=False)
    return services.store.save_text_draft(example_id, rater, clean)


def text_draft(services: Services, example_id: str, rater: str) -> str | None:
    """What the rater was typing."""
    return services.store.text_draft(example_id, rater)
