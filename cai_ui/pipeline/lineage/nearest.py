"""Training rows whose texts are like an answer: alike, which does not mean that they caused it."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cai_ui.errors import InputError
from cai_ui.pipeline.lineage import names
from cai_ui.pipeline.lineage.names import clip
from cai_ui.records import PreferencePair, TrainingExample
from cai_ui.records.lineage import Link, Place
from cai_ui.store import Store
from cai_ui.store.datasets import Part

LOOKED = 100_000
"""Rows that are compared at most."""
_PAGE, _KEPT = 2_000, 8
_WORD = re.compile(r"[^\W_]+")
PARTS: tuple[Part, ...] = ("sft_train", "pairs_train")
NOT_CAUSE = "Similar words (cosine of TF-IDF). It shows what the model may have seen alike, not why it answered so."
NO_DATASET = "These weights were made by no run of this workspace, so there are no training rows to compare with."


@dataclass(frozen=True)
class Nearest:
    """The nearest rows, best first, each with its similarity in `said`; how many were compared, and of how many."""

    links: tuple[Link, ...]
    compared: int
    rows: int


def nearest_rows(store: Store, place: Place, weights: int = 0) -> Nearest:
    """Rows that the run behind an answer or a vote learnt from and that are most like request and answer together.

    `weights` chooses among the sides of a vote. InputError where no run made the weights.
    """
    wanted, run_id = _asked(store, place, weights)
    digest = store.run(run_id).dataset_hash
    counts = store.dataset_info(digest).counts
    part = next((part for part in PARTS if counts.get(part)), None)
    words = Counter(_words(wanted))
    if part is None or not words:
        return Nearest((), 0, 0)
    total = min(counts[part], LOOKED)
    # Only words of the answer can add to the product; the others count in a row's length.
    weight = likeness_weights((set(_words(text)) for text in _texts(store, digest, part, total)), total)
    usual = math.log(1 + total) + 1
    own = _length({word: count * weight.get(word, usual) for word, count in words.items()})
    scored = (
        (_likeness(words, Counter(_words(text)), weight, own), at)
        for at, text in enumerate(_texts(store, digest, part, total))
    )
    best = heapq.nlargest(_KEPT, (one for one in scored if one[0] > 0))
    links = tuple(_link(store, digest, part, at, score) for score, at in best)
    return Nearest(links, total, counts[part])


def likeness_weights(rows: Iterable[set[str]], total: int) -> dict[str, float]:
    """What each word counts: ln((1 + n) / (1 + rows with the word)) + 1, the smooth form of scikit-learn."""
    spread: Counter[str] = Counter()
    for words in rows:
        spread.update(words)
    return {word: math.log((1 + total) / (1 + count)) + 1 for word, count in spread.items()}


def _asked(store: Store, place: Place, weights: int) -> tuple[str, str]:
    if place.kind == "answer":
        id, at = place.parts(2)
        row = store.answer(id, int(at) if at.isdecimal() and len(at) < 10 else -1)
        text, adapter, name = f"{row.get('prompt')} {row.get('answer')}", row.get("adapter_hash"), row.get("variant")
    elif place.kind == "vote":
        vote = store.vote(place.key)
        name, answer = ((vote.left, vote.left_answer), (vote.right, vote.right_answer))[weights % 2]
        text, adapter = f"{vote.prompt} {answer.text}", answer.provenance.adapter_hash
    else:
        raise InputError("Only answers and votes have nearest training rows.", next_step="Choose an answer.")
    link = names.weights_link(store, adapter, str(name))
    if link.place is None:
        raise InputError(NO_DATASET, next_step="Choose an answer of a run's adapter.")
    return text, link.place.key


def _texts(store: Store, digest: str, part: Part, total: int) -> Iterator[str]:
    for offset in range(0, total, _PAGE):
        for row in store.dataset_rows(digest, part, limit=min(_PAGE, total - offset), offset=offset):
            yield _text(row)


def _text(row: TrainingExample | PreferencePair) -> str:
    answer = row.answer if isinstance(row, TrainingExample) else row.chosen
    return f"{row.conversation[-1].content} {answer}"


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text[:20_000])]


def _length(point: dict[str, float]) -> float:
    return math.sqrt(sum(value * value for value in point.values()))


def _likeness(wanted: Counter[str], row: Counter[str], weight: dict[str, float], own: float) -> float:
    product = sum(count * row[word] * weight[word] ** 2 for word, count in wanted.items() if word in row)
    length = _length({word: count * weight[word] for word, count in row.items()}) if product else 0.0
    return product / (own * length) if length else 0.0


def _link(store: Store, digest: str, part: Part, at: int, score: float) -> Link:
    (row,) = store.dataset_rows(digest, part, limit=1, offset=at)
    answer = row.answer if isinstance(row, TrainingExample) else row.chosen
    said = f"similarity {score:.2f}; {row.source}: {clip(answer)}"
    return Link("similar row", clip(row.conversation[-1].content), Place("row", f"{digest}/{part}/{at}"), said)
