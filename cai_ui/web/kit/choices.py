"""Choices that several tabs offer: datasets, and prompts to draw."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.prompts import transcript
from cai_ui.records import DatasetInfo, Message, Prompt, PromptSet
from cai_ui.web.kit.present import short


def dataset_choices(infos: Sequence[DatasetInfo]) -> list[tuple[str, str]]:
    """Label and hash of datasets, newest first."""
    return [
        (f"{i.name} · {short(i.hash)} · {i.counts['sft_train']:,} rows, {i.counts['pairs_train']:,} pairs", i.hash)
        for i in infos
    ]


def set_choices(sets: Sequence[PromptSet]) -> list[tuple[str, str]]:
    """Label and key of prompt sets."""
    return [(f"{made.title} ({made.count:,})", made.key) for made in sets]


def counts_words(counts: Mapping[str, int], part: str) -> str:
    """Rows of one kind: for training, and held out."""
    return f"{counts[f'{part}_train']:,} for training, {counts[f'{part}_eval']:,} held out"


def drawn(services: Services, prompt_set: str) -> Prompt:
    """A request of the set, another one each time. InputError if there is none."""
    found = sets.list_requests(services, prompt_set, 1, random.randrange(2**31))
    if not found:
        raise InputError("This prompt set is empty.", next_step="Choose another one or type a request.")
    return found[0]


def draw_prompt(services: Services, prompt_set: str) -> tuple[str, str]:
    """The same as texts: the request, and the turns before it ("" for none)."""
    prompt = drawn(services, prompt_set)
    return prompt.text, transcript(prompt.before)


def earlier_turns(turns: Sequence[Message]) -> str:
    """The turns before the last one, as they stand in their box."""
    return transcript(turns[:-1])
