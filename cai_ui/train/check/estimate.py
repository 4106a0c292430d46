"""How long a run will take and what it will need, before it starts. Estimates, and said how sure they are.

A run's seconds are those of its start, its steps, its evaluations on held-out rows, its probe answers, its checkpoints
and, where the method keeps a reference, of that one's log-probabilities. What one of each takes comes from an earlier
run on these weights and this machine, else from a trial of a fraction of a second, else from the model's size and one
measured matrix product, or, where the GPU is lent only while it trains, an assumed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cai_ui.config.train import TrainSettings
from cai_ui.disk import room
from cai_ui.train.check.fitting import Proposal, proposals
from cai_ui.train.check.plan import evaluations, reference_in_advance, rows_in, times_asked, tokens_in
from cai_ui.train.method import TrainingMethod
from cai_ui.train.rows import Rows

if TYPE_CHECKING:
    from cai_ui.engine.adapters.training_needs import TrainingNeeds

Source = Literal["run", "trial", "size", "lent"]
SURE: dict[Source, float] = {"run": 1.5, "trial": 2.0, "size": 4.0, "lent": 8.0}
"""The true time is expected between the estimate divided and multiplied by this."""
USABLE = 0.8
"""Share of the free memory that a run may count on; the estimate is right within a factor of 1.3."""
ADAM_BYTES = 16
"""Per trained number: float32 weight, gradient and two moments."""
LIBRARY_BYTES = 220_000_000
"""What trl, datasets and accelerate take when they are first used, and the answers to probe prompts (measured)."""
LENT_FLOPS = 2e13
"""What a GPU that is lent is taken to do, where it cannot be measured before the run (assumed, not measured)."""
REACHED = 0.3
"""Share of the speed of a plain matrix product that a training step reaches (measured, 0.25 to 0.5 on CPUs)."""
BATCH_S = 0.03
"""What a batch costs beside its arithmetic."""
START_S, SAVE_S, ANSWER_TOKENS = 2.0, 0.1, 60
"""Where nothing is known: seconds of a start and of a checkpoint, and tokens of a probe answer."""
FORWARD, BACKWARD = 2, 2
"""Operations per weight and token; the backward pass of frozen weights needs no gradient of the weights."""


@dataclass(frozen=True)
class Pace:
    """What one of each kind takes (see `timings`), in seconds, and where that is known from."""

    source: Source
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """`seconds` is None where nothing will be trained; `parts` are the seconds by kind, `source` says how known.

    Bytes come on top of what is loaded now; a free size is None where it could not be told. Where memory does not
    suffice, `proposals` are settings that fit.
    """

    seconds: float | None = None
    source: Source = "size"
    memory_bytes: int = 0
    free_memory: int | None = None
    disk_bytes: int = 0
    free_disk: int | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()

    @property
    def scarce(self) -> bool:
        """Whether the run needs more memory than can be counted on."""
        return self.free_memory is not None and self.memory_bytes > USABLE * self.free_memory

    @property
    def between(self) -> tuple[float, float]:
        """Seconds it will take at least and at most, by all that is known. (0, 0) without an estimate."""
        seconds = self.seconds or 0.0
        return seconds / SURE[self.source], seconds * SURE[self.source]


def checkpoint_bytes(trained: int) -> int:
    """What a checkpoint takes of the disk at most, with so many trained parameters: they and two states of each."""
    return 12 * trained + 2**20


def estimate(
    method: TrainingMethod,
    rows: Rows,
    settings: TrainSettings,
    needs: TrainingNeeds,
    steps: int,
    folder: Path | None = None,
    pace: Pace | None = None,
    probes: int = 0,
) -> Estimate:
    """Time, memory and disk of a run of `steps` steps that asks `probes` prompts each time."""
    pace = pace or Pace("lent" if needs.flops is None else "size")
    parts = _parts(method, rows, settings, needs, steps, pace.rates, probes) if rows.train and steps else {}
    found = Estimate(
        seconds=sum(parts.values()) if parts else None,
        source=pace.source,
        memory_bytes=_memory(method, rows, settings, needs),
        free_memory=needs.free_bytes,
        disk_bytes=(settings.keep_checkpoints + 1) * checkpoint_bytes(needs.trained) + 8 * needs.trained,
        free_disk=_free_disk(folder),
        parts=parts,
    )
    if not found.scarce or needs.free_bytes is None:
        return found
    step = parts.get("steps", 0.0) / max(steps, 1)
    ways = proposals(
        method,
        settings,
        USABLE * needs.free_bytes,
        lambda other: _memory(method, rows, other, needs),
        lambda other: _slower(method, settings, other, needs, step),
    )
    return replace(found, proposals=ways)


def _memory(method: TrainingMethod, rows: Rows, settings: TrainSettings, needs: TrainingNeeds) -> int:
    """Bytes at the peak of a step on the longest rows, beside the model."""
    per_batch = settings.batch_size * method.readings * max(rows.lengths, default=0)
    trained = needs.trained * (ADAM_BYTES + (4 if method.reference != "none" else 0))
    return trained + per_batch * needs.kept(settings) + LIBRARY_BYTES


def _slower(
    method: TrainingMethod, settings: TrainSettings, other: TrainSettings, needs: TrainingNeeds, step: float
) -> float:
    """How many times as long a step of `step` seconds takes with the other settings."""
    passes = [_passes(method, needs.twice(each)) for each in (settings, other)]
    more_batches = BATCH_S * (other.accumulation - settings.accumulation)
    return passes[1] / passes[0] + (more_batches / step if step else 0.0)


def _passes(method: TrainingMethod, twice: bool) -> int:
    return FORWARD + BACKWARD + (FORWARD if twice else 0) + method.more_passes * FORWARD


def _parts(
    method: TrainingMethod,
    rows: Rows,
    settings: TrainSettings,
    needs: TrainingNeeds,
    steps: int,
    known: Mapping[str, float],
    probes: int,
) -> dict[str, float]:
    token = needs.weights / (REACHED * (needs.flops or LENT_FLOPS))
    passes = _passes(method, needs.twice(settings))
    held_out = evaluations(rows, settings, steps)
    forward = (1 + method.more_passes) * FORWARD
    tokens = tokens_in(rows, settings, steps)
    row = rows.tokens / len(rows.train)
    rates = {
        "start": START_S,
        "steps": passes * token + BATCH_S * steps * settings.accumulation / tokens,
        "evaluations": forward / passes * known["steps"] * row if "steps" in known else forward * token * row,
        "probes": ANSWER_TOKENS * FORWARD * token,
        "saves": SAVE_S + 12 * needs.trained / 2e8,
        **known,
    }
    rates.setdefault("reference", rates["evaluations"])
    saves = steps // settings.save_steps if settings.save_steps else 0
    found = {
        "start": rates["start"],
        "steps": tokens * rates["steps"],
        "evaluations": held_out.rows * held_out.times(steps) * rates["evaluations"],
        "probes": probes * times_asked(settings, steps) * rates["probes"],
        "saves": saves * rates["saves"],
    }
    if method.reference == "in advance":
        pairs = len(rows.train) if reference_in_advance(rows, settings, steps) else rows_in(settings, steps)
        found["reference"] = (pairs + held_out.rows) * rates["reference"]
    if settings.save_steps and settings.save_seconds:
        found["saves"] += sum(found.values()) // settings.save_seconds * rates["saves"]
    return found


def _free_disk(folder: Path | None) -> int | None:
    try:
        return room(folder) if folder else None
    except OSError:
        return None
