"""A button that makes a file and hands it to the browser.

Gradio's own download button gives what it held before the click. So a plain button makes the file,
a hidden download button receives it, and a line of script presses that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.web.kit.events import QUIET

_PRESS = "() => { setTimeout(() => document.getElementById('%s')?.click(), 200); }"
"""The wait lets the page take over the file that has just arrived."""


@dataclass(frozen=True)
class Download:
    """The button people press and the hidden one that holds the file."""

    button: gr.Button
    holder: gr.DownloadButton


def build_download(label: str, elem_id: str, **look: Any) -> Download:
    """Both buttons, made where it is called; the hidden one gets `elem_id` with "-file"."""
    button = gr.Button(label, elem_id=elem_id, **look)
    return Download(button, gr.DownloadButton(visible="hidden", elem_id=f"{elem_id}-file"))


def wire_download(
    download: Download, make: Callable[..., str], inputs: Sequence[Any] | AbstractSet[Any], **event: Any
) -> None:
    """Press, make the file (`make` gives its path), download. An error of `make` downloads nothing."""
    download.button.click(make, inputs, [download.holder], **{**QUIET, **event}).success(
        None, None, None, js=_PRESS % f"{download.button.elem_id}-file", api_visibility="private"
    )
