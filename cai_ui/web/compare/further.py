"""What can be done with answers that are there: a follow-up for all, another seed, the words that differ."""

from __future__ import annotations

import gradio as gr

from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import Sight, spoken
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.events import QUIET, Changes
from cai_ui.web.kit.guard import bind

# Handlers


def difference_html(sight: Sight | None, one: str, other: str) -> str:
    """The words of two columns' last answers that differ; "" where one of them is not there."""
    texts = {} if sight is None else {variant.variant: variant for variant in spoken(sight.variants)}
    if one not in texts or other not in texts or one == other:
        return ""
    before, after = texts[one], texts[other]
    return diff_html(before.text, after.text, before.title, after.title)


class FurtherBox:
    """Stands under the answers once they are there."""

    def __init__(self) -> None:
        with gr.Column(visible=False, elem_id="compare-further") as self.box:
            with gr.Row(elem_classes="toolbar"):
                self.prompt = gr.Textbox(label=words.FOLLOW_UP, lines=1, max_lines=6, scale=4, elem_id="compare-follow")
                self.ask = gr.Button(words.ASK_ALL, elem_id="compare-follow-up", elem_classes="once", scale=0)
            with gr.Row(elem_classes="toolbar"):
                self.which = gr.Dropdown(
                    [(words.ALL_COLUMNS, "")], value="", label=words.AGAIN_OF, elem_id="compare-which", filterable=False
                )
                self.again = gr.Button(words.AGAIN, elem_id="compare-again", elem_classes="once", scale=0)
            with gr.Accordion(words.DIFFERENCE, open=False, elem_id="compare-diff-box"):
                with gr.Row():
                    self.one = gr.Dropdown([], label=words.ONE_COLUMN, elem_id="compare-diff-one", filterable=False)
                    self.other = gr.Dropdown(
                        [], label=words.OTHER_COLUMN, elem_id="compare-diff-other", filterable=False
                    )
                self.difference = gr.HTML(elem_id="compare-diff")
        self.inputs = {self.prompt, self.which}
        self.opens = [self.box, self.prompt, self.which, self.one, self.other, self.difference]

    def opened(self, sight: Sight) -> Changes:
        """For answers with names: offered once all are there."""
        if not sight.finished:
            return {self.box: gr.update()}
        said = [(variant.title, variant.variant) for variant in spoken(sight.variants)]
        one, other = (said[0][1], said[1][1]) if len(said) > 1 else (None, None)
        return {
            self.box: gr.update(visible=True),
            self.prompt: "",
            self.which: gr.update(choices=[(words.ALL_COLUMNS, ""), *sight.columns], value=""),
            self.one: gr.update(choices=said, value=one),
            self.other: gr.update(choices=said, value=other),
            self.difference: difference_html(sight, one or "", other or ""),
        }

    def closed(self) -> Changes:
        return {self.box: gr.update(visible=False)}

    def wire(self, sight: gr.State) -> None:
        """Connect it to the answers that are shown."""
        for menu in (self.one, self.other):
            menu.input(bind(difference_html), [sight, self.one, self.other], [self.difference], **QUIET)
