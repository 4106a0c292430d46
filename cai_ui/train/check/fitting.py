"""How a run that needs more memory than is free can be made to fit, and what each way costs in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cai_ui.config.train import TrainSettings
from cai_ui.train.check.plan import halved
from cai_ui.train.method import TrainingMethod


@dataclass(frozen=True)
class Proposal:
    """Settings that fit and learn from the same rows in each step, the bytes they need, and how many times as long the
    run would take."""

    settings: TrainSettings
    memory_bytes: int
    slower: float


def proposals(
    method: TrainingMethod,
    settings: TrainSettings,
    free: float,
    memory: Callable[[TrainSettings], int],
    slower: Callable[[TrainSettings], float],
) -> tuple[Proposal, ...]:
    """Ways into `free` bytes, the quickest run first; empty where there is none.

    `memory` and `slower` are asked for settings.
    """
    starts = [settings]
    if settings.checkpointing != "on":
        starts.append(settings.model_copy(update={"checkpointing": "on"}))
    first = (next((s for s in _smaller(start, method) if memory(s) <= free), None) for start in starts)
    found = [Proposal(fits, memory(fits), slower(fits)) for fits in first if fits is not None]
    return tuple(sorted(found, key=lambda proposal: proposal.slower))


def _smaller(settings: TrainSettings, method: TrainingMethod) -> Iterator[TrainSettings]:
    """The settings, then with half the batch and twice the accumulation, and so on."""
    following: TrainSettings | None = settings
    while following is not None:
        yield following
        following = halved(following, method.least_batch)
