"""Many chains in the background. Finished ones are stored and queued for Curate at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cai_ui import revise
from cai_ui.background import time_left
from cai_ui.config import RevisionSettings, Sampling
from cai_ui.engine import StopFlag
from cai_ui.errors import InputError
from cai_ui.pipeline.progress import remembered
from cai_ui.pipeline.services import WAIT_S, Services
from cai_ui.records import Example, Message, Prompt, Trace
from cai_ui.revise import BATCH_SIZE, ChainFailure


@dataclass(frozen=True)
class BatchProgress:
    """Where a batch is. `failures` counts prompts that gave no example, by reason; `failed` is their number."""

    done: int
    total: int
    eta_s: float | None = None
    failed: int = 0
    examples_added: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    state: str = "running"
    error: str = ""


def run_batch(
    services: Services,
    prompts: Sequence[str | Prompt | Sequence[Message]],
    constitution_hash: str,
    settings: RevisionSettings,
    sampling: Sampling,
    batch_size: int = BATCH_SIZE,
    stop: StopFlag | None = None,
    source: str = "batch",
) -> Iterator[BatchProgress]:
    """Run the chains here and now. Each one is stored with its example before it is counted."""
    constitution = services.store.version(constitution_hash).constitution
    engine = services.engine(WAIT_S)
    added = 0
    failures: Counter[str] = Counter()
    began = time.monotonic()
    yield BatchProgress(0, len(prompts))
    results = revise.revise_batch(engine, prompts, constitution, settings, sampling, batch_size, stop)
    for done, result in enumerate(results, 1):
        kept = keep_result(services, result, source)
        if isinstance(kept, str):
            failures[kept] += 1
        else:
            added += kept[1]
        eta = time_left(done, len(prompts), time.monotonic() - began)
        yield BatchProgress(done, len(prompts), eta, failures.total(), added, dict(failures))


def keep_result(services: Services, result: Trace | ChainFailure, source: str) -> tuple[Example, int] | str:
    """Store a finished chain and queue its example; gives it and whether it is new, or why there is none."""
    if isinstance(result, ChainFailure):
        return result.reason
    services.store.start_trace(result)
    example = revise.to_example(result, source)
    try:
        return example, services.store.add_examples([example]).added
    except InputError:
        return "The model wrote characters that cannot be kept."


def start_batch(
    services: Services,
    prompts: Sequence[str | Prompt | Sequence[Message]],
    constitution_hash: str,
    settings: RevisionSettings,
    sampling: Sampling,
    batch_size: int = BATCH_SIZE,
    owner: str = "",
) -> None:
    """Begin in the background. ConflictError while a batch is running; InputError for no prompts."""
    if not prompts:
        raise InputError("There are no requests in this set.", next_step="Choose another prompt set.")
    constitution = services.store.version(constitution_hash).constitution
    trial = revise.new_trace(prompts[0], constitution, settings, sampling)
    revise.plan(trial, constitution, settings)  # an unusable constitution is refused here, not in the thread
    services.batch.start(
        lambda stop: run_batch(services, prompts, constitution_hash, settings, sampling, batch_size, stop),
        BatchProgress(0, len(prompts)),
        owner,
    )


def batch_status(services: Services) -> BatchProgress | None:
    """The batch that runs, or the last one, also from before a restart; None if there never was one."""
    snapshot = services.batch.snapshot()
    if snapshot is not None:
        now: BatchProgress = replace(snapshot.progress, state=snapshot.state, error=snapshot.error)
        return now
    kept = remembered(services.store, "batch")
    if kept is None:
        return None
    state, progress, error = kept
    return BatchProgress(**{**progress, "state": state, "error": error, "eta_s": None})


def stop_batch(services: Services) -> None:
    """End soon; chains that are finished stay in Curate."""
    services.batch.stop()
