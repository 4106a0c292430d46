"""The request to run: typed, drawn from a prompt set, or imported; with the turns before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gradio as gr

from cai_ui.pipeline import Services, left_off
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import Prompt, PromptKind
from cai_ui.tables import SUFFIXES
from cai_ui.text import PROMPT_LIMIT
from cai_ui.web.kit.choices import drawn, earlier_turns, set_choices, set_menu
from cai_ui.web.kit.events import AT_ONCE, NEWEST, QUIET, Changes
from cai_ui.web.kit.guard import bind, uploaded
from cai_ui.web.kit.present import notice
from cai_ui.web.revise import stepper, words
from cai_ui.web.session import Session, SessionParts

FILE_TYPES = [".txt", *SUFFIXES]


class AskBox:
    """The request, where it comes from, and the buttons that run and stop."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self._request()
            with gr.Column(scale=3, min_width=280):
                self._sources()
        with gr.Accordion(words.TURNS, open=False, elem_id="revise-turns") as self.turns:
            self.earlier = gr.Textbox(
                label=words.TURNS_TEXT,
                info=words.TURNS_HELP,
                placeholder=words.TURNS_EXAMPLE,
                lines=3,
                max_lines=16,
                elem_id="revise-earlier-turns",
            )
        self.drawn = gr.State(None)
        self.asked = [self.prompt, self.earlier, self.turns, self.drawn]

    def _request(self) -> None:
        self.prompt = gr.Textbox(
            label=words.REQUEST, placeholder=words.REQUEST_EXAMPLE, lines=3, max_lines=12, elem_id="revise-prompt"
        )
        with gr.Row(elem_classes="toolbar"):
            self.run = gr.Button(words.RUN, variant="primary", elem_id="revise-run", elem_classes="ctrl-enter once")
            self.stop = gr.Button(words.STOP, elem_id="revise-stop", interactive=False)

    def _sources(self) -> None:
        self.prompt_set = set_menu(self.services, "revise-set")
        with gr.Row(elem_classes="toolbar"):
            self.draw = gr.Button(words.DRAW, elem_id="revise-draw")
            self.load = gr.UploadButton(
                words.IMPORT, file_types=FILE_TYPES, elem_id="revise-import", elem_classes="quiet"
            )
        self.kind = gr.Dropdown(
            label=words.KIND, info=words.KIND_HELP, choices=[(word, kind) for kind, word in words.KINDS.items()],
            value="unknown", elem_id="revise-import-kind",
        )  # fmt: skip
        self.note = gr.HTML(f'<p class="muted">{words.FILES}</p>', elem_id="revise-import-note")

    def wire(self, other_menus: Sequence[gr.Dropdown], session: SessionParts) -> None:
        """Connect all but the run; `other_menus` offer the prompt sets too."""
        self.menus = [self.prompt_set, *other_menus]
        typed = {"fn": bind(self._typed), "inputs": [session.state, self.prompt], "outputs": None}
        self.prompt.input(**typed, **NEWEST)
        self.draw.click(bind(self._draw), [self.prompt_set], self.asked, **QUIET).then(**typed, **QUIET)
        self.stop.click(bind(stepper.stop_trace, session.stops), [session.state], None, **AT_ONCE)
        # a file that is refused would else stand above what was said of the one before
        self.load.upload(None, None, [self.note], js="() => ''", **QUIET)
        self.load.upload(bind(self._import), [self.load, self.kind], [*self.menus, self.note], **QUIET)
        session.ready.then(bind(self._sets), None, self.menus, **QUIET)

    def changes(self, prompt: Prompt) -> Changes:
        """A request and the turns before it, kept as they are; the box of these is open where there are any."""
        earlier = earlier_turns(prompt.turns)
        return {self.prompt: prompt.text, self.earlier: earlier, self.turns: gr.update(open=bool(earlier)),
                self.drawn: prompt}  # fmt: skip

    def asked_in(self, view: stepper.View) -> Changes:
        """The request and the turns of the trace that is shown; none for no trace."""
        if view.trace is None:
            return {}
        return self.changes(replace(view.trace.prompt, before=view.trace.conversation[:-1]))

    def _draw(self, prompt_set: str) -> Changes:
        return self.changes(drawn(self.services, prompt_set))

    def _typed(self, session: Session, text: str) -> None:
        """Keep what was typed, so that a reload does not lose it."""
        if len(text or "") <= PROMPT_LIMIT:
            left_off.leave(self.services, session.author, stepper.TYPED, text)

    def _import(self, path: str, kind: PromptKind) -> Changes:
        """The set of a file, chosen here and listed in all menus."""
        key, said = stepper.import_prompts(self.services, uploaded(path), kind)
        listed = self._sets()
        return {**listed, self.prompt_set: {**listed[self.prompt_set], "value": key}, self.note: notice(said, "good")}

    def _sets(self) -> Changes:
        choices = set_choices(prompt_sets(self.services))
        return {menu: gr.update(choices=choices) for menu in self.menus}
