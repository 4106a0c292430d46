"""Rows that keep a tuned model helpful: without them it learns to decline and little else.

The guided run lets the model answer harmless requests itself. A dataset frozen by hand takes, for the embedded
model, reference answers of its world; for any other model these would be poor examples, so it gets
helpful rows that were imported.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from cai_ui.config import DatasetSettings, Sampling
from cai_ui.engine.interface import BUILT_IN, Engine, Request, StopFlag
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.services import Services
from cai_ui.records import Message, PreferencePair, Prompt, TrainingExample
from cai_ui.revise import BATCH_SIZE
from cai_ui.store import QueueFilter

_PAGE = 500


def helpful_rows(services: Services, settings: DatasetSettings) -> list[TrainingExample]:
    """As many helpful rows as the settings ask for, or as there are, for the model in use."""
    if settings.helpful == 0:
        return []
    if services.host.status().model in BUILT_IN:
        return reference_rows(settings.helpful, settings.seed)
    return imported_rows(services, settings.helpful)


def reference_rows(n: int, seed: int) -> list[TrainingExample]:
    """Requests of the embedded model's world with good answers, two in five of them benign look-alikes."""
    from cai_ui.demo import prompt_sets as demo

    rows = []
    for prompt in harmless_prompts(n, seed):
        answer = demo.reference_answer(prompt)
        if answer:
            rows.append(_row(prompt, answer))
    return rows


def imported_rows(services: Services, n: int) -> list[TrainingExample]:
    """Imported conversations with one answer that nobody has judged yet. (Judged ones are in the dataset anyway.)"""
    rows: list[TrainingExample] = []
    seen = 0
    while len(rows) < n and (page := services.store.queue(QueueFilter("open"), _PAGE, seen)):
        seen += len(page)
        for item in page:
            e = item.example
            if e.initial is None and e.prompt.kind != "harmful":
                rows.append(TrainingExample(e.conversation, e.revision, e.id, e.source, helpful=True))
    return rows[:n]


def own_answers(engine: Engine, n: int, seed: int, stop: StopFlag | None = None) -> Iterator[TrainingExample]:
    """The base's own likeliest answers to harmless requests: what it should go on saying (Bai et al. 2022, section
    3.2, mix in helpful answers of the model that they start from). Answers that were cut are left out.

    On the embedded model these keep more of its helpfulness than good answers in other words do
    (docs/embedded_model.md).
    """
    prompts = harmless_prompts(n, seed)
    settings = Sampling(temperature=0.0, seed=seed)
    for start in range(0, len(prompts), BATCH_SIZE):
        asked = prompts[start : start + BATCH_SIZE]
        requests = [Request((Message("user", prompt.text),), settings) for prompt in asked]
        for prompt, answer in zip(asked, engine.generate(requests, stop), strict=True):
            if answer.finish == "end" and answer.text.strip():
                yield _row(prompt, answer.text)


def harmless_prompts(n: int, seed: int) -> list[Prompt]:
    """Helpful requests and, two in five, benign look-alikes, from the training side."""
    twins = draw("train-twin", 2 * n // 5, seed)
    return [*draw("train-helpful", n - len(twins), seed), *twins]


def helpful_pairs(rows: Sequence[TrainingExample], refusals: Sequence[str], seed: int) -> list[PreferencePair]:
    """Pairs that keep DPO from refusing everything: the helpful answer over a refusal that was due elsewhere."""
    if not refusals:
        return []
    chance = random.Random(f"refusals/{seed}")
    return [
        PreferencePair(row.conversation, row.answer, chance.choice(list(refusals)), None, row.source) for row in rows
    ]


def _row(prompt: Prompt, answer: str) -> TrainingExample:
    return TrainingExample((Message("user", prompt.text),), answer, None, f"helpful mix: {prompt.kind}", helpful=True)
