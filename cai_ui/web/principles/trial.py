"""The panel that tries principles of the draft side by side, and counts what they did in stored chains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui import revise
from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import trying
from cai_ui.pipeline.constitution.statistics import PrincipleCount, principle_statistics
from cai_ui.pipeline.constitution.trying import Tried
from cai_ui.pipeline.prompts.sets import list_prompts
from cai_ui.records import PromptSet
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import set_choices
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, notice, percent, pill, rate_text
from cai_ui.web.principles import editor
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

PROMPTS_LIMIT = 20
NOTHING_TRIED = empty_state(
    "Nothing tried yet",
    "Type a request or draw some, choose principles of the draft above, and press Try. Nothing is stored.",
)


@dataclass(frozen=True)
class TryParts:
    """The panel's components."""

    requests: gr.Textbox
    prompt_set: gr.Dropdown
    draw: gr.Button
    principles: gr.Dropdown
    seeds: gr.Slider
    critique: gr.Checkbox
    run: gr.Button
    stop: gr.Button
    results: gr.HTML
    count: gr.Button
    statistics: gr.HTML


# Handlers


def run_try(
    services: Services,
    stops: Stops,
    session: Session,
    base: str,
    requests: str,
    principle_ids: Sequence[str],
    seeds: int,
    critique: bool,
) -> Iterator[str]:
    """HTML of the results so far, after each chain. The principles are those of the draft, saved or not."""
    prompts = read_requests(requests)
    view = editor.open_version(services, session, base)
    names = {p.id: p.name or p.id for p in view.draft.principles} | {"": "No principle"}
    flag = stops.start(f"{session.page}:try")
    try:
        found: list[Tried] = []
        settings = RevisionSettings(critique=bool(critique))
        chains = trying.try_principles(
            services, view.draft, principle_ids or [], prompts, int(seeds), settings, Sampling(), flag
        )
        for tried in chains:
            found.append(tried)
            yield results_html(found, names)
    finally:
        stops.finish(f"{session.page}:try", flag)


def read_requests(text: str) -> list[str]:
    """One request a line. InputError for too many."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if len(lines) > PROMPTS_LIMIT:
        raise InputError(f"There are {len(lines)} requests; at most {PROMPTS_LIMIT} are tried at once.")
    return lines


def draw_requests(services: Services, prompt_set: str, requests: str) -> str:
    """The requests with one more of the set, on a line of its own."""
    more = list_prompts(services, prompt_set, 10_000, len(requests or ""))
    known = set((requests or "").splitlines())
    new = next((p.text for p in more if p.text not in known), "")
    return "\n".join([*(line for line in (requests or "").splitlines() if line.strip()), new])


def results_html(found: Sequence[Tried], names: dict[str, str]) -> str:
    """Prompt by prompt: the draft, then what each principle made of it as a word diff."""
    groups: dict[int, list[Tried]] = {}
    for tried in found:
        groups.setdefault(tried.number, []).append(tried)
    blocks = []
    for number in sorted(groups):
        rows = groups[number]
        draft = next((t.trace.initial for t in rows if t.trace is not None), None)
        cards = "".join(_card(tried, names) for tried in rows)
        blocks.append(
            f'<p class="cai-question" dir="auto">{esc(rows[0].prompt.text)}</p>'
            f'<details class="cai-block"><summary>Initial answer</summary><div class="cai-block-text" dir="auto">'
            f'{esc(draft or "")}</div></details><div class="cai-tried">{cards}</div>'
        )
    return "".join(blocks) or NOTHING_TRIED


def statistics_html(services: Services, session: Session, base: str) -> str:
    """A table of what each principle of this constitution did in stored chains and in Curate."""
    name = editor.open_version(services, session, base).draft.name
    found = principle_statistics(services, name)
    if not found.traces:
        return empty_state("No chain yet under this constitution", "Run one under Critique & Revision, or a batch.")
    rows = "".join(_row(count) for count in found.counts)
    more = f" Of the older {found.left_out:,} chains none was read." if found.left_out else ""
    head = "".join(
        f"<th>{title}</th>"
        for title in ("Principle", "Drawn", "Text changed", "Mean change", "Accepted", "Edited", "What its steps did")
    )
    said = notice(f"Counted over {found.traces:,} chains of all versions, with 95 % intervals.{more}")
    table = f'<table class="cai-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'{said}<div class="cai-table-box">{table}</div>'


def _card(tried: Tried, names: dict[str, str]) -> str:
    name = names.get(tried.principle_id, tried.principle_id)
    if tried.trace is None:
        return (
            f'<section class="cai-step"><strong>{esc(name)}</strong><p class="muted">{esc(tried.reason)}</p></section>'
        )
    trace = tried.trace
    critique = next((s.text for s in trace.steps if s.kind == "critique"), "")
    last = len(trace.steps) - 1
    labels = "".join(pill(label) for label in revise.labels_of(trace, last))
    return (
        f'<section class="cai-step"><div class="cai-step-head"><strong>{esc(name)}</strong>{labels}</div>'
        + (f'<div class="cai-step-text muted" dir="auto">{esc(critique)}</div>' if critique else "")
        + f"{diff_html(trace.initial or '', trace.revision or '')}</section>"
    )


def _row(count: PrincipleCount) -> str:
    order = list(revise.LABELS)
    did = ", ".join(f"{n} × {label}" for label, n in sorted(count.labels.items(), key=lambda c: order.index(c[0])))
    cells = [
        count.name,
        f"{count.drawn:,}",
        rate_text(count.changed),
        percent(count.mean_change),
        rate_text(count.accepted),
        rate_text(count.edited),
        did or "–",
    ]
    return "<tr>" + "".join(f"<td>{esc(cell)}</td>" for cell in cells) + "</tr>"


# Layout


def build(sets: Sequence[PromptSet]) -> TryParts:
    """The panel's layout."""
    with gr.Accordion("Try principles, and see what they did", open=False, elem_id="principles-try"):
        with gr.Row():
            requests = gr.Textbox(
                label="Requests",
                info="One a line.",
                lines=3,
                max_lines=10,
                elem_id="try-requests",
                scale=3,
                min_width=280,
            )
            with gr.Column(scale=2, min_width=260):
                prompt_set = gr.Dropdown(
                    set_choices(sets),
                    value=sets[0].key if sets else None,
                    label="Ready-made requests",
                    elem_id="try-set",
                    filterable=False,
                )
                draw = gr.Button("Add one at random", elem_id="try-draw")
        with gr.Row():
            principles = gr.Dropdown(
                [], multiselect=True, label="Principles of the draft", info="Empty: critique without a principle.",
                elem_id="try-principles", scale=3, min_width=280,
            )  # fmt: skip
            seeds = gr.Slider(1, 5, value=1, step=1, label="Seeds", elem_id="try-seeds", buttons=[], min_width=160)
            critique = gr.Checkbox(True, label="Write critiques", elem_id="try-critique", min_width=160)
        with gr.Row(elem_classes="toolbar"):
            run = gr.Button("Try", variant="primary", elem_id="try-run", elem_classes="ctrl-enter")
            stop = gr.Button("Stop", elem_id="try-stop")
            count = gr.Button("Count what they did so far", elem_id="try-count")
        results = gr.HTML(NOTHING_TRIED, elem_id="try-results")
        statistics = gr.HTML("", elem_id="try-statistics", css_template=charts.STYLE)
    return TryParts(requests, prompt_set, draw, principles, seeds, critique, run, stop, results, count, statistics)


# Wiring


def wire(services: Services, parts: TryParts, base: gr.Textbox, navigator: gr.Radio, session: SessionParts) -> None:
    """Connect the panel. The menu of principles follows the list of the editor."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    parts.draw.click(bind(draw_requests, services), [parts.prompt_set, parts.requests], [parts.requests], **quiet)
    parts.principles.focus(bind(_menu, services), [session.state, base, parts.principles], [parts.principles], **quiet)
    navigator.change(
        bind(_first, services), [session.state, base, navigator, parts.principles], [parts.principles], **quiet
    )
    parts.run.click(
        bind(run_try, services, session.stops),
        [session.state, base, parts.requests, parts.principles, parts.seeds, parts.critique],
        [parts.results],
        concurrency_id="model",
        concurrency_limit=4,
        **quiet,
    )
    parts.stop.click(bind(_stop, services, session.stops), [session.state], None, queue=False, **quiet)
    parts.count.click(bind(statistics_html, services), [session.state, base], [parts.statistics], **quiet)


def _stop(services: Services, stops: Stops, session: Session) -> None:
    stops.stop(f"{session.page}:try")


def _choices(services: Services, session: Session, base: str) -> list[tuple[str, str]]:
    if not base:
        return []
    draft = editor.open_version(services, session, base).draft
    return [(p.name or p.id, p.id) for p in draft.principles if p.kind == "critique" and p.revision_request.strip()]


def _menu(services: Services, session: Session, base: str, chosen: list[str] | None) -> Any:
    choices = _choices(services, session, base)
    return gr.update(choices=choices, value=[id for id in chosen or [] if id in [known for _, known in choices]])


def _first(services: Services, session: Session, base: str, navigated: str | None, chosen: list[str] | None) -> Any:
    """The principle in the editor is the one to try until others are chosen."""
    choices = _choices(services, session, base)
    known = [id for _, id in choices]
    kept = [id for id in chosen or [] if id in known]
    if len(kept) > 1:
        return gr.skip()
    return gr.update(choices=choices, value=[navigated] if navigated in known else [])
