"""Which reader says what an answer did."""

from __future__ import annotations

from cai_ui.engine.interface import Engine
from cai_ui.readers import PhraseReader, Reader


def reader_for(engine: Engine) -> Reader:
    """Exact rules for the embedded model, phrases for any other."""
    if engine.name == "embedded":
        from cai_ui.demo.reader import EmbeddedReader

        return EmbeddedReader()
    return PhraseReader()
