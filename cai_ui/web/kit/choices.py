"""Choices that several tabs offer: datasets, models that can answer, and prompts to draw."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from cai_ui.conversations import write_turns
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.prompts import sets
from cai_ui.records import BASE, DatasetInfo, Message, Prompt, PromptSet
from cai_ui.web.kit.present import short
from cai_ui.web.kit.words import PROMPT_SET


def dataset_choices(infos: Sequence[DatasetInfo]) -> list[tuple[str, str]]:
    """Label and hash of datasets, newest first."""
    return [
        (f"{i.name} · {short(i.hash)} · {i.counts['sft_train']:,} rows, {i.counts['pairs_train']:,} pairs", i.hash)
        for i in infos
    ]


def looked_up(choices: Sequence[Any], value: Any, given: Any) -> Any:
    """What a look gives a menu: its entries, and its value only where that must be another than the page sent.

    A look on its way while somebody chooses would otherwise put back what was chosen before.
    """
    return gr.update(choices=choices) if value == given else gr.update(choices=choices, value=value)


def variant_choices(services: Services) -> list[tuple[str, str]]:
    """Label and name of every model that can answer, base first."""
    return [
        (variant.title if variant.name == BASE else f"{variant.title} · {short(variant.hash)}", variant.name)
        for variant in comparison.variants(services)
    ]


def set_choices(made: Sequence[PromptSet]) -> list[tuple[str, str]]:
    """Label and key of prompt sets; of those with the same label, the beginning of the key goes along."""
    labels = [f"{one.title} ({one.count:,})" for one in made]
    often = Counter(labels)
    return [
        (f"{label} · {short(one.key.removeprefix('own-'))}" if often[label] > 1 else label, one.key)
        for label, one in zip(labels, made, strict=True)
    ]


def set_menu(services: Services, elem_id: str, **look: Any) -> gr.Dropdown:
    """A menu of the prompt sets, the first one chosen; made where it is called."""
    choices = set_choices(sets.prompt_sets(services))
    value = choices[0][1] if choices else None
    return gr.Dropdown(choices, value=value, label=PROMPT_SET, elem_id=elem_id, filterable=False, **look)


def counts_words(counts: Mapping[str, int], part: str) -> str:
    """Rows of one kind: for training, and held out."""
    return f"{counts[f'{part}_train']:,} for training, {counts[f'{part}_eval']:,} held out"


def drawn(services: Services, prompt_set: str) -> Prompt:
    """A request of the set, another one each time. InputError if there is none."""
    found = sets.list_requests(services, prompt_set, 1, random.randrange(2**31))
    if not found:
        raise InputError("This prompt set is empty.", next_step="Choose another one or type a request.")
    return found[0]


def earlier_turns(turns: Sequence[Message]) -> str:
    """The turns before the last one, as they stand in their box."""
    return write_turns(turns[:-1])


def judge_choices(services: Services) -> list[tuple[str, str]]:
    """Nobody, the loaded model, its adapters, and other models that are known by their address."""
    named = [("Nobody", ""), ("The loaded model", BASE)]
    adapters = [(title, name) for title, name in variant_choices(services) if name != BASE]
    return [*named, *adapters, *((address, address) for address in services.others.known())]
