"""Log-probabilities of given replies: batched, and equal to a plain forward pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cai_ui.engine.adapters.loaded import LoadedAdapters
from cai_ui.engine.decoding.batch import Given, Reading, alike, shared_beginnings
from cai_ui.engine.decoding.prefix_cache import PrefixStore
from cai_ui.engine.interface import ReplyScore
from cai_ui.engine.lease import Lease


def score_replies(
    adapters: LoadedAdapters,
    lease: Lease,
    store: PrefixStore,
    key: str,
    coded: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    device: str,
    slice_tokens: int,
) -> list[ReplyScore]:
    """Sums of the natural log-probabilities of each reply's tokens after its prompt; `coded` holds (prompt, reply).

    What the texts have in common is read once. The lease is held for about `slice_tokens` tokens at a time.
    """
    texts = [Given(key, [*prompt, *reply], len(reply) + 1) for prompt, reply in coded]
    scores: dict[int, ReplyScore] = {id(text): ReplyScore(0.0, 0) for text in texts}
    asked = [text for text in texts if text.need > 1]
    if asked and store.limit > 0:
        with lease.hold("scoring"):
            beginnings = shared_beginnings(asked, store)
        for beginning in beginnings:
            _read(adapters, lease, store, [beginning], device, slice_tokens)
    longest = max((len(text.tokens) for text in asked), default=1)
    with lease.hold("scoring"):
        groups = list(alike(asked, store, max(1, slice_tokens // longest)))
    for group in groups:
        logits = _read(adapters, lease, store, group, device, slice_tokens)
        for row, text in enumerate(group):
            replied = text.need - 1
            logs = logits[row, logits.shape[1] - text.need : -1].log_softmax(-1)
            chosen = torch.tensor(text.tokens[-replied:], device=logs.device)
            total = float(logs.gather(-1, chosen[:, None]).double().sum())
            scores[id(text)] = ReplyScore(total, replied)
    return [scores[id(text)] for text in texts]


def _read(
    adapters: LoadedAdapters, lease: Lease, store: PrefixStore, texts: list[Given], device: str, slice_tokens: int
) -> torch.Tensor:
    """Logits (rows, the most that any text needs, vocabulary); a lone beginning is kept in the store."""
    with torch.inference_mode():
        reading: Reading | None = None
        while reading is None or reading.logits is None:
            with lease.hold("scoring"), adapters.rows([text.key for text in texts]) as model:
                reading = reading or Reading(texts, store, device)
                reading.read_piece(model, max(1, slice_tokens // len(texts)))
                if reading.logits is not None and reading.logits.shape[1] == 1:
                    reading.keep(store)
        return reading.logits
