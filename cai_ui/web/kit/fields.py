"""The fields of an event, read and filled at once.

Gradio (6.31) reads and fills each field in a thread of its own, and builds each component anew that an event leaves as
it is. A decision has 22 fields and 23 outputs: that was most of its time, since beside a training every change of
thread waits for its turn.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

_LEFT = gr.skip()
"""What stands for an output that is left as it is."""


async def read(gradios: Callable[..., Awaitable[list[Any]]], event: Any, inputs: Any, state: Any, *more: Any) -> Any:
    """The values for a handler, as `gradios` reads them (`Blocks.preprocess_data`); fields that may hold files are
    left to it."""
    if not event.preprocess or event.component_prop_inputs or not all(_plain(block) for block in event.inputs):
        return await gradios(event, inputs, state, *more)
    raw = copy.copy(event)
    raw.preprocess = False
    values = await gradios(raw, inputs, state, *more)
    return [
        value if block.stateful else _here(block, state).preprocess(value)
        for block, value in zip(event.inputs, values, strict=True)
    ]


async def fill(gradios: Callable[..., Awaitable[list[Any]]], event: Any, answer: Any, state: Any) -> list[Any]:
    """What the browser gets of a handler's answer, as `gradios` makes it (`Blocks.postprocess_data`)."""
    values = _by_output(event.outputs, answer)
    if values is None or event.batch or event.is_validator_function:
        return await gradios(event, answer, state)
    sent: list[Any] = [None if block.stateful else dict(_LEFT) for block in event.outputs]
    texts, others = list[int](), list[int]()
    for place, (block, value) in enumerate(zip(event.outputs, values, strict=True)):
        if not _left(value):
            (texts if event.postprocess and _is_text(block, value) else others).append(place)
    for places, made in ((texts, True), (others, False)):
        if not places:
            continue
        part = copy.copy(event)
        part.outputs = [event.outputs[place] for place in places]
        part.postprocess = event.postprocess and not made
        said = [_here(event.outputs[p], state).postprocess(values[p]) if made else values[p] for p in places]
        filled = await gradios(part, said if len(said) > 1 else said[0], state)
        for place, value in zip(places, filled, strict=True):
            sent[place] = value
    return sent


def _by_output(outputs: Sequence[Block], answer: Any) -> list[Any] | None:
    """A handler's answer, one value for each output; None for one that Gradio has to make sense of."""
    if _left(answer):
        return [_LEFT for _ in outputs]
    if isinstance(answer, dict) and answer and all(isinstance(block, Block) for block in answer):
        given = {block._id: value for block, value in answer.items()}
        known = {block._id for block in outputs}
        return [given.get(block._id, _LEFT) for block in outputs] if given.keys() <= known else None
    if len(outputs) == 1:
        return [answer]
    return list(answer) if isinstance(answer, list | tuple) and len(answer) == len(outputs) > 0 else None


def _left(value: Any) -> bool:
    return isinstance(value, dict) and value == _LEFT


def _plain(block: Any) -> bool:
    """Whether a component's values are what the browser sends, and no files."""
    return getattr(block, "data_model", None) is None


def _is_text(block: Any, value: Any) -> bool:
    """Whether a value is a text for a component that shows it as it is."""
    return isinstance(value, str) and not block.stateful and hasattr(block, "postprocess") and _plain(block)


def _here(block: Any, state: Any) -> Any:
    """The component as this session has it."""
    return state[block._id] if state is not None and block._id in state else block
