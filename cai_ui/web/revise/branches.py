"""The box under a chain: walk its branches, change a step, label it, compare any two."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui import revise
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import chains
from cai_ui.pipeline.revise.chains import Reroll
from cai_ui.web.kit import forms
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.revise import stepper, trace_html
from cai_ui.web.revise.stepper import View
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

SAME = "the same as before"


@dataclass(frozen=True)
class BranchParts:
    """The box's components. `trace_id` is hidden and travels with the page's fields."""

    trace_id: gr.Textbox
    box: gr.Column
    tree: gr.Radio
    go_on: gr.Button
    send: gr.Button
    replay: gr.Button
    step: gr.Radio
    text: gr.Textbox
    keep: gr.Button
    seed: gr.Textbox
    temperature: gr.Textbox
    principle: gr.Dropdown
    again: gr.Button
    labels: gr.CheckboxGroup
    keep_labels: gr.Button
    compute_labels: gr.Button
    before: gr.Dropdown
    after: gr.Dropdown
    diff: gr.HTML
    note: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """What one view of a chain fills, in the order of `updates`."""
        return [
            self.trace_id, self.box, self.tree, self.go_on, self.step, self.text, self.principle, self.labels,
            self.before, self.after, self.diff, self.note,
        ]  # fmt: skip

    @property
    def change(self) -> list[Any]:
        """What a re-roll reads."""
        return [self.trace_id, self.step, self.seed, self.temperature, self.principle]


# Layout


def build() -> BranchParts:
    """The box's layout."""
    trace_id = gr.Textbox(visible="hidden", elem_id="revise-trace")
    with gr.Column(visible=False, elem_id="revise-after", elem_classes="card") as box:
        with gr.Row(elem_classes="toolbar"):
            go_on = gr.Button("Go on with this chain", elem_id="revise-go-on")
            send = gr.Button("Send to Curate", variant="primary", elem_id="revise-send")
            replay = gr.Button("Replay and compare", elem_id="revise-replay")
        tree = gr.Radio([], label="Branches", elem_id="revise-tree", elem_classes="cai-navigator cai-tree")
        step = gr.Radio([], label="Change a step", elem_id="revise-step")
        text = gr.Textbox(label="Its text", lines=4, max_lines=16, elem_id="revise-text")
        with gr.Row(elem_classes="toolbar"):
            keep = gr.Button("Branch with my wording", elem_id="revise-keep")
        with gr.Accordion("Ask the model for this step again", open=False, elem_id="revise-reroll"):
            with gr.Row():
                seed = forms.optional_number("Seed", empty="a new one", elem_id="revise-again-seed")
                temperature = forms.optional_number(
                    "Temperature", empty="as before", elem_id="revise-again-temperature"
                )
                principle = gr.Dropdown(
                    [SAME], value=SAME, label="Principle", elem_id="revise-again-principle", min_width=240
                )
            again = gr.Button("Ask again as a branch", elem_id="revise-again")
        with gr.Accordion("What this step did", open=False, elem_id="revise-labels-box"):
            labels = gr.CheckboxGroup(
                list(revise.LABELS),
                label="Labels",
                info="Computed from the texts. Set them by hand where the rules are wrong; yours are counted then.",
                elem_id="revise-labels",
            )
            with gr.Row(elem_classes="toolbar"):
                keep_labels = gr.Button("Keep these labels", elem_id="revise-labels-keep")
                compute_labels = gr.Button("Compute them again", elem_id="revise-labels-compute")
        with gr.Row():
            before = gr.Dropdown([], label="Compare", elem_id="revise-before", min_width=200)
            after = gr.Dropdown([], label="with", elem_id="revise-after-step", min_width=200)
        diff = gr.HTML("", elem_id="revise-diff")
    note = gr.HTML("", elem_id="revise-note")
    return BranchParts(
        trace_id, box, tree, go_on, send, replay, step, text, keep, seed, temperature, principle, again, labels,
        keep_labels, compute_labels, before, after, diff, note,
    )  # fmt: skip


# Wiring


def wire(
    services: Services, parts: BranchParts, chain_box: gr.HTML, buttons: list[Any], session: SessionParts
) -> list[Any]:
    """Connect the box; gives the streaming events. `buttons` are those that `busy` and `idle` switch."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    model: dict[str, Any] = {**quiet, "concurrency_id": "model", "concurrency_limit": 4}
    shown = [chain_box, *parts.shown]
    streams = [
        parts.again.click(
            bind(_again, services, session.stops), [session.state, *parts.change], [*shown, *buttons], **model
        ),
        parts.go_on.click(
            bind(_go_on, services, session.stops), [session.state, parts.trace_id], [*shown, *buttons], **model
        ),
    ]
    parts.tree.input(bind(_open, services), [session.state, parts.tree], shown, trigger_mode="always_last", **quiet)
    parts.step.input(
        bind(_choose, services),
        [parts.trace_id, parts.step],
        [parts.text, parts.labels, parts.principle],
        trigger_mode="always_last",
        **quiet,
    )
    parts.keep.click(bind(_edit, services), [session.state, parts.trace_id, parts.step, parts.text], shown, **quiet)
    labelling = [session.state, parts.trace_id, parts.step]
    parts.keep_labels.click(bind(_label, services), [*labelling, parts.labels], shown, **quiet)
    parts.compute_labels.click(bind(_compute, services), labelling, shown, **quiet)
    parts.send.click(bind(_send, services), [parts.trace_id], [parts.note], **quiet)
    parts.replay.click(
        bind(_replay, services, session.stops), [session.state, parts.trace_id], [parts.note, parts.diff], **model
    )
    for menu in (parts.before, parts.after):
        menu.input(
            bind(stepper.compare_steps, services),
            [parts.before, parts.after],
            [parts.diff],
            trigger_mode="always_last",
            **quiet,
        )
    return streams


def updates(services: Services, view: View, step: int | None = None) -> list[Any]:
    """Values for the chain and for `BranchParts.shown`; while text streams in, only the chain changes."""
    trace = view.trace
    if trace is None:
        empty = view.html == trace_html.NOTHING_YET
        rest = [gr.skip()] * 8
        return [view.html, "" if empty else gr.skip(), gr.update(visible=False), *rest, "", ""]
    titles = [(title, index) for index, title in enumerate(revise.step_titles(trace.steps))]
    last = len(titles) - 1 if step is None or step >= len(titles) else step
    choices = stepper.step_choices(view)
    ends = _ends(view)
    missing = chains.missing_steps(trace)
    return [
        view.html,
        trace.id,
        gr.update(visible=bool(titles)),
        gr.update(choices=trace_html.branch_labels(view.family), value=trace.id, visible=len(view.family) > 1),
        gr.update(visible=bool(missing), value=f"Go on with this chain ({missing} steps)"),
        gr.update(choices=titles, value=last if titles else None),
        trace.steps[last].text if titles else "",
        gr.update(choices=principle_choices(services, trace), value=SAME),
        stepper.step_labels(services, trace.id, last),
        gr.update(choices=choices, value=ends[0]),
        gr.update(choices=choices, value=ends[1]),
        stepper.compare_steps(services, *ends),
        notice(view.note, "bad") if view.note else "",
    ]


def principle_choices(services: Services, trace: Any) -> list[Any]:
    """Principles that a step may be asked again under."""
    constitution = services.store.version(trace.constitution_hash).constitution
    usable = [(p.name, p.id) for p in constitution.principles if p.kind == "critique" and p.revision_request.strip()]
    return [(SAME, SAME), *usable]


def busy() -> list[Any]:
    """The buttons while something streams: run, again, go on, stop."""
    return [*[gr.update(interactive=False)] * 3, gr.update(interactive=True)]


def idle() -> list[Any]:
    return [*[gr.update(interactive=True)] * 3, gr.update(interactive=False)]


def _ends(view: View) -> tuple[str | None, str | None]:
    """First and last answer of the chain shown, or of its parent's and its own changed step for a branch."""
    trace = view.trace
    answers = [i for i, s in enumerate(trace.steps) if s.kind != "critique"] if trace else []
    if trace is None or len(answers) < 2:
        return None, None
    return f"{trace.id}:{answers[0]}", f"{trace.id}:{answers[-1]}"


def _again(
    services: Services, stops: Stops, session: Session, trace_id: str, step: int | None, *values: Any
) -> Iterator[list[Any]]:
    seed, temperature, principle = values
    seed = forms.read_number(seed, "The seed", 0, 2**31 - 1)
    change = Reroll(
        random.randrange(2**31) if seed is None else int(seed),
        forms.read_number(temperature, "The temperature", 0, 2),
        "" if principle in (None, SAME) else principle,
    )
    for view in stepper.reroll(services, stops, session, trace_id, step, change):
        yield [*updates(services, view), *busy()]


def _go_on(services: Services, stops: Stops, session: Session, trace_id: str) -> Iterator[list[Any]]:
    for view in stepper.go_on(services, stops, session, trace_id):
        yield [*updates(services, view), *busy()]


def _open(services: Services, session: Session, trace_id: str) -> list[Any]:
    return updates(services, stepper.show_trace(services, session, trace_id))


def _choose(services: Services, trace_id: str, step: int | None) -> list[Any]:
    return [stepper.step_text(services, trace_id, step), stepper.step_labels(services, trace_id, step), SAME]


def _edit(services: Services, session: Session, trace_id: str, step: int | None, text: str) -> list[Any]:
    return updates(services, stepper.edit_step(services, session, trace_id, step, text), step)


def _label(
    services: Services, session: Session, trace_id: str, step: int | None, labels: list[str] | None
) -> list[Any]:
    return updates(services, stepper.label_step(services, session, trace_id, step, labels or []), step)


def _compute(services: Services, session: Session, trace_id: str, step: int | None) -> list[Any]:
    return updates(services, stepper.label_step(services, session, trace_id, step, None), step)


def _send(services: Services, trace_id: str) -> str:
    return notice(stepper.send_to_curate(services, trace_id), "good")


def _replay(services: Services, stops: Stops, session: Session, trace_id: str) -> list[Any]:
    said, diff = stepper.replay_note(services, stops, session, trace_id)
    return [notice(said, "bad" if diff else "good"), diff or gr.skip()]
