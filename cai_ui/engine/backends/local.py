"""The engine on weights of its own: embedded model, local folder or Hub model, through transformers.

Joins the parts: chat format, loaded adapters, lease, scheduler, prefix cache, scoring, training seat.
"""

from __future__ import annotations

import copy
import gc
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast

from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import check_recorded
from cai_ui.engine.adapters.loaded import BASE_KEY, LoadedAdapters, Slot
from cai_ui.engine.adapters.merging import write_merged
from cai_ui.engine.adapters.training_needs import TrainingNeeds, training_needs
from cai_ui.engine.adapters.training_seat import Reference, Seat, make_seat
from cai_ui.engine.backends.derived import FromScores, FromStream
from cai_ui.engine.chat_format import RAW_FORMATS, ChatFormat
from cai_ui.engine.decoding.batch import Row
from cai_ui.engine.decoding.limits import kv_bytes, limits_of
from cai_ui.engine.decoding.prefix_cache import PrefixCache
from cai_ui.engine.decoding.scheduler import Scheduler
from cai_ui.engine.decoding.scoring import Coded, Scoring
from cai_ui.engine.decoding.text_stream import TextStream
from cai_ui.engine.interface import (
    AS_LOADED,
    Chunk,
    EngineStatus,
    Request,
    ScoreRequest,
    Scores,
    StopFlag,
    asked_beside_sampling,
    check_request,
)
from cai_ui.engine.lease import Lease
from cai_ui.engine.memory import give_back, unsettle
from cai_ui.engine.weights.loading import LoadedModel, load_model
from cai_ui.engine.weights.sources import Tell
from cai_ui.errors import AdapterError, CaiError, ConflictError
from cai_ui.records import BASE, AdapterInfo, Answer, Finish, Message, Provenance

SCORED_TOGETHER = 512
"""Requests whose texts are turned into tokens, and sorted, before the first of them is read."""

ADAPTER_BYTES, ADAPTER_SHARE = 2**27, 0.1
"""Memory that adapters keep after they were asked: so many bytes at least, or such a share of the model's weights. At
7 B in 16 bit a share of a tenth holds seventeen of rank 16 on all layers, 84 MB each."""


class LocalEngine(FromStream, FromScores):
    """See `cai_ui.engine.Engine` for what each method promises."""

    def __init__(self, loaded: LoadedModel, cache_gb: float = 1.0) -> None:
        self.name = loaded.name
        self.base_hash = loaded.base_hash
        self.context_length = loaded.context_length
        self.default_sampling = loaded.default_sampling
        self._loaded = loaded
        self._formats: dict[str, ChatFormat] = {}
        self.chat = self.chat_as(AS_LOADED)
        self.lease = Lease()
        self._notes = (*loaded.notes, *self.chat.notes, *_end_notes(loaded, self.chat))
        self._cache = PrefixCache(int(cache_gb * 1e9), loaded.shares)
        weights = (*loaded.model.parameters(), *loaded.model.buffers())
        self._memory = sum(t.numel() * t.element_size() for t in weights)
        read = partial(check_recorded, base_model=self.name, base_hash=self.base_hash)
        room = max(ADAPTER_BYTES, ADAPTER_SHARE * self._memory)
        self._adapters = LoadedAdapters(loaded.model, read, room, self._cache.forget)
        limits = limits_of(loaded)
        ends = _end_ids(loaded) | self.chat.end_ids
        self._scheduler = Scheduler(self._adapters, self.lease, self._cache, ends, loaded.device, limits)
        self._scoring = Scoring(self._adapters, self.lease, self._cache, loaded.device, limits, kv_bytes(loaded))
        self._seat_taken = threading.Lock()

    def status(self) -> EngineStatus:
        return EngineStatus(
            state="ready",
            model=self.name,
            detail=" ".join((f"{self.name} is ready on {self._loaded.device} ({self._loaded.dtype}).", *self._notes)),
            device=self._loaded.device,
            memory_bytes=self._memory + self._adapters.bytes,
            busy_with=self.lease.holder,
            revision=self._loaded.revision,
            cache_bytes=self._cache.bytes,
            cache_limit_bytes=self._cache.limit,
        )

    def stream(self, requests: Sequence[Request], stop: StopFlag | None = None) -> Iterator[Chunk]:
        """Refuses over-long prompts and unknown adapters here, before the first chunk is asked for."""
        prompts = []
        for request in requests:
            check_request(request)
            prompts.append(self.chat_as(request.chat_format).encode_prompt(request.messages, request.begun))
            self._adapters.look_up(request.adapter)
        return self._answers(requests, prompts, stop)

    def score_many(
        self, requests: Sequence[ScoreRequest], stop: StopFlag | None = None
    ) -> Iterator[tuple[int, Scores | CaiError]]:
        waiting = iter(enumerate(requests))
        while part := list(islice(waiting, SCORED_TOGETHER)):
            coded: list[tuple[int, ScoreRequest, Coded]] = []
            for place, request in part:
                try:
                    coded.append((place, request, self._coded(request)))
                except CaiError as error:
                    yield place, error
            yield from self._scores(coded, stop)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.chat.encode(messages))

    def adapters(self) -> list[AdapterInfo]:
        return self._adapters.infos()

    def load_adapter(self, info: AdapterInfo, lasting: bool = False) -> None:
        folder = check_recorded(info, self.name, self.base_hash)
        with self.lease.hold("loading adapter", info.name):
            self._adapters.put(info, folder, lasting)

    def unload_adapter(self, name: str) -> None:
        with self.lease.hold("unloading adapter", name):
            self._adapters.remove(name)

    def close(self) -> None:
        """Free the weights and all that was read with them. Whoever still asks gets an EngineError."""
        self._scheduler.close()
        with self.lease.hold("unloading"):
            self._cache.clear()
            self._adapters.close()
            self._loaded = replace(self._loaded, model=None)
        unsettle()
        gc.collect()
        give_back(now=True)
        if self._loaded.device == "cuda":
            import torch

            torch.cuda.empty_cache()

    def training_needs(
        self, settings: TrainSettings, start_adapter: str | None = None, measured: bool = True
    ) -> TrainingNeeds:
        """What a run with these settings would train, and what it would need.

        Without `measured` the device is not touched: speed and free memory stay unknown.
        """
        start = self._adapters.folder(start_adapter or BASE)
        return training_needs(self._loaded.model, settings, start, measured)

    def merge(self, name: str, folder: Path) -> None:
        """Write the whole model with an adapter worked into its weights. EngineError for 4-bit weights."""
        found = self._adapters.folder(name)
        if found is None:
            raise AdapterError("The base has nothing to be merged with.", next_step="Choose an adapter.")
        write_merged(self._loaded.model, self.chat.tokenizer, found, folder)

    @contextmanager
    def training_seat(self, settings: TrainSettings, start_adapter: str | None = None) -> Iterator[Seat]:
        """`start_adapter` names a loaded adapter whose copy is trained on (None or the base: a new one)."""
        start = self._adapters.folder(start_adapter or BASE)
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

    def _coded(self, request: ScoreRequest) -> Coded:
        """Token ids of each (prompt, reply). Refuses what is too long for the model, and unknown adapters."""
        self._adapters.look_up(request.adapter)
        coded = [self.chat.encode_reply(request.messages, text, end=False) for text in request.replies]
        for prompt, reply in coded:
            self.chat.check_length(len(prompt) + len(reply))
        return coded

    def _scores(
        self, coded: Sequence[tuple[int, ScoreRequest, Coded]], stop: StopFlag | None
    ) -> Iterator[tuple[int, Scores]]:
        with self._adapters.using([request.adapter for _, request, _ in coded]) as slots:
            keyed = [
                (self._key(slot, request.strength), pairs)
                for slot, (_, request, pairs) in zip(slots, coded, strict=True)
            ]
            for place, scores in self._scoring.scores(keyed, stop):
                yield coded[place][0], scores

    def _reference(self, name: str) -> Reference:
        if name in ("start", "base"):
            return cast(Reference, name)
        folder = self._adapters.folder(name)
        assert folder is not None
        return folder

    def _answers(
        self, requests: Sequence[Request], prompts: list[tuple[list[int], list[int]]], stop: StopFlag | None
    ) -> Iterator[Chunk]:
        with self._adapters.using([request.adapter for request in requests]) as slots:
            began = time.monotonic()
            rows = []
            for index, (request, (prompt, begun), slot) in enumerate(zip(requests, prompts, slots, strict=True)):
                chat = self.chat_as(request.chat_format)
                rows.append(
                    Row(
                        index,
                        prompt + begun,
                        self._key(slot, request.strength),
                        request.sampling,
                        min(request.sampling.max_new_tokens, self.context_length - len(prompt) - len(begun)),
                        TextStream(chat.decode, (*chat.stops, *request.stops), begun[-8:]),
                        until=None if request.timeout_s is None else began + request.timeout_s,
                        stop=stop,
                    )
                )
            for row, text, last in self._scheduler.answer(rows):
                answer = self._answer(row, slots[row.index], requests[row.index]) if last else None
                yield Chunk(row.index, text, answer)

    def chat_as(self, name: str) -> ChatFormat:
        """A chat format by its name. EngineError where the model has no template of its own."""
        name = self._loaded.chat_format if name == AS_LOADED else name
        if name not in self._formats:
            tokenizer = self._loaded.tokenizer
            if name in RAW_FORMATS:
                tokenizer = copy.deepcopy(tokenizer)
                tokenizer.chat_template = RAW_FORMATS[name]
            rows = self._loaded.model.get_input_embeddings().weight.shape[0]
            self._formats[name] = ChatFormat(tokenizer, self.context_length, rows)
        return self._formats[name]

    def _key(self, slot: Slot, strength: float) -> str:
        """The variant's name inside PEFT, its weights in memory; for a slot in use. AdapterError where they cannot be
        read any more."""
        strength = round(strength, 2)
        if slot.info is None or strength == 0:
            return BASE_KEY
        if not slot.key:
            folder = self._adapters.read(slot.info)
            with self.lease.hold("loading adapter", slot.info.name):
                self._adapters.bring(slot, folder)
        if strength == 1:
            return slot.key
        with self.lease.hold("adapter strength"):
            return self._adapters.at_strength(slot, strength)

    def _answer(self, row: Row, slot: Slot, request: Request) -> Answer:
        assert row.finish is not None
        return answer_of(
            self._loaded, request, slot.info, row.text.text, row.finish, len(row.prompt), len(row.text.ids)
        )


def answer_of(
    loaded: LoadedModel, request: Request, adapter: AdapterInfo | None, text: str, finish: Finish, length: int,
    tokens: int,
) -> Answer:  # fmt: skip
    """An answer with what it was made with; `length` is the prompt's in tokens."""
    return Answer(
        text=text,
        finish=finish,
        prompt_tokens=length,
        tokens=tokens,
        provenance=Provenance(
            model=loaded.name,
            base_hash=loaded.base_hash,
            adapter=adapter.name if adapter else None,
            adapter_hash=adapter.hash if adapter else None,
            seed=request.sampling.seed,
            sampling=request.sampling.model_dump() | asked_beside_sampling(request),
            revision=loaded.revision,
            same_in_any_batch=loaded.same_in_any_batch,
        ),
    )


def load_local(settings: AppSettings, tell: Tell = lambda text: None) -> LocalEngine:
    """Load what `settings` name and put an engine on it; `tell` hears how far the loading is."""
    engine = LocalEngine(load_model(settings, tell), settings.cache_gb)
    give_back(now=True)  # what loading took beside the weights
    return engine


def _end_ids(loaded: LoadedModel) -> frozenset[int]:
    stated = loaded.model.generation_config.eos_token_id
    ids = stated if isinstance(stated, list) else [stated]
    return frozenset(i for i in (*ids, loaded.tokenizer.eos_token_id) if i is not None)


def _end_notes(loaded: LoadedModel, chat: ChatFormat) -> list[str]:
    missing = chat.end_ids - _end_ids(loaded)
    named = ", ".join(map(str, loaded.tokenizer.convert_ids_to_tokens(sorted(missing))))
    return [f"Its files do not name {named} as the end of an answer; the template does, so answers end there."] * bool(
        missing
    )
