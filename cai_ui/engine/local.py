"""The engine on weights of its own: embedded model, local folder or Hub model, through transformers.

Joins the parts: chat format, shelf of adapters, lease, batches, scoring, training seat.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from cai_ui.config import AppSettings, TrainSettings
from cai_ui.engine import Chunk, EngineStatus, Request, StopFlag
from cai_ui.engine.adapters import check_adapter
from cai_ui.engine.chat_format import ChatFormat
from cai_ui.engine.decoding import Batch, Row, TextStream
from cai_ui.engine.lease import Lease
from cai_ui.engine.loading import LoadedModel, load_model
from cai_ui.engine.merging import write_merged
from cai_ui.engine.scoring import score_replies
from cai_ui.engine.shelf import Shelf, Slot
from cai_ui.engine.training_needs import TrainingNeeds, training_needs
from cai_ui.engine.training_seat import Reference, Seat, make_seat
from cai_ui.errors import AdapterError, ConflictError, EngineError
from cai_ui.records import BASE, AdapterInfo, Answer, Message, Provenance

SLICE_S = 0.2
"""Seconds of decoding before the lease goes to the next in line."""
ALONE_SLICE_S = 0.05
"""The same while nobody waits: only so that text appears smoothly."""
MAX_ROWS = 64
"""Rows decoded at once; more requests run in waves."""
PREFILL_WORK = 2e10
"""Multiply-adds of one prefill slice on a CPU: a few tenths of a second on two cores."""


class LocalEngine:
    """See `cai_ui.engine.Engine` for what each method promises."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.name = loaded.name
        self.base_hash = loaded.base_hash
        self.context_length = loaded.context_length
        self.chat = ChatFormat(loaded.tokenizer, loaded.context_length)
        self.lease = Lease()
        self._loaded = loaded
        self._shelf = Shelf(loaded.model)
        self._end_ids = _end_ids(loaded)
        self._prefill_tokens = _prefill_tokens(loaded)
        self._seat_taken = threading.Lock()

    def status(self) -> EngineStatus:
        model = self._loaded.model
        memory = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
        return EngineStatus(
            state="ready",
            model=self.name,
            detail=f"{self.name} is ready on {self._loaded.device} ({self._loaded.dtype}).",
            device=self._loaded.device,
            memory_bytes=memory,
            busy_with=self.lease.holder,
        )

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        """Refuses over-long prompts and unknown adapters here, before the first chunk is asked for."""
        prompts = [self.chat.encode_prompt(request.messages) for request in requests]
        for request in requests:
            self._shelf.look_up(request.adapter)
        return self._waves(requests, prompts, stop)

    def generate(self, requests: Sequence[Request], stop: StopFlag | None = None) -> list[Answer]:
        answers = {c.index: c.answer for c in self.stream(requests, stop) if c.answer is not None}
        return [answers[index] for index in range(len(requests))]

    def score(self, messages: Sequence[Message], continuations: Sequence[str], adapter: str = BASE) -> list[float]:
        coded = [self.chat.encode_reply(messages, text, end=False) for text in continuations]
        for prompt, reply in coded:
            self.chat.check_length(len(prompt) + len(reply))
        if not coded:
            return []
        with self._shelf.using([adapter]) as slots:
            return score_replies(
                self._shelf,
                self.lease,
                slots[0].key,
                coded[0][0],
                [reply for _, reply in coded],
                pad_id=self.chat.tokenizer.pad_token_id,
                device=self._loaded.device,
                slice_tokens=self._prefill_tokens,
            )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.chat.encode(messages))

    def adapters(self) -> list[AdapterInfo]:
        return self._shelf.infos()

    def load_adapter(self, info: AdapterInfo) -> None:
        if info.name == BASE:
            raise AdapterError(f"{BASE!r} is the name of the model without an adapter.", next_step="Choose another.")
        folder = check_adapter(Path(info.path), self.name, self.base_hash)
        if info.hash != folder.hash:
            raise AdapterError(
                f"The adapter {info.title or info.name} is not the one that was recorded: its files were exchanged.",
                next_step="Train it again or remove it.",
            )
        with self.lease.hold("loading adapter", info.name):
            self._shelf.put(info, folder)

    def unload_adapter(self, name: str) -> None:
        with self.lease.hold("unloading adapter", name):
            self._shelf.remove(name)

    def training_needs(self, settings: TrainSettings, start_adapter: str | None = None) -> TrainingNeeds:
        """What a run with these settings would train, and what it would need."""
        start = self._shelf.look_up(start_adapter or BASE).folder
        return training_needs(self._loaded.model, settings, start)

    def merge(self, name: str, folder: Path) -> None:
        """Write the whole model with an adapter worked into its weights. EngineError for 4-bit weights."""
        found = self._shelf.look_up(name).folder
        if found is None:
            raise AdapterError("The base has nothing to be merged with.", next_step="Choose an adapter.")
        write_merged(self._loaded.model, self.chat.tokenizer, found, folder)

    @contextmanager
    def training_seat(self, settings: TrainSettings, start_adapter: str | None = None) -> Iterator[Seat]:
        """`start_adapter` names a loaded adapter whose copy is trained on (None or the base: a new one)."""
        start = self._shelf.look_up(start_adapter or BASE).folder
        reference = self._reference(settings.reference)
        if not self._seat_taken.acquire(blocking=False):
            raise ConflictError(
                "A training run already uses this model.", next_step="Wait for it to end, or stop it first."
            )
        try:
            tokenizer = self.chat.training_tokenizer()
            names = (self.name, self.base_hash)
            yield make_seat(self._loaded.model, tokenizer, self.lease, names, settings, start, reference)
        finally:
            self._seat_taken.release()

    def _reference(self, name: str) -> Reference:
        if name in ("start", "base"):
            return cast(Reference, name)
        folder = self._shelf.look_up(name).folder
        assert folder is not None
        return folder

    def _waves(self, requests: Sequence[Request], prompts: list[list[int]], stop: StopFlag | None) -> Iterator[Chunk]:
        with self._shelf.using([request.adapter for request in requests]) as slots:
            rows = [
                self._row(index, request, prompts[index], slots[index].key) for index, request in enumerate(requests)
            ]
            for start in range(0, len(rows), MAX_ROWS):
                yield from self._wave(requests, rows[start : start + MAX_ROWS], slots, stop)

    def _wave(
        self, requests: Sequence[Request], rows: list[Row], slots: list[Slot], stop: StopFlag | None
    ) -> Iterator[Chunk]:
        batch = Batch(rows, self.chat.tokenizer.pad_token_id, self._end_ids, self._loaded.device)
        told: set[int] = set()
        while len(told) < len(rows):
            self._run_slice(batch, stop)
            for row in rows:
                if row.index in told:
                    continue
                text = row.text.take(final=row.finish is not None)
                if row.finish is not None:
                    told.add(row.index)
                    yield Chunk(row.index, text, self._answer(row, slots[row.index]))
                elif text:
                    yield Chunk(row.index, text)

    def _run_slice(self, batch: Batch, stop: StopFlag | None) -> None:
        with self.lease.hold("answering", stop=stop) as held:
            if not held:
                batch.stop()
                return
            memory_full = False
            try:
                seconds = SLICE_S if self.lease.waiting else ALONE_SLICE_S
                batch.run_slice(self._shelf, stop, seconds, self._prefill_tokens)
            except (RuntimeError, MemoryError) as error:  # on a CPU torch says it in words only
                memory_full = "memory" in str(error) or isinstance(error, MemoryError)
                if not memory_full:
                    raise
        if memory_full:  # outside `except`, which would keep the tensors alive
            raise EngineError(
                "The device ran out of memory while answering.",
                kept="Nothing else was disturbed.",
                next_step="Ask for fewer answers at once or for shorter ones.",
            )

    def _row(self, index: int, request: Request, prompt: list[int], key: str) -> Row:
        limit = min(request.sampling.max_new_tokens, self.context_length - len(prompt))
        return Row(index, prompt, key, request.sampling, limit, TextStream(self.chat.decode))

    def _answer(self, row: Row, slot: Slot) -> Answer:
        assert row.finish is not None
        adapter = slot.info
        return Answer(
            text=row.text.text,
            finish=row.finish,
            prompt_tokens=len(row.prompt),
            tokens=len(row.text.ids),
            provenance=Provenance(
                model=self.name,
                base_hash=self.base_hash,
                adapter=adapter.name if adapter else None,
                adapter_hash=slot.folder.hash if slot.folder else None,
                seed=row.sampling.seed,
                sampling=row.sampling.model_dump(),
            ),
        )


def load_local(settings: AppSettings) -> LocalEngine:
    """Load what `settings` name and put an engine on it."""
    return LocalEngine(load_model(settings))


def _end_ids(loaded: LoadedModel) -> frozenset[int]:
    stated = loaded.model.generation_config.eos_token_id
    ids = stated if isinstance(stated, list) else [stated]
    return frozenset(i for i in (*ids, loaded.tokenizer.eos_token_id) if i is not None)


def _prefill_tokens(loaded: LoadedModel) -> int:
    """Tokens of one prefill slice. Fixed per model rather than timed, so that a text never depends on timing."""
    if loaded.device == "cuda":
        return 8192
    weights = sum(p.numel() for p in loaded.model.parameters())
    return int(min(4096, max(32, PREFILL_WORK / weights)))
