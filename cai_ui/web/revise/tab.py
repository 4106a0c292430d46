"""Critique & Revision: one prompt through draft, critiques and revisions, live; and whole prompt sets.

The panels of the tab have files of their own: `knobs` (how it runs), `branches` (what can be done with a chain),
`traces` (earlier ones), `few_shot` (few-shot examples), `format_lab` (prompt formats) and `batch` (prompt sets).
What they do is in `web/stepper.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services, left_off
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import PromptSet
from cai_ui.text import PROMPT_LIMIT
from cai_ui.web.kit.choices import draw_prompt, earlier_turns, set_choices
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead, notice, short
from cai_ui.web.revise import batch, branches, few_shot, format_lab, knobs, stepper, trace_html, traces
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

FILE_TYPES = [".txt", ".jsonl", ".gz", ".csv", ".tsv", ".parquet"]
WHAT = "The model answers, criticises its answer by a principle, and rewrites it. Every step is kept."


@dataclass(frozen=True)
class AskParts:
    """Where the request comes from, and the buttons that run and stop."""

    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    prompt_set: gr.Dropdown
    draw: gr.Button
    load: gr.UploadButton
    note: gr.HTML
    turns: gr.Accordion
    earlier: gr.Textbox


@dataclass(frozen=True)
class ReviseParts:
    """The tab's components, panel by panel."""

    tab: gr.Tab
    ask: AskParts
    knobs: knobs.KnobParts
    chain: gr.HTML
    branches: branches.BranchParts
    traces: traces.TracesParts
    few_shot: few_shot.FewShotParts
    lab: format_lab.LabParts
    batch: batch.BatchBox

    @property
    def shown(self) -> list[Any]:
        """What one view of a chain fills."""
        return [self.chain, *self.branches.shown]

    @property
    def lists(self) -> list[Any]:
        """Menus that depend on what is stored: earlier chains, principles, adapters."""
        return [self.traces.found, self.knobs.principle, *self.knobs.sides]


# Layout


def build(services: Services) -> ReviseParts:
    """The tab's layout."""
    sets = prompt_sets(services)
    with gr.Tab("Critique & Revision", id="revise", elem_id="tab-revise") as tab:
        gr.HTML(lead("Critique & Revision", WHAT))
        ask = _ask(sets)
        how = knobs.build(services.settings)
        chain_box = gr.HTML(trace_html.NOTHING_YET, elem_id="revise-chain")
        branch_parts = branches.build()
        trace_parts = traces.build()
        few_shot_parts = few_shot.build()
        lab_parts = format_lab.build(sets)
        batch_parts = batch.BatchBox(services, sets)
        gr.HTML(hint("Send good chains to Curate, or run a whole prompt set below and judge the results there."))
    return ReviseParts(tab, ask, how, chain_box, branch_parts, trace_parts, few_shot_parts, lab_parts, batch_parts)


def _ask(sets: Sequence[PromptSet]) -> AskParts:
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
                set_choices(sets),
                value=sets[0].key if sets else None,
                label="Ready-made requests",
                elem_id="revise-set",
                filterable=False,
            )
            with gr.Row(elem_classes="toolbar"):
                draw = gr.Button("Draw one at random", elem_id="revise-draw")
                load = gr.UploadButton(
                    "Import requests", file_types=FILE_TYPES, elem_id="revise-import", elem_classes="quiet"
                )
            note = gr.HTML(hint_of_import(), elem_id="revise-import-note")
    with gr.Accordion("Earlier turns of the conversation", open=False, elem_id="revise-turns") as turns:
        earlier = gr.Textbox(
            label="Turns before the request",
            info="Each turn on a line of its own that begins with “Human:” or “Assistant:”, the assistant's last.",
            placeholder="Human: Hello!\nAssistant: Hello, how can I help?",
            lines=3,
            max_lines=16,
            elem_id="revise-earlier-turns",
        )
    return AskParts(prompt, run, stop, prompt_set, draw, load, note, turns, earlier)


def hint_of_import() -> str:
    """What a file of requests may be."""
    return (
        '<p class="muted">Files: text with a request a line, or JSON lines, CSV and Parquet with <code>prompt</code>, '
        "<code>messages</code> or <code>chosen</code>.</p>"
    )


# Wiring


def wire(services: Services, parts: ReviseParts, session: SessionParts, other_menus: Sequence[gr.Dropdown]) -> None:
    """Connect the components. Streaming events share the model's place in the queue."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    model: dict[str, Any] = {**quiet, "concurrency_id": "model", "concurrency_limit": 4}
    ask = parts.ask
    buttons = [ask.run, parts.branches.again, parts.branches.go_on, ask.stop]
    asked = [ask.prompt, ask.earlier, ask.turns]
    opened = [*parts.shown, *asked]
    listing = [parts.branches.trace_id, parts.traces.search]
    lists = bind(_lists, services)

    run = ask.run.click(
        bind(_run, services, session.stops, parts.knobs),
        [session.state, ask.prompt, ask.earlier, *parts.knobs.inputs],
        [*parts.shown, *buttons],
        **model,
    )
    for event in (run, *branches.wire(services, parts.branches, parts.chain, buttons, session)):
        event.then(branches.idle, None, buttons, **quiet).then(lists, listing, parts.lists, **quiet)
    ask.stop.click(bind(stepper.stop_chain, services, session.stops), [session.state], None, queue=False, **quiet)
    menus = [ask.prompt_set, parts.batch.prompt_set, parts.lab.prompt_set, *other_menus]
    ask.load.upload(bind(_import, services), [ask.load], [*menus, ask.note], **quiet)
    session.ready.then(bind(_sets, services), None, menus, **quiet)
    ask.draw.click(bind(_draw, services), [ask.prompt_set], asked, **quiet).then(
        bind(_typed, services), [session.state, ask.prompt], None, **quiet
    )
    ask.prompt.input(bind(_typed, services), [session.state, ask.prompt], None, trigger_mode="always_last", **quiet)
    parts.traces.found.input(bind(_open, services), [session.state, parts.traces.found], opened, **quiet)
    session.restore(bind(_restore, services, parts.knobs), [session.state], [*opened, *parts.knobs.forms])
    for trigger in (parts.tab.select, session.ready.then, session.strip.change):
        trigger(lists, listing, parts.lists, **quiet)
    knobs.wire(parts.knobs)
    traces.wire(services, parts.traces, parts.branches.trace_id)
    few_shot.wire(services, parts.few_shot, parts.tab, session)
    format_lab.wire(services, parts.lab, session)
    parts.batch.wire(parts.knobs, parts.tab, session)


def _run(
    services: Services,
    stops: Stops,
    how: knobs.KnobParts,
    session: Session,
    text: str,
    earlier: str,
    *values: Any,
) -> Iterator[list[Any]]:
    settings, sampling = how.read(values)
    kept = {"revision": settings.model_dump(), "sampling": sampling.model_dump()}
    left_off.leave(services, session.author, stepper.SETTINGS, kept)
    for view in stepper.run_chain(services, stops, session, text, settings, sampling, earlier):
        yield [*branches.updates(services, view), *branches.busy()]


def _typed(services: Services, session: Session, text: str) -> None:
    """Keep what was typed, so that a reload does not lose it."""
    if len(text or "") <= PROMPT_LIMIT:
        left_off.leave(services, session.author, stepper.TYPED, text)


def _import(services: Services, path: str) -> list[Any]:
    """The set of a file, chosen in the menus of this tab and listed in all."""
    key, said = stepper.import_prompts(services, path)
    first, *others = _sets(services)
    return [{**first, "value": key}, *others, notice(said, "good")]


def _sets(services: Services) -> list[Any]:
    """Choices of the menus of ready-made requests."""
    choices = set_choices(prompt_sets(services))
    return [gr.update(choices=choices) for _ in range(4)]


def _open(services: Services, session: Session, trace_id: str | None) -> list[Any]:
    view = stepper.show_trace(services, session, trace_id or "")
    return [*branches.updates(services, view), *_asked(view)]


def _restore(services: Services, how: knobs.KnobParts, session: Session) -> list[Any]:
    """Chain, request and settings as this person left them."""
    view = stepper.show_last(services, session)
    typed = left_off.left_off(services, session.author, stepper.TYPED)
    request, *turns = _asked(view)
    kept = stepper.kept_settings(services, session)
    forms = how.updates(*kept) if kept else [gr.skip()] * len(how.forms)
    return [*branches.updates(services, view), typed if isinstance(typed, str) and typed else request, *turns, *forms]


def _asked(view: stepper.View) -> list[Any]:
    """Request and earlier turns of a chain, as they stand in their boxes."""
    if view.trace is None:
        return [gr.skip()] * 3
    return _boxes(view.trace.prompt.text, earlier_turns(view.trace.conversation))


def _draw(services: Services, prompt_set: str) -> list[Any]:
    return _boxes(*draw_prompt(services, prompt_set))


def _boxes(request: str, earlier: str) -> list[Any]:
    """Request, earlier turns, and whether the box of the latter is open."""
    return [request, earlier, gr.update(open=bool(earlier))]


def _lists(services: Services, trace_id: str, words: str) -> list[Any]:
    """Choices of earlier chains, of principles, and of the adapters and models that may criticise and revise."""
    version = constitutions.current_constitution(services)
    usable = [(p.name, p.id) for p in version.constitution.principles if p.kind == "critique"]
    titles = comparison.variant_titles(services)
    sides = [
        ("the model that answers", ""),
        *((titles.get(a.name, a.name), a.name) for a in comparison.variants(services)),
    ]
    sides += [(f"another model: {address}", address) for address in services.others.known()]
    return [
        traces.menu(services, trace_id, words),
        gr.update(choices=usable, info=f"Used in every round. From version {short(version.hash)}."),
        *[gr.update(choices=sides)] * 2,
    ]
