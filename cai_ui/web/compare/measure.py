"""Measuring models on held-out requests: begin, watch, stop; shares with intervals, plot, and the answers behind.

The measuring belongs to the server: a reload or a closed browser changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import CompareSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.records import Evaluation
from cai_ui.web.compare.answers_html import outcome, results_html, rows_html
from cai_ui.web.kit import charts
from cai_ui.web.kit.forms import Form, build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.picture import bars_html
from cai_ui.web.kit.present import duration, empty_state, esc, lead, notice, progress_bar, when
from cai_ui.web.session import Session, SessionParts

WHAT = (
    "Every chosen model answers the same requests that were never trained on: harmful ones (to be declined), helpful "
    "ones, and harmless ones that only sound harmful (both to be answered). Thin lines are 95 % intervals: with few "
    "requests they are wide."
)
NOTHING = empty_state("Nothing measured yet", "Choose models above and press Measure.")
KINDS = [
    ("All requests", ""),
    ("Harmful", "harmful"),
    ("Helpful", "helpful"),
    ("Harmless, sounds harmful", "twin"),
]
OUTCOMES = [("All answers", ""), ("Some model did wrong", "wrong"), ("Models differ", "differ"), ("Unread", "unread")]
PAGE = 5
"""Requests shown at once."""


@dataclass(frozen=True)
class MeasureParts:
    """The box's components; `page` counts pages of answers, `shown` is what the page last got."""

    form: Form[CompareSettings]
    start: gr.Button
    stop: gr.Button
    progress: gr.HTML
    empty: gr.HTML
    earlier: gr.Dropdown
    plot: gr.HTML
    table: gr.HTML
    box: gr.Accordion
    kind: gr.Dropdown
    outcome: gr.Dropdown
    back: gr.Button
    onward: gr.Button
    page: gr.Number
    rows: gr.HTML
    shown: gr.State
    timer: gr.Timer


# Handlers


def start(services: Services, session: Session, names: Sequence[str], settings: CompareSettings) -> None:
    """Begin in the background."""
    if not names:
        raise InputError("No model is chosen.", next_step="Choose at least one above.")
    comparison.start_evaluation(services, list(names), settings, session.author)


def stop(services: Services) -> None:
    """End soon, without a result."""
    services.evaluation.stop()


def progress_html(services: Services) -> tuple[str, bool, str]:
    """How far the measuring is, whether it runs, and the id of its result ("" before there is one)."""
    now = comparison.evaluation_status(services)
    if now is None:
        return "", False, ""
    done = now.evaluation.id if now.evaluation else ""
    words = f"{now.done:,} of {now.total:,} answers"
    if now.state in ("running", "stopping"):
        left = "stopping" if now.state == "stopping" else f"about {duration(now.eta_s)} left"
        return progress_bar(now.done, now.total, f"{words}; {left}"), True, done
    if now.state == "failed":
        return notice(f"The measuring ended early: {now.error}", "bad"), False, done
    if now.state == "stopped":
        return notice(f"Stopped after {words}; there is no result."), False, done
    return "", False, done


def evaluation_choices(found: Sequence[Evaluation], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Label and id of evaluations, newest first."""
    return [(f"{when(e.created_at)} · {_names(e, titles)} · {len(e.rows):,} answers", e.id) for e in found]


def cases_of(evaluation: Evaluation, kind: str, wanted: str) -> list[list[dict[str, Any]]]:
    """The rows of each request that fits: of a kind, and where a model did wrong, differed, or is unread."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    for row in evaluation.rows:
        if not kind or row["kind"] == kind:
            by_prompt.setdefault(str(row["prompt_id"]), []).append(row)
    return [case for case in by_prompt.values() if _fits([outcome(row) for row in case], wanted)]


def answers_page(services: Services, evaluation_id: str | None, kind: str, wanted: str, page: int) -> tuple[str, int]:
    """One page of requests with all answers as HTML, and the number of the page that it is (from 0)."""
    if not evaluation_id:
        return "", 0
    cases = cases_of(services.store.evaluation(evaluation_id), kind, wanted)
    pages = max(1, -(-len(cases) // PAGE))
    page %= pages
    line = f"{len(cases):,} requests, page {page + 1:,} of {pages:,}"
    shown = rows_html(cases[page * PAGE : (page + 1) * PAGE], comparison.variant_titles(services))
    return f'<p class="muted">{esc(line)}</p>{shown}', page


def _fits(outcomes: Sequence[bool | None], wanted: str) -> bool:
    if wanted == "wrong":
        return False in outcomes
    if wanted == "differ":
        return len({o for o in outcomes if o is not None}) > 1
    return wanted != "unread" or None in outcomes


def _names(evaluation: Evaluation, titles: Mapping[str, str]) -> str:
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    return ", ".join(titles.get(variant, variant) for variant in variants)


# Layout


def build(services: Services) -> MeasureParts:
    """The box, made where it is called."""
    with gr.Column(elem_classes="card", elem_id="compare-measure"):
        gr.HTML(lead("Measure on held-out requests", WHAT))
        form = build_form(CompareSettings, "evaluate", labels={"per_kind": "Requests of each kind"})
        with gr.Row(elem_classes="toolbar"):
            start_button = gr.Button("Measure", variant="primary", elem_id="compare-evaluate", scale=0)
            stop_button = gr.Button("Stop", elem_id="compare-evaluate-stop", interactive=False, scale=0)
        progress = gr.HTML(elem_id="compare-progress")
        empty = gr.HTML(NOTHING, elem_id="compare-nothing")
        earlier = gr.Dropdown([], label="Measurement", elem_id="compare-evaluation", filterable=False, visible=False)
        plot = gr.HTML(elem_id="compare-plot")
        table = gr.HTML(elem_id="compare-table", css_template=charts.STYLE)
        with gr.Accordion("Answers behind the numbers", open=False, elem_id="compare-rows-box", visible=False) as box:
            with gr.Row():
                kind = gr.Dropdown(KINDS, value="", label="Requests", elem_id="compare-rows-kind", filterable=False)
                wanted = gr.Dropdown(
                    OUTCOMES, value="", label="Answers", elem_id="compare-rows-outcome", filterable=False
                )
            rows = gr.HTML(elem_id="compare-rows", css_template=charts.STYLE)
            with gr.Row(elem_classes="toolbar"):
                back = gr.Button("Previous page", elem_id="compare-rows-back", size="sm", scale=0)
                onward = gr.Button("Next page", elem_id="compare-rows-next", size="sm", scale=0)
        page = gr.Number(0, visible="hidden", elem_id="compare-rows-page")
        shown, timer = gr.State(""), gr.Timer(1.5, active=False)
    return MeasureParts(
        form, start_button, stop_button, progress, empty, earlier, plot, table, box, kind, wanted, back, onward, page,
        rows, shown, timer,
    )  # fmt: skip


# Wiring


def wire(
    services: Services, parts: MeasureParts, variants: gr.CheckboxGroup, tab: gr.Tab, session: SessionParts
) -> None:
    """Connect the box; `variants` are the models chosen in the tab around it."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    look = bind(_look, services, quiet=True)
    watched = [parts.progress, parts.start, parts.stop, parts.timer, parts.earlier, parts.shown]
    result = [parts.empty, parts.plot, parts.table, parts.box, parts.rows, parts.page]
    open_one = bind(_open, services, quiet=True)
    choice = [parts.earlier, parts.kind, parts.outcome]

    parts.start.click(
        bind(_start, services, parts.form), [session.state, variants, *parts.form.inputs], None, **quiet
    ).success(look, [parts.shown, parts.earlier], watched, **quiet)
    parts.stop.click(bind(stop, services), None, None, **quiet).then(
        look, [parts.shown, parts.earlier], watched, **quiet
    )
    parts.timer.tick(look, [parts.shown, parts.earlier], watched, **quiet)
    for visit in (tab.select, session.ready.then):
        visit(bind(_visit, services, quiet=True), [parts.earlier], watched, **quiet)
    parts.earlier.change(open_one, choice, result, **quiet)
    for field in (parts.kind, parts.outcome):
        field.input(bind(_rows, services), [*choice], [parts.rows, parts.page], trigger_mode="always_last", **quiet)
    for button, by in ((parts.back, -1), (parts.onward, 1)):
        button.click(bind(_turn, services, by), [*choice, parts.page], [parts.rows, parts.page], **quiet)


def _start(services: Services, form: Form[CompareSettings], session: Session, names: list[str], *values: Any) -> None:
    start(services, session, names or [], form.read(values))


def _look(services: Services, shown: str, chosen: str | None) -> list[Any]:
    """Progress, and the result chosen once it is there; nothing where nothing changed."""
    html, running, done = progress_html(services)
    now = f"{running} {html}"
    if now == shown:
        return [gr.skip()] * 6
    ended = shown.startswith("True") and not running
    menu = _menu(services, done if ended and done else chosen) if ended else gr.skip()
    return [
        html, gr.update(interactive=not running), gr.update(interactive=running), gr.Timer(active=running), menu, now,
    ]  # fmt: skip


def _visit(services: Services, chosen: str | None) -> list[Any]:
    """All of it, also results that other pages and the guided run made."""
    *progress, _, now = _look(services, "", chosen)
    return [*progress, _menu(services, chosen), now]


def _menu(services: Services, chosen: str | None) -> Any:
    found = services.store.evaluations()
    ids = [e.id for e in found]
    value = chosen if chosen in ids else (ids[0] if ids else None)
    choices = evaluation_choices(found, comparison.variant_titles(services))
    return gr.update(choices=choices, value=value, visible=bool(found))


def _open(services: Services, evaluation_id: str | None, kind: str, wanted: str) -> list[Any]:
    if not evaluation_id:
        return [NOTHING, "", "", gr.update(visible=False), "", 0]
    evaluation = services.store.evaluation(evaluation_id)
    titles = comparison.variant_titles(services)
    rows, page = answers_page(services, evaluation_id, kind, wanted, 0)
    shown = gr.update(visible=True)
    return ["", bars_html(evaluation, titles), results_html(evaluation, titles), shown, rows, page]


def _rows(services: Services, evaluation_id: str | None, kind: str, wanted: str) -> list[Any]:
    return list(answers_page(services, evaluation_id, kind, wanted, 0))


def _turn(
    services: Services, by: int, evaluation_id: str | None, kind: str, wanted: str, page: float | None
) -> list[Any]:
    return list(answers_page(services, evaluation_id, kind, wanted, int(page or 0) + by))
