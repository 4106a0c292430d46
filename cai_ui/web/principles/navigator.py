"""The list of principles, with what finds one and what changes the list."""

from __future__ import annotations

import gradio as gr

from cai_ui.web.principles import words


class NavigatorBox:
    """The layout; what its buttons do concerns the whole tab and is wired there."""

    def __init__(self) -> None:
        self.search = gr.Textbox(
            label=words.FIND, placeholder=words.FIND_EXAMPLE, max_lines=1, elem_id="principles-search"
        )
        self.navigator = gr.Radio([], label=words.LIST, elem_id="principles-list", elem_classes="cai-navigator")
        with gr.Row(elem_classes="toolbar"):
            self.add = gr.Button(words.ADD, size="sm", elem_id="principles-add")
            self.duplicate = gr.Button(words.DUPLICATE, size="sm", elem_id="principles-duplicate")
            self.delete = gr.Button(words.DELETE, size="sm", elem_id="principles-delete", elem_classes="danger")
            self.up = gr.Button(words.UP, size="sm", elem_id="principles-up")
            self.down = gr.Button(words.DOWN, size="sm", elem_id="principles-down")
            self.undo = gr.Button(words.UNDO, size="sm", elem_id="principles-undo")
