"""Which reader says what an answer did."""

from __future__ import annotations

from collections.abc import Iterable

from cai_ui.engine.interface import Engine
from cai_ui.readers import PhraseReader, Reader
from cai_ui.records import Prompt


def reader_for(engine: Engine, prompts: Iterable[Prompt] = ()) -> Reader:
    """Exact rules for the embedded model on requests of its world; phrases for any other model or request."""
    if engine.name == "embedded":
        from cai_ui.demo.prompt_sets import SETS
        from cai_ui.demo.reader import EmbeddedReader

        if all(prompt.id.rpartition("-")[0] in SETS for prompt in prompts):
            return EmbeddedReader()
    return PhraseReader()
