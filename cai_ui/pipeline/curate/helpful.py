"""Rows that keep a tuned model helpful: without them it learns to decline and little else.

The guided run lets the model answer harmless requests itself. For a dataset frozen by hand somebody says where they
come from: sources in the queue, or the reference answers of the embedded model's world. Unsaid, the embedded model gets
the latter and any other model none: rows that nobody judged are in no dataset by themselves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.pipeline.curate.queue import no_source
from cai_ui.pipeline.models import built_in_in_use
from cai_ui.pipeline.prompts.shipped import draw
from cai_ui.pipeline.services import Services
from cai_ui.readers import Reader, good
from cai_ui.records import Example, Message, PreferencePair, Prompt, TrainingExample
from cai_ui.revise import BATCH_SIZE
from cai_ui.store import QueueFilter
from cai_ui.store.encoding import batches

_PAGE = 500


REFERENCE = "reference"
"""Stands for the reference answers of the embedded model's world among the sources."""


def helpful_rows(services: Services, settings: DatasetSettings) -> list[TrainingExample]:
    """As many helpful rows as the settings ask for, or as there are, from each chosen source in turn.

    InputError names the sources there are, where one that is asked for is none of them.
    """
    n, seed = settings.helpful, settings.seed
    if n == 0:
        return []
    chosen = named_sources(services, settings.helpful_from) or usual_sources(services)
    pools = [reference_rows(n, seed) if one == REFERENCE else unjudged_rows(services, one, n, seed) for one in chosen]
    in_turn = (row for rows in zip_longest(*pools) for row in rows if row is not None)
    return list(islice(in_turn, n))


def usual_sources(services: Services) -> list[str]:
    """Where helpful rows come from while nobody has said it, for the model in use."""
    return [REFERENCE] if built_in_in_use(services) else []


def named_sources(services: Services, named: str) -> list[str]:
    """The sources in a list with commas between, or on lines, which lets them have commas. Errors as `helpful_rows`."""
    known = {REFERENCE, *services.store.sources()}
    parts = [named] if named in known else named.split("\n" if "\n" in named else ",")
    found = dict.fromkeys(part.strip() for part in parts if part.strip())
    for one in found:
        if one not in known:
            raise no_source(services, one)
    return list(found)


def reference_rows(n: int, seed: int) -> list[TrainingExample]:
    """Requests of the embedded model's world with good answers, two in five of them benign look-alikes."""
    from cai_ui.demo import prompt_sets as demo

    rows = []
    for prompt in harmless_prompts(n, seed):
        answer = demo.reference_answer(prompt)
        if answer:
            rows.append(_row(prompt, answer))
    return rows


def unjudged_rows(services: Services, source: str, n: int, seed: int) -> list[TrainingExample]:
    """Rows of a source with one answer to a request that is not harmful, drawn by the seed from those that nobody has
    judged. (Judged ones are in the dataset anyway, or are bad.)"""
    ids = services.store.open_ids(QueueFilter("open", source=source))
    random.Random(f"helpful/{source}/{seed}").shuffle(ids)
    rows: list[TrainingExample] = []
    for page in batches(ids, _PAGE):
        there = services.store.examples_by_id(page)
        some = [there[id] for id in page if there[id].initial is None and there[id].prompt.kind != "harmful"]
        rows += [TrainingExample(e.conversation, e.revision, e.id, e.source, helpful=True) for e in some]
        if len(rows) >= n:
            break
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


def changed_by_revision(example: Example) -> bool:
    """Whether the revision says anything else than the first answer."""
    return example.initial is None or example.revision.strip() != example.initial.strip()


def kept_helpful(examples: Sequence[Example], reader: Reader) -> list[TrainingExample]:
    """Answers to benign look-alikes that their revision left as they were, as they should be: own answers like those
    of `own_answers`, and nothing for a person to accept as changed for the better."""
    return [
        TrainingExample(e.conversation, e.revision, e.id, f"helpful mix: {e.prompt.kind}", helpful=True)
        for e in examples
        if e.prompt.kind == "twin"
        and not changed_by_revision(e)
        and good(e.prompt.kind, reader.read(e.prompt, e.revision).outcome)
    ]


def harmless_prompts(n: int, seed: int) -> list[Prompt]:
    """Helpful requests and, two in five, benign look-alikes, from the training side."""
    twins = draw("train-twin", 2 * n // 5, seed)
    return [*draw("train-helpful", n - len(twins), seed), *twins]


def helpful_pairs(rows: Sequence[TrainingExample], refusals: Sequence[str], seed: int) -> list[PreferencePair]:
    """Pairs that keep DPO from refusing everything: the helpful answer over a refusal that was due elsewhere. What
    several rows say alike gives one, as it is one row of the dataset."""
    if not refusals:
        return []
    chance = random.Random(f"refusals/{seed}")
    different = {(row.conversation, row.answer): row.source for row in rows}
    return [
        PreferencePair(conversation, answer, chance.choice(list(refusals)), None, source)
        for (conversation, answer), source in different.items()
    ]


def _row(prompt: Prompt, answer: str) -> TrainingExample:
    return TrainingExample((Message("user", prompt.text),), answer, None, f"helpful mix: {prompt.kind}", helpful=True)
