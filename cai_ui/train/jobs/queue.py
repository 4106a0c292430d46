"""What the database says of runs that wait or go on: their order, who is next, and what is already under way."""

from __future__ import annotations

from typing import Any

from cai_ui.records import NOT_OVER, WAITING, Run
from cai_ui.store import Store


class RunQueue:
    """Read from the store at each question, so that it is never out of date."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def waiting(self) -> list[Run]:
        """Runs that wait, in the order in which they will begin."""
        found = [run for run in reversed(self._store.runs()) if run.state in WAITING]
        return sorted(found, key=lambda run: run.place)

    def next(self) -> Run | None:
        """The first that waits and does not start from a run that is not over."""
        return next((run for run in self.waiting() if not self.unfinished(run.start_adapter)), None)

    def not_over(self) -> list[Run]:
        """Runs that wait or go on, newest first."""
        return [run for run in self._store.runs() if run.state in NOT_OVER]

    def unfinished(self, run_id: str | None) -> bool:
        """Whether this is a run that is not over."""
        return any(run.id == run_id for run in self.not_over())

    def same(self, method: str, dataset_hash: str, config: dict[str, Any], start: str | None) -> Run | None:
        """A run that is not over and would do the very same."""
        wanted = (method, dataset_hash, config, start)
        for run in self.not_over():
            if (run.method, run.dataset_hash, run.config, run.start_adapter) == wanted:
                return run
        return None

    def free_name(self, wanted: str) -> str:
        """`wanted`, with a number behind it if a run has that name."""
        taken = {run.name for run in self._store.runs()}
        numbered = (wanted if n == 1 else f"{wanted} {n}" for n in range(1, len(taken) + 2))
        return next(name for name in numbered if name not in taken)
