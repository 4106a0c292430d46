"""Many chains in the background. Finished ones are stored and queued for Curate at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cai_ui import constitution as rules
from cai_ui import revise
from cai_ui.background import time_left
from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError, InputError
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.revise.chains import mark_steps
from cai_ui.pipeline.revise.result_file import ResultFile, chain_ids
from cai_ui.pipeline.services import Services
from cai_ui.records import Example, Message, Prompt, Trace, to_dict
from cai_ui.revise import BATCH_SIZE, ChainFailure
from cai_ui.store.encoding import from_dict

_ASKED = "batch.asked"


@dataclass(frozen=True)
class BatchProgress:
    """Where a batch is. `failures` counts prompts that gave no example, by reason; `failed` is their number.

    `ends` counts traces with a step that did not come to its end, by how it ended ("length", "repetition"); they are
    kept. `already` of the `done` chains were finished by an earlier start. `tokens_per_s` is over this start, None
    before anything is done.
    """

    done: int
    total: int
    eta_s: float | None = None
    failed: int = 0
    examples_added: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    already: int = 0
    tokens: int = 0
    tokens_per_s: float | None = None
    ends: dict[str, int] = field(default_factory=dict)


def run_batch(
    services: Services,
    prompts: Sequence[str | Prompt | Sequence[Message]],
    constitution_hash: str,
    settings: RevisionSettings,
    sampling: Sampling,
    batch_size: int = BATCH_SIZE,
    stop: StopFlag | None = None,
    source: str = "batch",
    so_far: BatchProgress | None = None,
    results: Path | None = None,
) -> Iterator[BatchProgress]:
    """Run the chains here and now. Each one is stored with its example before it is counted.

    `so_far` is where the same batch was stopped: it goes on with the prompt after those, as if it had not been.
    With a file for the `results`, the finished chains are written there too, and those that it holds are not made
    again, whatever ended the process that wrote it.
    """
    constitution = services.store.version(constitution_hash).constitution
    engine = services.engine_for([settings.critic, settings.reviser], WAIT_S)
    examples = few_shot(services, constitution.name) if settings.few_shot else ()
    told = [to_dict(example) for example in examples]
    parts = [constitution_hash, settings.identity(), sampling.identity(), told, engine.name, engine.base_hash]
    ids = chain_ids(parts, prompts)
    first = so_far or BatchProgress(0, len(prompts))
    with ResultFile(results, ids) if results is not None else nullcontext() as file:
        places = [p for p in range(first.done, len(ids)) if file is None or ids[p] not in file.done]
        already = len(ids) - len(places)
        now = replace(first, done=already, already=already, eta_s=None)
        yield now
        began = time.monotonic()
        asked = [prompts[place] for place in places]
        chains = revise.revise_batch(
            engine, asked, constitution, settings, sampling, batch_size, stop, places, examples
        )
        for place, result in zip(places, chains, strict=False):  # fewer after a stop
            if isinstance(result, Trace):  # so that a chain which is made twice, after a crash, is stored once
                result = replace(result, id=ids[place])
            now = _counted(now, keep_result(services, result, source), result, len(places), time.monotonic() - began)
            if file is not None and isinstance(result, Trace):
                file.append([result])
            yield now


def _counted(
    now: BatchProgress, kept: tuple[Example, int] | str, result: Trace | ChainFailure, total: int, seconds: float
) -> BatchProgress:
    """The progress with one more chain."""
    failures = Counter(now.failures)
    if isinstance(kept, str):
        failures[kept] += 1
    ends = Counter(now.ends)
    if isinstance(result, Trace):
        ends.update({step.answer.finish for step in result.steps if step.answer} - {"end"})
    said = [step.answer.tokens for step in result.steps if step.answer] if isinstance(result, Trace) else []
    tokens = now.tokens + sum(said)
    done = now.done + 1
    return replace(
        now,
        done=done,
        eta_s=time_left(done - now.already, total, seconds),
        failed=failures.total(),
        examples_added=now.examples_added + (0 if isinstance(kept, str) else kept[1]),
        failures=dict(failures),
        tokens=tokens,
        tokens_per_s=tokens / seconds if seconds > 0 else None,
        ends=dict(ends),
    )


def keep_result(services: Services, result: Trace | ChainFailure, source: str) -> tuple[Example, int] | str:
    """Store a finished chain and queue its example; gives it and whether it is new, or why there is none."""
    if isinstance(result, ChainFailure):
        return result.reason
    with suppress(ConflictError):  # an earlier start was killed after storing it and before noting that
        services.store.start_trace(result)
    example = revise.to_example(result, source)
    try:
        added = services.store.add_examples([example])
        mark_steps(services, result, example.id)
        return example, added
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
    """Begin in the background. ConflictError while a batch is running; InputError for no prompts.

    What was asked for is kept, so that `resume_batch` can go on after a stop or a restart.
    """
    if not prompts:
        raise InputError("There are no requests in this set.", next_step="Choose another prompt set.")
    constitution = services.store.version(constitution_hash).constitution
    if settings.choice == "fixed":  # an unusable constitution is refused here, not in the thread
        rules.resolve(constitution, settings.principle_id)
    elif settings.choice != "none":
        rules.candidates(constitution)
    asked = {
        "prompts": [_plain(prompt) for prompt in prompts],
        "constitution": constitution_hash,
        "settings": settings.model_dump(),
        "sampling": sampling.model_dump(),
        "batch_size": batch_size,
        "source": f"batch {datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
    }
    _begin(services, asked, BatchProgress(0, len(prompts)), owner)


def resume_batch(services: Services, owner: str = "") -> None:
    """Go on with the batch that was stopped or cut off, behind its last finished prompt, with the same seeds.

    InputError where there is none or it is complete. The result is that of a batch which nobody stopped.
    """
    asked = services.store.get_setting(_ASKED, None)
    last = services.batch.last()
    if not isinstance(asked, dict) or last is None or last.progress.done >= last.progress.total:
        raise InputError("There is no batch to go on with.", next_step="Start one.")
    _begin(services, asked, last.progress, owner)


def last_source(services: Services) -> str:
    """The source that examples of the last batch bear, by which Curate can show them alone; "" before there was one."""
    asked = services.store.get_setting(_ASKED, None)
    return _source(asked) if isinstance(asked, dict) else ""


def _source(asked: dict[str, Any]) -> str:
    return str(asked.get("source", "batch"))


def _begin(services: Services, asked: dict[str, Any], so_far: BatchProgress, owner: str) -> None:
    prompts = [_prompt(plain) for plain in asked["prompts"]]
    settings = checked(RevisionSettings, asked["settings"])
    sampling = checked(Sampling, asked["sampling"])
    size = int(asked["batch_size"])
    start = BatchProgress(so_far.done, so_far.total, None, so_far.failed, so_far.examples_added, so_far.failures)
    services.batch.start(
        lambda stop: run_batch(
            services, prompts, asked["constitution"], settings, sampling, size, stop, _source(asked), start
        ),
        start,
        owner,
    )
    services.store.set_setting(_ASKED, asked)


def _plain(prompt: str | Prompt | Sequence[Message]) -> Any:
    if isinstance(prompt, str):
        return prompt
    return to_dict(prompt) if isinstance(prompt, Prompt) else [to_dict(turn) for turn in prompt]


def _prompt(plain: Any) -> str | Prompt | Sequence[Message]:
    if isinstance(plain, str):
        return plain
    return from_dict(Prompt, plain) if isinstance(plain, dict) else [Message(**turn) for turn in plain]
