"""Gradio, imported without the stubs for editors that it makes each time.

Seen in Gradio 6.31: while it is imported it reads its own source anew for each of its 80 kinds of components, parses it
and compares it with the stub file beside it: 1.3 of 4.0 s of the processor. A component of which nobody can say in
which file it stands gets no stub, and none is missing: those that Gradio ships stay.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any


def import_gradio() -> None:
    """Import it, if it is not yet."""
    if "gradio" in sys.modules:
        return
    file_of = inspect.getfile

    def of_others(what: Any) -> str:
        if str(getattr(what, "__module__", "")).startswith("gradio."):
            raise OSError("asked for a stub")
        return file_of(what)

    inspect.getfile = of_others  # type: ignore[assignment]
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = file_of
