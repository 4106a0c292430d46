"""The only owner of model weights. Askers see `engine.interface`; what is behind it may be the embedded model, any
local causal language model with a chat template, an OpenAI-compatible endpoint, or the scripted model.

Importing this package loads no torch; `load_engine` does when a model needs it.
"""

from __future__ import annotations

from collections.abc import Callable

from cai_ui.config.app import AppSettings
from cai_ui.engine.interface import Engine


def load_engine(settings: AppSettings, tell: Callable[[str], None] = lambda text: None, key: str = "") -> Engine:
    """The engine that `settings` name, ready to answer; `tell` hears sentences on how far the loading is.

    `key` is sent to the endpoint, if they name one.

    Imports torch only when needed.
    """
    if settings.endpoint:
        from cai_ui.engine.backends.endpoint import connect

        return connect(settings, key)
    if settings.model == "scripted":
        from cai_ui.engine.backends.scripted import ScriptedEngine

        return ScriptedEngine()
    from cai_ui.engine.backends.local import load_local

    return load_local(settings, tell)
