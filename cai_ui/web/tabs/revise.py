"""Critique & Revision: one prompt through draft, critiques and revisions, live; and whole prompt sets.

A chain is stored step by step as it is made, so what was finished before a stop or a reload is there
afterwards under "Earlier chains".
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from cai_ui import pipeline
from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline import Services, StepEvent
from cai_ui.records import Prompt, Trace
from cai_ui.text import ANSWER_LIMIT, PROMPT_LIMIT, clean_text
from cai_ui.web import chain
from cai_ui.web.guard import bind
from cai_ui.web.present import hint, lead, notice, short
from cai_ui.web.session import Session, SessionParts, Stops
from cai_ui.web.tabs import batch, knobs

if TYPE_CHECKING:
    from cai_ui.web.app import AllParts

_PACE_S = 0.08
"""Least time between two updates of the page while text streams in."""

WHAT = "The model answers, criticises its answer by a principle, and rewrites it. Every step is kept."

EARLIER = 50
"""Chains offered under "Earlier chains"."""


@dataclass(frozen=True)
class View:
    """What the tab shows of a chain. `html` is ready-made; `trace` is None before anything is stored.

    `note` says why a chain ended early.
    """

    html: str
    trace: Trace | None
    note: str = ""


# Handlers


def draw_prompt(services: Services, prompt_set: str) -> str:
    """A prompt of the set, another one each time."""
    found = pipeline.list_prompts(services, prompt_set, 1, random.randrange(2**31))
    if not found:
        raise InputError("This prompt set is empty.", next_step="Choose another one or type a request.")
    return found[0].text


def run_chain(
    services: Services,
    stops: Stops,
    session: Session,
    text: str,
    settings: RevisionSettings,
    sampling: Sampling,
) -> Iterator[View]:
    """Stream one chain under the constitution in use; the last view holds the stored trace."""
    key = f"{session.page}:revise"
    flag = stops.start(key)
    try:
        version = pipeline.current_constitution(services)
        names = {p.id: p.name for p in version.constitution.principles}
        asked = as_prompt(services, clean_text(text, "Request", limit=PROMPT_LIMIT))
        events = pipeline.start_chain(services, asked, version.hash, settings, sampling, flag)
        yield from _stream(services, events, names)
    finally:
        stops.finish(key, flag)


def as_prompt(services: Services, text: str) -> str | Prompt:
    """The ready-made prompt with exactly this text, so that its kind goes along; otherwise the text as typed."""
    for key, _, count in pipeline.prompt_sets(services):
        for prompt in pipeline.list_prompts(services, key, count, 0):
            if prompt.text == text:
                return prompt
    return text


def stop_chain(services: Services, stops: Stops, session: Session) -> None:
    """End what this page streams; what is finished stays."""
    stops.stop(f"{session.page}:revise")


def show_trace(services: Services, trace_id: str) -> View:
    """A stored chain."""
    if not trace_id:
        return View(chain.NOTHING_YET, None)
    trace = pipeline.trace(services, trace_id)
    return View(chain.chain_html(trace.steps, principle_names(services, trace)), trace)


def reroll(
    services: Services, stops: Stops, session: Session, trace_id: str, step: int | None, seed: int
) -> Iterator[View]:
    """Ask the model for one step again with another seed; the steps after it are made anew as well."""
    key = f"{session.page}:revise"
    flag = stops.start(key)
    try:
        trace = pipeline.trace(services, _chosen(trace_id, step)[0])
        events = pipeline.reroll(services, trace_id, _chosen(trace_id, step)[1], seed, flag)
        yield from _stream(services, events, principle_names(services, trace))
    finally:
        stops.finish(key, flag)


def edit_step(services: Services, trace_id: str, step: int | None, text: str) -> View:
    """Keep a person's wording of one step; the model's own words stay beside it in the record."""
    trace_id, index = _chosen(trace_id, step)
    trace = pipeline.edit_step(services, trace_id, index, clean_text(text, "Text", limit=ANSWER_LIMIT))
    return show_trace(services, trace.id)


def send_to_curate(services: Services, trace_id: str) -> str:
    """Put the chain's first and last answer into the queue of Curate; says so."""
    if not trace_id:
        raise InputError("There is no chain yet.", next_step="Run one first.")
    pipeline.send_to_curate(services, trace_id)
    return "It is in the queue of the Curate tab now."


def earlier_chains(services: Services) -> list[tuple[str, str]]:
    """Label and id of the latest chains, newest first."""
    return [(chain.trace_label(trace), trace.id) for trace in pipeline.recent_traces(services, EARLIER)]


def step_text(services: Services, trace_id: str, step: int | None) -> str:
    """Text of the chosen step, to be edited."""
    if not trace_id or step is None:
        return ""
    steps = pipeline.trace(services, trace_id).steps
    return steps[step].text if 0 <= step < len(steps) else ""


def principle_names(services: Services, trace: Trace) -> dict[str, str]:
    """Names of the principles of the constitution that a chain was made under."""
    constitution = pipeline.version(services, trace.constitution_hash).constitution
    return {p.id: p.name for p in constitution.principles}


def _stream(services: Services, events: Iterator[StepEvent], names: dict[str, str]) -> Iterator[View]:
    """Views of a chain as it grows: not more often than the page can follow, and one at each finished step."""
    shown_at, trace, note = 0.0, None, ""
    try:
        for event in events:
            trace = event.trace
            now = time.monotonic()
            if event.step is None and now - shown_at < _PACE_S:
                continue
            shown_at = now
            live = None
            if event.step is None:
                live = chain.Live(event.kind, event.principle.id if event.principle else None, event.text)
            yield View(chain.chain_html(trace.steps, names, live), None)
    except CaiError as error:
        if trace is None:
            raise
        note = f"The chain ended early: {error} The finished steps are kept."
    if trace is not None:
        yield dataclasses.replace(show_trace(services, trace.id), note=note)


def _chosen(trace_id: str, step: int | None) -> tuple[str, int]:
    if not trace_id or step is None:
        raise InputError("No step is chosen.", next_step="Run a chain and choose one of its steps.")
    return trace_id, int(step)


# Layout


@dataclass(frozen=True)
class AskParts:
    """Where the request comes from, and the buttons that run and stop."""

    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    prompt_set: gr.Dropdown
    draw: gr.Button


@dataclass(frozen=True)
class ChangeParts:
    """The box under a finished chain: choose a step, reword it, ask again, send on."""

    box: gr.Column
    step: gr.Radio
    text: gr.Textbox
    keep: gr.Button
    again: gr.Button
    send: gr.Button


@dataclass(frozen=True)
class ReviseParts:
    """The tab's components. `trace_id` is hidden and travels with the page's fields."""

    tab: gr.Tab
    ask: AskParts
    knobs: knobs.KnobParts
    trace_id: gr.Textbox
    chain: gr.HTML
    diff: gr.HTML
    change: ChangeParts
    note: gr.HTML
    earlier: gr.Dropdown
    batch: batch.BatchParts

    @property
    def shown(self) -> list[Any]:
        """What one view of a chain fills."""
        return [self.chain, self.diff, self.trace_id, self.change.box, self.change.step, self.change.text, self.note]


def build(services: Services) -> ReviseParts:
    """The tab's layout."""
    sets = pipeline.prompt_sets(services)
    with gr.Tab("Critique & Revision", id="revise", elem_id="tab-revise") as tab:
        gr.HTML(lead("Critique & Revision", WHAT))
        ask = _ask(sets)
        how = knobs.build()
        trace_id = gr.Textbox(visible="hidden", elem_id="revise-trace")
        chain_box = gr.HTML(chain.NOTHING_YET, elem_id="revise-chain")
        diff = gr.HTML("", elem_id="revise-diff")
        change = _change()
        note = gr.HTML("", elem_id="revise-note")
        earlier = gr.Dropdown(
            [], label="Earlier chains", info="Kept in the workspace.", elem_id="revise-earlier", visible=False
        )
        batch_parts = batch.build(services, sets)
        gr.HTML(hint("Send good chains to Curate, or run a whole prompt set below and judge the results there."))
    return ReviseParts(tab, ask, how, trace_id, chain_box, diff, change, note, earlier, batch_parts)


def _ask(sets: Sequence[tuple[str, str, int]]) -> AskParts:
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            prompt = gr.Textbox(
                label="Request",
                placeholder="Type what somebody asks the model",
                lines=3,
                max_lines=12,
                elem_id="revise-prompt",
            )
            with gr.Row(elem_classes="toolbar"):
                run = gr.Button("Run (Ctrl+Enter)", variant="primary", elem_id="revise-run", elem_classes="ctrl-enter")
                stop = gr.Button("Stop", elem_id="revise-stop", interactive=False)
        with gr.Column(scale=3, min_width=280):
            prompt_set = gr.Dropdown(
                [(f"{title} ({count:,})", key) for key, title, count in sets],
                value=sets[0][0] if sets else None,
                label="Ready-made requests",
                elem_id="revise-set",
                filterable=False,
            )
            draw = gr.Button("Draw one at random", elem_id="revise-draw")
    return AskParts(prompt, run, stop, prompt_set, draw)


def _change() -> ChangeParts:
    with gr.Column(visible=False, elem_id="revise-after", elem_classes="card") as box:
        step = gr.Radio([], label="Change a step", elem_id="revise-step")
        text = gr.Textbox(label="Its text", lines=4, max_lines=16, elem_id="revise-text")
        with gr.Row(elem_classes="toolbar"):
            keep = gr.Button("Keep my wording", elem_id="revise-keep")
            again = gr.Button("Ask again with a new seed", elem_id="revise-again")
            send = gr.Button("Send to Curate", variant="primary", elem_id="revise-send")
    return ChangeParts(box, step, text, keep, again, send)


# Wiring


def wire(services: Services, parts: ReviseParts, session: SessionParts, all_parts: AllParts) -> None:
    """Connect the components. Streaming events share the model's place in the queue."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    model: dict[str, Any] = {**quiet, "concurrency_id": "model", "concurrency_limit": 4}
    buttons = [parts.ask.run, parts.change.again, parts.ask.stop]
    lists = [parts.earlier, parts.knobs.principle]

    parts.ask.draw.click(bind(draw_prompt, services), [parts.ask.prompt_set], [parts.ask.prompt], **quiet)
    running = [
        parts.ask.run.click(
            bind(_run, services, session.stops, parts.knobs),
            [session.state, parts.ask.prompt, *parts.knobs.inputs],
            [*parts.shown, *buttons],
            **model,
        ),
        parts.change.again.click(
            bind(_again, services, session.stops),
            [session.state, parts.trace_id, parts.change.step],
            [*parts.shown, *buttons],
            **model,
        ),
    ]
    for event in running:
        event.then(_idle, None, buttons, **quiet).then(bind(_lists, services), [parts.trace_id], lists, **quiet)
    parts.ask.stop.click(bind(stop_chain, services, session.stops), [session.state], None, queue=False, **quiet)
    parts.change.step.input(
        bind(step_text, services), [parts.trace_id, parts.change.step], [parts.change.text], **quiet
    )
    parts.change.keep.click(
        bind(_edit, services), [parts.trace_id, parts.change.step, parts.change.text], parts.shown, **quiet
    )
    parts.change.send.click(bind(_send, services), [parts.trace_id], [parts.note], **quiet)
    parts.earlier.input(bind(_open, services), [parts.earlier], [*parts.shown, parts.ask.prompt], **quiet)
    session.ready.then(bind(_lists, services), [parts.trace_id], lists, **quiet).then(
        bind(_open, services), [parts.earlier], [*parts.shown, parts.ask.prompt], **quiet
    )
    parts.tab.select(bind(_lists, services), [parts.trace_id], lists, **quiet)
    knobs.wire(parts.knobs)
    batch.wire(services, parts.batch, parts.knobs, parts.tab, session)


def _run(
    services: Services,
    stops: Stops,
    how: knobs.KnobParts,
    session: Session,
    text: str,
    *values: Any,
) -> Iterator[list[Any]]:
    settings, sampling = how.read(values)
    for view in run_chain(services, stops, session, text, settings, sampling):
        yield [*_updates(view), *_busy()]


def _again(services: Services, stops: Stops, session: Session, trace_id: str, step: int | None) -> Iterator[list[Any]]:
    for view in reroll(services, stops, session, trace_id, step, random.randrange(2**31)):
        yield [*_updates(view), *_busy()]


def _busy() -> list[Any]:
    return [gr.update(interactive=False), gr.update(interactive=False), gr.update(interactive=True)]


def _idle() -> list[Any]:
    return [gr.update(interactive=True), gr.update(interactive=True), gr.update(interactive=False)]


def _edit(services: Services, trace_id: str, step: int | None, text: str) -> list[Any]:
    return _updates(edit_step(services, trace_id, step, text), step)


def _open(services: Services, trace_id: str | None) -> list[Any]:
    view = show_trace(services, trace_id or "")
    return [*_updates(view), view.trace.prompt.text if view.trace else gr.skip()]


def _send(services: Services, trace_id: str) -> str:
    return notice(send_to_curate(services, trace_id), "good")


def _lists(services: Services, trace_id: str) -> list[Any]:
    """Choices of earlier chains (the newest one chosen when none is shown) and of principles."""
    chains = earlier_chains(services)
    ids = [value for _, value in chains]
    version = pipeline.current_constitution(services)
    usable = [(p.name, p.id) for p in version.constitution.principles if p.kind == "critique"]
    return [
        gr.update(
            choices=chains, value=trace_id if trace_id in ids else (ids[0] if ids else None), visible=bool(chains)
        ),
        gr.update(choices=usable, info=f"Used in every round. From version {short(version.hash)}."),
    ]


def _updates(view: View, step: int | None = None) -> list[Any]:
    """Values of `ReviseParts.shown`; while text streams in, only the chain changes."""
    if view.trace is None:
        hidden = gr.update(visible=False)
        return [view.html, "", gr.skip() if view.html != chain.NOTHING_YET else "", hidden, gr.skip(), gr.skip(), ""]
    titles = [(title, index) for index, title in enumerate(chain.step_titles(view.trace.steps))]
    last = len(titles) - 1 if step is None or step >= len(titles) else step
    return [
        view.html,
        chain.trace_diff(view.trace),
        view.trace.id,
        gr.update(visible=bool(titles)),
        gr.update(choices=titles, value=last if titles else None),
        view.trace.steps[last].text if titles else "",
        notice(view.note, "bad") if view.note else "",
    ]
