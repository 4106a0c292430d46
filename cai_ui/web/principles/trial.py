"""The panel that tries principles of the draft side by side, and counts what they did in stored traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import set_menu
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.events import AT_ONCE, MODEL, QUIET, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, empty_state, esc, notice, percent, pill, rate_text, table
from cai_ui.web.principles import editor, words
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

PROMPTS_LIMIT = 20
NOTHING_TRIED = empty_state(*words.NOTHING_TRIED)


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
    """HTML of the results so far, after each trace. The principles are those of the draft, saved or not."""
    prompts = read_requests(requests)
    view = editor.open_version(services, session, base)
    names = {p.id: p.name or p.id for p in view.draft.principles} | {"": words.WITHOUT}
    flag = stops.start(f"{session.page}:try")
    try:
        found: list[Tried] = []
        settings = RevisionSettings(critique=bool(critique))
        asked = (principle_ids or [], prompts, int(seeds), settings, Sampling(), flag)
        for tried in trying.try_principles(services, view.draft, *asked):
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
            f'<details class="cai-block"><summary>{words.INITIAL}</summary><div class="cai-block-text" dir="auto">'
            f'{esc(draft or "")}</div></details><div class="cai-tried">{cards}</div>'
        )
    return "".join(blocks) or NOTHING_TRIED


def statistics_html(services: Services, session: Session, base: str) -> str:
    """A table of what each principle of this constitution did in stored traces and in Curate."""
    name = editor.open_version(services, session, base).draft.name
    found = principle_statistics(services, name)
    if not found.traces:
        return empty_state(*words.NO_TRACE)
    more = f" {counted(found.left_out, 'older trace')} left out." if found.left_out else ""
    said = notice(f"Counted over {counted(found.traces, 'trace')} of all versions, with 95 % intervals.{more}")
    return said + table(words.COUNTED, map(_row, found.counts))


def stop_try(stops: Stops, session: Session) -> None:
    """End what this page tries; the results so far stay on the page."""
    stops.stop(f"{session.page}:try")


def principle_choices(services: Services, session: Session, base: str) -> list[tuple[str, str]]:
    """Label and id of the principles of the draft that can be tried."""
    if not base:
        return []
    draft = editor.open_version(services, session, base).draft
    return [(p.name or p.id, p.id) for p in draft.principles if p.kind == "critique" and p.revision_request.strip()]


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


def _row(count: PrincipleCount) -> list[str]:
    order = list(revise.LABELS)
    did = ", ".join(f"{n} × {label}" for label, n in sorted(count.labels.items(), key=lambda c: order.index(c[0])))
    shares = [rate_text(count.changed), percent(count.mean_change), rate_text(count.accepted), rate_text(count.edited)]
    return [count.name, f"{count.drawn:,}", *shares, did or "–"]


class TrialBox:
    """The panel."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.TRY_TITLE, open=False, elem_id="principles-try"):
            with gr.Row():
                self.requests = gr.Textbox(
                    label=words.REQUESTS, info=words.ONE_A_LINE, lines=3, max_lines=10, elem_id="try-requests", scale=3,
                    min_width=280,
                )  # fmt: skip
                with gr.Column(scale=2, min_width=260):
                    self.prompt_set = set_menu(services, "try-set")
                    self.draw = gr.Button(words.DRAW, elem_id="try-draw")
            with gr.Row():
                self._settings()
            with gr.Row(elem_classes="toolbar"):
                self.run = gr.Button(words.TRY, variant="primary", elem_id="try-run", elem_classes="ctrl-enter")
                self.stop = gr.Button(words.STOP, elem_id="try-stop")
                self.count = gr.Button(words.COUNT, elem_id="try-count")
            self.results = gr.HTML(NOTHING_TRIED, elem_id="try-results")
            self.statistics = gr.HTML("", elem_id="try-statistics", css_template=charts.STYLE)

    def _settings(self) -> None:
        self.principles = gr.Dropdown(
            [], multiselect=True, label=words.OF_DRAFT, info=words.OF_DRAFT_HELP, elem_id="try-principles", scale=3,
            min_width=280,
        )  # fmt: skip
        self.seeds = gr.Slider(1, 5, value=1, step=1, label=words.SEEDS, elem_id="try-seeds", buttons=[], min_width=160)
        self.critique = gr.Checkbox(True, label=words.WRITE_CRITIQUES, elem_id="try-critique", min_width=160)

    def wire(self, base: gr.Textbox, navigator: gr.Radio, session: SessionParts) -> None:
        """Connect the panel. The menu of principles follows the list of the editor."""
        self.base, self.navigator, self.session = base, navigator, session
        here, menu = [session.state, base], [self.principles]
        self.draw.click(bind(draw_requests, self.services), [self.prompt_set, self.requests], [self.requests], **QUIET)
        self.principles.focus(bind(self._menu), [*here, self.principles], menu, **QUIET)
        navigator.change(bind(self._follow), {*here, navigator, self.principles}, menu, **QUIET)
        tried = {*here, self.requests, self.principles, self.seeds, self.critique}
        self.run.click(bind(self._run), tried, [self.results], **MODEL)
        self.stop.click(bind(stop_try, session.stops), [session.state], None, **AT_ONCE)
        self.count.click(bind(statistics_html, self.services), here, [self.statistics], **QUIET)

    def _run(self, given: Given) -> Iterator[str]:
        here = (given[self.session.state], given[self.base])
        asked = (given[self.requests], given[self.principles], given[self.seeds], given[self.critique])
        yield from run_try(self.services, self.session.stops, *here, *asked)

    def _menu(self, session: Session, base: str, chosen: list[str] | None) -> Any:
        choices = principle_choices(self.services, session, base)
        known = [id for _, id in choices]
        return gr.update(choices=choices, value=[id for id in chosen or [] if id in known])

    def _follow(self, given: Given) -> Any:
        """The principle in the editor is the one to try until others are chosen."""
        choices = principle_choices(self.services, given[self.session.state], given[self.base])
        known, shown = [id for _, id in choices], given[self.navigator]
        if len([id for id in given[self.principles] or [] if id in known]) > 1:
            return gr.skip()
        return gr.update(choices=choices, value=[shown] if shown in known else [])
