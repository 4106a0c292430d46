"""A button that makes a file and hands it to the browser.

Gradio's own download button gives what it held before the click. So a plain button makes the file,
a hidden download button receives it, and a line of script presses that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import gradio as gr

from cai_ui.web.kit.events import QUIET

_PRESS = "() => { setTimeout(() => document.getElementById('%s')?.click(), 200); }"
"""The wait lets the page take over the file that has just arrived."""


class Download:
    """The `button` people press and the hidden one that holds the file, which gets `elem_id` with "-file"."""

    def __init__(self, label: str, elem_id: str, **look: Any) -> None:
        self.button = gr.Button(label, elem_id=elem_id, **look)
        self._holder = gr.DownloadButton(visible="hidden", elem_id=f"{elem_id}-file")

    def wire(self, make: Callable[..., str], inputs: Sequence[Any] | AbstractSet[Any]) -> None:
        """Press, make the file (`make` gives its path), download. An error of `make` downloads nothing."""
        press = _PRESS % self._holder.elem_id
        self.button.click(make, inputs, [self._holder], **QUIET).success(None, None, None, js=press, **QUIET)
