"""The check before a run starts, so that the known ways of training nothing, or the wrong thing, are refused.

The reproduction this project started from taught prompt positions to emit answer tokens, kept padding in the loss,
used no chat template, and loaded an adapter that nothing could train. Here the row is shown as the model will see
it, with the learnt part marked, and a run that cannot give a sound adapter does not start.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cai_ui.config.train import TrainSettings
from cai_ui.disk import DISK_RESERVE
from cai_ui.engine.chat_format import ChatFormat
from cai_ui.engine.interface import Engine
from cai_ui.errors import EngineError, PreflightError
from cai_ui.records import Dataset, Prompt
from cai_ui.train import processes
from cai_ui.train.check.estimate import Estimate, Pace, estimate
from cai_ui.train.check.fitting import Proposal
from cai_ui.train.check.plan import Evaluations, evaluations, planned_steps
from cai_ui.train.encoding import first_reading, make_rows
from cai_ui.train.method import TrainingMethod
from cai_ui.train.methods import method_of
from cai_ui.train.rows import Rows, asked

if TYPE_CHECKING:
    from cai_ui.engine.adapters.training_needs import TrainingNeeds

FEW_STEPS = 10
LEAST_ROWS = 2
FindPace = Callable[[Rows, "TrainingNeeds", int], Pace | None]
"""Gives what things take, for rows, model and a number of probe prompts."""


@dataclass(frozen=True)
class PreflightReport:
    """What the check found. `problems` refuse a run, `warnings` do not.

    `rows` is how many rows are trained on, `left_out` counts the others by reason, `lengths` are tokens per row and
    `limit` is the longest that is admitted. `modules` are the layers that get LoRA matrices, `padding` says in words
    what becomes of padding and end marks. `probes` are asked while it trains. `decoded_example` is one row as pieces
    of text, each with whether it is learnt. `evaluations` are those
    on held-out rows. `facts` are what the method tells of its rows. `slice_seconds` is for how
    long a GPU is lent at a time (None: it is ours).
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    rows: int
    held_out: int
    left_out: dict[str, int]
    lengths: tuple[int, ...]
    limit: int
    steps: int
    trainable_parameters: int
    modules: tuple[str, ...]
    padding: str
    probes: tuple[Prompt, ...]
    estimate: Estimate
    decoded_example: tuple[tuple[str, bool], ...]
    slice_seconds: float | None = None
    evaluations: Evaluations = field(default_factory=Evaluations)
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def longest(self) -> int:
        return max(self.lengths, default=0)

    def require(self) -> None:
        """PreflightError with all problems, if there are any."""
        if self.problems:
            raise PreflightError(
                " ".join(self.problems), kept="Nothing was started.", next_step="Change the data or the settings."
            )


def preflight(
    name: str,
    dataset: Dataset,
    settings: TrainSettings,
    engine: Engine,
    start_adapter: str | None = None,
    probes: Sequence[Prompt] = (),
    folder: Path | None = None,
    pace: FindPace = lambda rows, needs, probes: None,
    slice_seconds: float | None = None,
    rows: Rows | None = None,
) -> PreflightReport:
    """Check a run by the method of this name without starting it.

    EngineError if this model cannot be trained here, InputError for an unknown method. `folder` is where its files will
    lie; `pace` says what things take on this machine, where that is known. Probe prompts that are trained on are not
    asked, since their answers would flatter. With `slice_seconds` the GPU is lent for so long at a time while it
    trains, and is not here now: nothing is computed on it. `rows` are those of the
    dataset, where they were made before; encoding them is most of the work.
    """
    method, trainable = method_of(name), trainable_engine(engine)
    chat = trainable.chat
    rows = rows or make_rows(name, dataset, settings, chat)
    needs = trainable.training_needs(settings, start_adapter, measured=slice_seconds is None)
    steps = planned_steps(len(rows.train), settings, processes.count())
    trained_on = {asked(row) for row in rows.train}
    fresh = tuple(p for p in probes if p.text.strip() not in trained_on) if settings.probe_steps else ()
    known = pace(rows, needs, len(fresh))
    costs = estimate(method, rows, settings, needs, steps, folder, known, len(fresh))
    warnings = _warnings(method, dataset, rows, settings, start_adapter)
    if settings.probe_steps and len(fresh) < len(probes):
        warnings.append(f"{len(probes) - len(fresh)} probe prompts are trained on and will not be asked.")
    problems = [*_problems(method, rows, needs.trained, settings), *method.problems(rows, settings)]
    return PreflightReport(
        problems=(*problems, *_too_costly(costs)),
        warnings=(*warnings, *_costly(costs), *_endings(rows, chat)),
        rows=len(rows.train),
        held_out=len(rows.held_out),
        evaluations=evaluations(rows, settings, steps),
        left_out=rows.left_out,
        lengths=tuple(rows.lengths),
        limit=min(settings.max_length, chat.context_length),
        steps=steps,
        trainable_parameters=needs.trained,
        modules=needs.modules,
        padding=_padding(chat.tokenizer),
        probes=fresh,
        estimate=costs,
        decoded_example=_decoded(rows, chat),
        slice_seconds=slice_seconds,
        facts=method.facts(rows, settings),
    )


@runtime_checkable
class TrainableEngine(Engine, Protocol):
    """An engine whose weights are in this program, so that they can be trained."""

    chat: ChatFormat

    def training_needs(
        self, settings: TrainSettings, start_adapter: str | None = None, measured: bool = True
    ) -> TrainingNeeds:
        """What a run would need of this machine; without `measured` the device is not touched."""


def trainable_engine(engine: Engine) -> TrainableEngine:
    """The engine as one that can be trained. EngineError for one without weights here."""
    if not isinstance(engine, TrainableEngine):
        raise EngineError(
            f"The model {engine.name} cannot be trained here: it has no weights in this program.",
            next_step="Choose the embedded model, or load a model's folder, on the Start tab.",
        )
    return engine


def _problems(method: TrainingMethod, rows: Rows, trainable: int, settings: TrainSettings) -> list[str]:
    found = []
    what = method.rows_called
    if not rows.train and not rows.left_out:
        found.append(f"This dataset has no {what} to train on. {method.rows_come_from}".rstrip())
    elif not rows.train:
        found.append(f"None of the {what} can be used: {told(rows.left_out)}.")
    elif len(rows.train) < LEAST_ROWS:
        found.append(f"There is only one of the {what}; nothing can be learnt from that.")
    if trainable <= 0:
        found.append("The adapter would have no trainable weights.")
    if settings.report_to != "none" and importlib.util.find_spec(settings.report_to) is None:
        found.append(
            f"Metrics cannot go to {settings.report_to}: it is not installed (pip install {settings.report_to})."
        )
    return found


def _warnings(
    method: TrainingMethod, dataset: Dataset, rows: Rows, settings: TrainSettings, start_adapter: str | None
) -> list[str]:
    found = []
    if rows.left_out:
        found.append(f"Left out: {told(rows.left_out)}.")
    steps = planned_steps(len(rows.train), settings)
    if rows.train and steps < FEW_STEPS:
        found.append(f"The run has {steps} steps only; the model will hardly change.")
    if rows.train and not rows.held_out:
        found.append("No rows are held out, so overfitting could not be seen.")
    if start_adapter and settings.rank != TrainSettings().rank:
        found.append("Rank and layers come from the adapter the run starts from; those given here are not used.")
    return [*found, *method.notes(dataset, rows, settings)]


def _too_costly(costs: Estimate) -> list[str]:
    if costs.free_disk is not None and costs.disk_bytes > costs.free_disk:
        return [
            f"Checkpoints and adapter need about {size(costs.disk_bytes)} of disk; {size(costs.free_disk)} may be "
            f"taken ({size(DISK_RESERVE)} are left for what people decide). Make room, or keep fewer checkpoints."
        ]
    return []


def _costly(costs: Estimate) -> list[str]:
    """Whether memory suffices, and if not, what does, with what each costs."""
    if not costs.scarce:
        return []
    needed = (
        f"The run needs about {size(costs.memory_bytes)} of memory beside the model; {size(costs.free_memory or 0)}"
    )
    if not costs.proposals:
        return [f"{needed} are free, and no smaller batch fits. Admit shorter rows only, or take a smaller model."]
    return [f"{needed} are free. These fit and learn from the same rows: {'; or '.join(map(_way, costs.proposals))}."]


def _way(proposal: Proposal) -> str:
    now = proposal.settings
    twice = ", activations computed twice" if now.checkpointing == "on" else ""
    longer = f"{proposal.slower - 1:.0%} longer" if proposal.slower >= 1.005 else "about as long"
    return (
        f"batch size {now.batch_size} and accumulation {now.accumulation}{twice} (about {size(proposal.memory_bytes)}, "
        f"{longer})"
    )


def _padding(tokenizer: Any) -> str:
    if tokenizer.pad_token_id == tokenizer.eos_token_id:
        return (
            f"This model pads with its end mark {tokenizer.eos_token}. Padding is told apart by its place and not "
            "learnt; the end mark after an answer is."
        )
    return f"Padding ({tokenizer.pad_token}) is not learnt; the end mark {tokenizer.eos_token} after an answer is."


def _endings(rows: Rows, chat: ChatFormat) -> list[str]:
    ends = chat.end_ids | {chat.tokenizer.eos_token_id}
    if not rows.train or ends & set(first_reading(rows.train[0], chat)[1]):
        return []
    return ["Neither template nor tokenizer has a mark that ends an answer: a model tuned on it may not stop."]


def told(left_out: dict[str, int]) -> str:
    """Counts by reason as words: "3 longer than the limit, 1 nothing to learn"."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())


def size(count: float) -> str:
    """Bytes as people say them: "512 MB", "1.5 GB"."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _decoded(rows: Rows, chat: ChatFormat) -> tuple[tuple[str, bool], ...]:
    row = next((row for row in rows.train if row.get("label", True)), None)  # an undesirable answer is unlearnt
    if row is None:
        return ()
    prompt, learnt = first_reading(row, chat)
    read = chat.tokenizer.decode
    return (read(prompt, skip_special_tokens=False), False), (read(learnt, skip_special_tokens=False), True)
