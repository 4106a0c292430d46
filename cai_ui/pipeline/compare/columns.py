"""Columns of a comparison, found and asked: adapters, checkpoints of runs, other models, each in its own way.

A checkpoint is `run@step`; it is loaded when it is first asked, beside the adapters, and a few are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cai_ui.compare import variants as side
from cai_ui.compare.columns import Column, read_column
from cai_ui.compare.side_by_side import Row, side_by_side
from cai_ui.compare.variants import VariantText
from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.several import is_address
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import CaiError, EngineError, InputError, NotFoundError
from cai_ui.pipeline.compare.checkpoints import checkpoint_title, load_checkpoint
from cai_ui.pipeline.compare.comparison import CHECKPOINT, engine_variants
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, AdapterInfo, Message, Prompt
from cai_ui.revise import as_prompt

MOST_ROWS = 24
"""Answers that are written at once."""
LAST_SEED = 2**31 - 1


def answer_columns(
    services: Services,
    prompt: str | Prompt | Sequence[Message],
    names: Sequence[str],
    sampling: Sampling,
    stop: StopFlag | None = None,
    samples: int = 1,
    before: Mapping[str, Sequence[Message]] | None = None,
) -> Iterator[list[VariantText]]:
    """All columns on one request, streamed at once, `samples` answers of each with seeds that follow each other.

    `before` has the turns that each column had already, by its name. InputError for more answers than `MOST_ROWS`; a
    column that cannot be asked says so, and is an error only where it is the only one.
    """
    _, conversation = as_prompt(prompt)
    names = list(dict.fromkeys(names))
    if len(names) * samples > MOST_ROWS:
        raise InputError(
            f"That makes {len(names) * samples} answers; at most {MOST_ROWS} are written at once.",
            next_step="Choose fewer models, or fewer answers of each.",
        )
    main = services.engine()
    rows = [
        row
        for name in names
        for row in _rows(services, main, name, [*(before or {}).get(name, ()), *conversation], sampling, samples)
    ]
    return side_by_side(rows, stop)


def column_title(services: Services, name: str, titles: Mapping[str, str]) -> str:
    """What people call a column; `titles` are those of adapters. The name itself where nothing is known of it."""
    try:
        column = read_column(name)
    except CaiError:
        return name
    known = titles.get(column.variant) or checkpoint_title(services, column.variant) or column.variant
    return column.title(known)


def known_columns(services: Services, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of names from outside, such as a link: those that can be asked, and those that cannot. Nothing is loaded, and an
    address only passes if it is one that somebody here named already."""
    good, bad = list[str](), list[str]()
    for name in dict.fromkeys(names):
        (good if _is_known(services, name) else bad).append(name)
    return good, bad


def _is_known(services: Services, name: str) -> bool:
    try:
        column = read_column(name)
        if is_address(column.variant):
            return column.variant in services.others.known()
        loaded = {variant.name for variant in engine_variants(services.engine())}
        return column.variant in loaded or checkpoint_title(services, column.variant) is not None
    except CaiError:
        return False


def _rows(
    services: Services, main: Engine, name: str, turns: Sequence[Message], sampling: Sampling, samples: int
) -> list[Row]:
    title = name
    try:
        column = read_column(name)
        title = column.title(column.variant)
        engine, variant = _found(services, main, column)
        title = column.title(variant.title)
        asked = BASE if engine is not main else variant.name
        request = Request((*column.turns(), *turns), sampling, asked, column.strength, chat_format=column.chat_format)
        return [
            Row(name, title, sample, variant, engine, replace(request, sampling=_seeded(sampling, sample)))
            for sample in range(samples)
        ]
    except CaiError as error:
        return [Row(name, title, error=error)]


def _seeded(sampling: Sampling, sample: int) -> Sampling:
    return sampling.model_copy(update={"seed": (sampling.seed + sample) % (LAST_SEED + 1)})


def _found(services: Services, main: Engine, column: Column) -> tuple[Engine, AdapterInfo]:
    """The engine that answers for a column, and its variant there."""
    if is_address(column.variant) and column.variant != main.name:
        other = services.others.get(column.variant)
        info = side.base_variant(other)
        return other, replace(info, name=column.variant, title=column.variant)
    loaded = {variant.name: variant for variant in engine_variants(main)}
    if column.variant in loaded:
        return main, loaded[column.variant]
    if CHECKPOINT in column.variant:
        return main, load_checkpoint(services, main, column.variant)
    raise _missing(services, main, column.variant)


def _missing(services: Services, main: Engine, name: str) -> CaiError:
    """Why a variant is not there."""
    run = next((run for run in services.store.runs() if run.adapter == name), None)
    if run is None:
        return side.missing(engine_variants(main), name)
    if run.base_hash != main.base_hash:
        return EngineError(
            f"{run.name} was trained on another base model than {main.name}.",
            next_step="Load the model it was trained on (Start tab).",
        )
    why = "it lies in the trash" if run.trashed_at else "its files are damaged or gone"
    return NotFoundError(f"The adapter of {run.name} cannot be asked: {why}.", next_step="Choose another one.")
