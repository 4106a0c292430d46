"""The trace on the page, and the box under it: walk its branches, change a step, label it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import gradio as gr

from cai_ui import revise
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import chains
from cai_ui.pipeline.revise.chains import Reroll
from cai_ui.records import Trace
from cai_ui.web.kit.events import MODEL, NEWEST, QUIET, Changes, Given
from cai_ui.web.kit.forms import optional_number, read_number
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, notice
from cai_ui.web.kit.sight import sees_end
from cai_ui.web.revise import stepper, trace_html, words
from cai_ui.web.revise.stepper import View
from cai_ui.web.session import Session, SessionParts


def principle_choices(services: Services, trace: Trace) -> list[tuple[str, str]]:
    """Principles that a step may be asked again under."""
    constitution = services.store.version(trace.constitution_hash).constitution
    usable = [(p.name, p.id) for p in constitution.principles if p.kind == "critique" and p.revision_request.strip()]
    return [(words.SAME, ""), *usable]


class BranchBox:
    """The steps as HTML, and the box. `trace_id` is hidden and travels with the page's fields.

    `shown` is what one view of a trace fills.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.steps = gr.HTML(trace_html.NOTHING_YET, elem_id="revise-chain")
        self.trace_id = gr.Textbox(visible="hidden", elem_id="revise-trace")
        with gr.Column(visible=False, elem_id="revise-after", elem_classes="card") as self.box:
            with gr.Row(elem_classes="toolbar"):
                self.go_on = gr.Button(words.RESUME, elem_id="revise-go-on", elem_classes="once")
                self.send = gr.Button(words.SEND, variant="primary", elem_id="revise-send")
                self.replay = gr.Button(words.REPLAY, elem_id="revise-replay")
            self.note = gr.HTML("", elem_id="revise-note")
            self.tree = gr.Radio([], label=words.BRANCHES, elem_id="revise-tree", elem_classes="cai-navigator cai-tree")
            self.step = gr.Radio([], label=words.STEP, elem_id="revise-step")
            self.text = gr.Textbox(label=words.TEXT, lines=4, max_lines=16, elem_id="revise-text")
            with gr.Row(elem_classes="toolbar"):
                self.keep = gr.Button(words.KEEP, elem_id="revise-keep")
            self._reroll()
            self._labels()
        self.shown = [
            self.steps, self.trace_id, self.box, self.tree, self.go_on, self.step, self.text, self.principle,
            self.labels, self.labelled, self.note,
        ]  # fmt: skip

    def _reroll(self) -> None:
        with gr.Accordion(words.REROLL, open=False, elem_id="revise-reroll"):
            with gr.Row():
                self.seed = optional_number(words.SEED, empty=words.NEW_ONE, elem_id="revise-again-seed")
                self.temperature = optional_number(
                    words.TEMPERATURE, empty=words.AS_BEFORE, elem_id="revise-again-temperature"
                )
                self.principle = gr.Dropdown(
                    [(words.SAME, "")], value="", label=words.PRINCIPLE, elem_id="revise-again-principle", min_width=240
                )
            self.again = gr.Button(words.AGAIN, elem_id="revise-again", elem_classes="once")

    def _labels(self) -> None:
        with gr.Accordion(words.LABELS, open=False, elem_id="revise-labels-box"):
            self.labels = gr.CheckboxGroup(
                list(revise.LABELS), label=words.LABELS_LIST, info=words.LABELS_HELP, elem_id="revise-labels"
            )
            with gr.Row(elem_classes="toolbar"):
                self.keep_labels = gr.Button(words.KEEP_LABELS, elem_id="revise-labels-keep")
                self.compute_labels = gr.Button(words.COMPUTE_LABELS, elem_id="revise-labels-compute")
            self.labelled = gr.HTML(elem_id="revise-labelled")

    def wire(self, run: gr.Button, stop: gr.Button, session: SessionParts) -> list[gr.events.Dependency]:
        """Connect the box; gives the streaming events. `run` and `stop` stand beside the request."""
        self.session, self.stop, self.begin = session, stop, [run, self.again, self.go_on]
        self.streamed = [*self.shown, *self.begin, stop]
        chosen, shown = [session.state, self.trace_id, self.step], self.shown
        self.tree.input(bind(self._open), [session.state, self.tree], shown, **NEWEST)
        self.step.input(
            bind(self._choose), [self.trace_id, self.step], [self.text, self.labels, self.principle], **NEWEST
        )
        self.keep.click(bind(self._edit), {*chosen, self.text}, shown, **QUIET).success(**sees_end("revise-chain"))
        self.again.click(**sees_end("revise-chain"))
        self.keep_labels.click(bind(self._label), {*chosen, self.labels}, shown, **QUIET)
        self.compute_labels.click(bind(self._compute), chosen, shown, **QUIET)
        self.send.click(bind(self._send), [self.trace_id], [self.note], **QUIET)
        self.replay.click(bind(self._replay), [session.state, self.trace_id], [self.note], **MODEL)
        asked = {*chosen, self.seed, self.temperature, self.principle}
        return [
            self.again.click(bind(self._again), asked, self.streamed, **MODEL),
            self.go_on.click(bind(self._go_on), [session.state, self.trace_id], self.streamed, **MODEL),
        ]

    def changes(self, view: View, step: int | None = None) -> Changes:
        """A view of a trace; while text streams in, only the steps change. `step` is the one to be edited."""
        trace = view.trace
        if trace is None:
            forgotten: Changes = {self.trace_id: ""} if view.html == trace_html.NOTHING_YET else {}
            return {self.steps: view.html, **forgotten, self.box: gr.update(visible=False), self.note: ""}
        missing = chains.missing_steps(trace)
        return {
            self.steps: view.html,
            self.trace_id: trace.id,
            self.box: gr.update(visible=bool(trace.steps)),
            self.tree: gr.update(
                choices=trace_html.branch_labels(view.family), value=trace.id, visible=len(view.family) > 1
            ),
            self.go_on: gr.update(visible=bool(missing), value=f"{words.RESUME} ({counted(missing, 'step')} missing)"),
            self.note: notice(view.note, "bad") if view.note else "",
            **self._edited(trace, step),
        }

    def _edited(self, trace: Trace, step: int | None) -> Changes:
        titles = [(title, index) for index, title in enumerate(revise.step_titles(trace.steps))]
        last = len(titles) - 1 if step is None or step >= len(titles) else step
        return {
            self.step: gr.update(choices=titles, value=last if titles else None),
            self.text: trace.steps[last].text if titles else "",
            self.principle: gr.update(choices=principle_choices(self.services, trace), value=""),
            self.labels: stepper.step_labels(self.services, trace.id, last),
            self.labelled: "",
        }

    def streaming(self, view: View, step: int | None = None) -> Changes:
        """A view, while nothing else may begin; `step` is the one to be edited then."""
        shown = self.changes(view, step)
        busy = {button: {**shown.get(button, {}), **gr.update(interactive=False)} for button in self.begin}
        return {**shown, **busy, self.stop: gr.update(interactive=True)}

    def idle(self) -> Changes:
        """The buttons after a stream."""
        return {
            **{button: gr.update(interactive=True) for button in self.begin},
            self.stop: gr.update(interactive=False),
        }

    def _again(self, given: Given) -> Iterator[Changes]:
        seed = read_number(given[self.seed], "The seed", 0, 2**31 - 1)
        change = Reroll(
            random.randrange(2**31) if seed is None else int(seed),
            read_number(given[self.temperature], "The temperature", 0, 2),
            given[self.principle] or "",
        )
        for view in stepper.reroll(self.services, self.session.stops, *self._chosen(given), change):
            yield self.streaming(view, given[self.step])

    def _go_on(self, session: Session, trace_id: str) -> Iterator[Changes]:
        for view in stepper.go_on(self.services, self.session.stops, session, trace_id):
            yield self.streaming(view)

    def _open(self, session: Session, trace_id: str) -> Changes:
        return self.changes(stepper.show_trace(self.services, session, trace_id))

    def _choose(self, trace_id: str, step: int | None) -> Changes:
        text, labels = (read(self.services, trace_id, step) for read in (stepper.step_text, stepper.step_labels))
        return {self.text: text, self.labels: labels, self.principle: ""}

    def _edit(self, given: Given) -> Changes:
        view = stepper.edit_step(self.services, *self._chosen(given), given[self.text])
        return self.changes(view, given[self.step])

    def _label(self, given: Given) -> Changes:
        view = stepper.label_step(self.services, *self._chosen(given), given[self.labels] or [])
        return {**self.changes(view, given[self.step]), self.labelled: notice(words.LABELS_KEPT, "good")}

    def _compute(self, session: Session, trace_id: str, step: int | None) -> Changes:
        view = stepper.label_step(self.services, session, trace_id, step, None)
        return {**self.changes(view, step), self.labelled: notice(words.LABELS_COMPUTED, "good")}

    def _send(self, trace_id: str) -> str:
        return notice(stepper.send_to_curate(self.services, trace_id), "good")

    def _replay(self, session: Session, trace_id: str) -> str:
        said, diff = stepper.replay_note(self.services, self.session.stops, session, trace_id)
        return notice(said, "bad" if diff else "good") + diff

    def _chosen(self, given: Given) -> tuple[Session, str, int | None]:
        return given[self.session.state], given[self.trace_id], given[self.step]
