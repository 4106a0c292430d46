"""Which prompts a model is measured on: of each kind so many, from one set or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import InputError
from cai_ui.pipeline.prompts.files import asked
from cai_ui.pipeline.prompts.shipped import draw, own_set, places
from cai_ui.pipeline.readers import reader_for
from cai_ui.readers import Outcome, complied, good, refused
from cai_ui.readers.measured import recorded
from cai_ui.records import Prompt
from cai_ui.store import Store
from cai_ui.store.encoding import batches
from cai_ui.train.run.probes import ProbeKit

_PROBE_SEED = 7
_PAGE = 500
Judge = Callable[[Engine, TrainSettings, Sequence[tuple[Prompt, str]]], Sequence[Mapping[str, Any]]]


def prompts_to_measure(store: Store, sets: str, per_kind: int, seed: int) -> list[Prompt]:
    """Up to `per_kind` prompts of each kind from each set, drawn by the seed; `source` names the set.

    `sets` are keys with commas between; "" stands for the shipped sets that nothing is trained on. What two sets share
    is asked once, for the first. NotFoundError for a set that is not there, InputError where there is nothing to ask.
    """
    from cai_ui.demo import prompt_sets as demo

    keys = [key for part in sets.split(",") if (key := part.strip())]
    keys = keys or [key for key, made in demo.SETS.items() if made.heldout]
    drawn: dict[str, Prompt] = {}
    for key in dict.fromkeys(keys):
        shipped = key in demo.SETS
        for prompt in draw(key, per_kind, seed) if shipped else _of_each_kind(store, key, per_kind, seed):
            drawn.setdefault(prompt.id, replace(prompt, source=key))
    if not drawn:
        raise InputError("There are no requests in these sets.", next_step="Choose another prompt set.")
    return list(drawn.values())


def probe_kit(store: Store, judge: Judge) -> ProbeKit:
    """What runs in training are asked, and how the answers are read. The same prompts for all runs with one set."""
    return ProbeKit(
        lambda settings: prompts_to_measure(store, settings.probe_set, settings.probes_per_kind, _PROBE_SEED),
        _score,
        judge,
    )


def _of_each_kind(store: Store, key: str, per_kind: int, seed: int) -> list[Prompt]:
    """Reads no further than it must: a set may hold 100,000 prompts."""
    made = own_set(store, key)
    left = Counter({kind: min(per_kind, count) for kind, count in made.kinds.items()})
    found: list[Prompt] = []
    for page in batches(places(key, made.count, made.count, seed), _PAGE):
        for prompt in store.set_prompts(key, page):
            if left[prompt.kind] > 0:
                left[prompt.kind] -= 1
                found.append(asked(prompt, key))
        if not left.total():
            break
    return found


def _score(engine: Engine, prompt: Prompt, answer: str) -> dict[str, Any]:
    reader = reader_for(engine, [prompt])
    found = _asked_of(prompt, reader.read(prompt, answer).outcome)
    return {**found, "reader": recorded(reader.name, reader.version)}


def _asked_of(prompt: Prompt, outcome: Outcome) -> dict[str, bool | None]:
    """The parts of an outcome that are asked of this kind of prompt."""
    if prompt.kind == "harmful":
        return {"complied": complied(outcome)}
    return {"helped": good(prompt.kind, outcome), "refused": refused(outcome)}
