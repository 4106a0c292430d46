"""A trial of a fraction of a second: what a training step and an answer of the model really cost on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cai_ui.config.answers import Sampling
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine, Request
from cai_ui.errors import CaiError
from cai_ui.records import Message
from cai_ui.train.check.estimate import ANSWER_TOKENS, BACKWARD, FORWARD, REACHED, Pace
from cai_ui.train.method import TrainingMethod
from cai_ui.train.rows import Rows

if TYPE_CHECKING:
    from cai_ui.engine.adapters.training_needs import TrainingNeeds

BUDGET_S = 0.5
"""About how long a trial step may take; fewer rows are tried where it would be longer."""
STEP_WORK = 1.3
"""What a real step takes beside a forward and a backward pass: optimiser, batches, metrics (measured)."""
ANSWERED = 12
"""Tokens of a trial answer."""


def tried(
    method: TrainingMethod,
    engine: Engine,
    settings: TrainSettings,
    start_adapter: str | None,
    rows: Rows,
    needs: TrainingNeeds,
    probes: int,
) -> Pace | None:
    """Seconds per token of a step and per probe answer, tried; None for models too large, or while a run has them."""
    if needs.twice(settings) or needs.flops is None or not rows.train:
        return None
    readings = method.readings
    length = max(1, rows.tokens // (len(rows.train) * readings))
    affordable = BUDGET_S * REACHED * needs.flops / ((FORWARD + BACKWARD) * needs.weights)
    number = max(1, min(settings.batch_size * readings, int(affordable / length)))
    try:
        seconds = _step(engine, settings, start_adapter, number, length)
        learnt = FORWARD + BACKWARD
        more = 1 + method.more_passes * FORWARD / learnt
        rates = {"steps": STEP_WORK * more * seconds / (number * length)}
        if probes:
            rates["probes"] = _answer(engine, probes)
    except CaiError:
        return None
    return Pace("trial", rates)


def _step(engine: Engine, settings: TrainSettings, start_adapter: str | None, number: int, length: int) -> float:
    """The second of two passes forward and back; the first one warms up."""
    import torch

    taken = 0.0
    with engine.training_seat(settings, start_adapter) as seat:
        ids = torch.arange(number * length, device=seat.model.device).reshape(number, length) % 100
        for _ in range(2):
            with seat.step(), torch.random.fork_rng():
                began = time.perf_counter()
                loss = seat.model(input_ids=ids, labels=ids).loss
                loss.backward()
                float(loss.detach())  # waits for the device
                taken = time.perf_counter() - began
    return taken


def _answer(engine: Engine, number: int) -> float:
    """Seconds per answer where so many are given at once."""
    sampling = Sampling(temperature=0.0, max_new_tokens=ANSWERED)
    began = time.perf_counter()
    answers = engine.generate([Request((Message("user", f"{n} How do I do it?"),), sampling) for n in range(number)])
    longest = max(1, *(answer.tokens for answer in answers))
    return (time.perf_counter() - began) * ANSWER_TOKENS / longest / number
