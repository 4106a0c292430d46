"""The panel that tries principles of the draft side by side, and counts what they did in stored traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.constitution import trying
from cai_ui.pipeline.constitution.statistics import principle_statistics
from cai_ui.pipeline.constitution.trying import Tried
from cai_ui.pipeline.prompts.sets import list_prompts
from cai_ui.web.kit.choices import looked_up, set_menu
from cai_ui.web.kit.events import AT_ONCE, MODEL, QUIET, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state
from cai_ui.web.kit.sight import sees
from cai_ui.web.principles import editor, words
from cai_ui.web.principles.trial_html import results_html, statistics_html
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

PROMPTS_LIMIT = 20

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
    names = {p.id: p.name or p.id for p in view.draft.principles} | {"": words.NO_PRINCIPLE}
    flag = stops.start(f"{session.page}:try")
    try:
        found: list[Tried] = []
        settings = models.default_revision(services).model_copy(update={"critique": bool(critique)})
        sampling = models.default_sampling(services)
        tries = (services, view.draft, principle_ids or [], prompts, int(seeds), settings, sampling, flag)
        for tried in trying.try_principles(*tries):
            found.append(tried)
            yield results_html(found, names)
    finally:
        stops.finish(f"{session.page}:try", flag)


def read_requests(text: str) -> list[str]:
    """One request a line. InputError for too many."""
    lines = [line.strip() for line in (text or "").split("\n") if line.strip()]
    if len(lines) > PROMPTS_LIMIT:
        raise InputError(f"There are {len(lines)} requests; at most {PROMPTS_LIMIT} are tried at once.")
    return lines


def draw_requests(services: Services, prompt_set: str, requests: str) -> str:
    """The requests with one more of the set, on a line of its own; one of several lines cannot stand there."""
    more = list_prompts(services, prompt_set, 10_000, len(requests or ""))
    known = {line.strip() for line in (requests or "").split("\n")}
    new = next((p.text for p in more if p.text not in known and "\n" not in p.text), "")
    return "\n".join([*(line for line in (requests or "").split("\n") if line.strip()), new])


def stop_try(stops: Stops, session: Session) -> None:
    """End what this page tries; what is there stays."""
    stops.stop(f"{session.page}:try")


def tryable(services: Services, session: Session, base: str) -> list[tuple[str, str]]:
    """Name and id of the draft's principles that can be tried alone: those with both requests."""
    if not base:
        return []
    draft = editor.open_version(services, session, base).draft
    return [(p.name or p.id, p.id) for p in draft.principles if p.kind == "critique" and p.revision_request.strip()]


def statistics(services: Services, session: Session, base: str) -> str:
    """HTML of what each principle of this constitution did in stored traces and in Curate."""
    return statistics_html(principle_statistics(services, editor.open_version(services, session, base).draft.name))


class TrialBox:
    """The panel. Its menu of principles follows the list of the editor."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.TRY_PANEL, open=False, elem_id="principles-try"):
            with gr.Row():
                self._requests()
            with gr.Row():
                self._settings()
            with gr.Row(elem_classes="toolbar"):
                self.run = gr.Button(words.TRY, variant="primary", elem_id="try-run", elem_classes="ctrl-enter once")
                self.stop = gr.Button(words.STOP, elem_id="try-stop")
                self.count = gr.Button(words.COUNT, elem_id="try-count")
            self.results = gr.HTML(empty_state(*words.NOTHING_TRIED), elem_id="try-results")
            self.statistics = gr.HTML("", elem_id="try-statistics")

    def _requests(self) -> None:
        self.requests = gr.Textbox(
            label=words.REQUESTS,
            info=words.REQUESTS_HELP,
            lines=3,
            max_lines=10,
            elem_id="try-requests",
            scale=3,
            min_width=280,
        )
        with gr.Column(scale=2, min_width=260):
            self.prompt_set = set_menu(self.services, "try-set")
            self.draw = gr.Button(words.DRAW, elem_id="try-draw")

    def _settings(self) -> None:
        self.principles = gr.Dropdown(
            [],
            multiselect=True,
            label=words.TRY_PRINCIPLES,
            info=words.TRY_PRINCIPLES_HELP,
            elem_id="try-principles",
            scale=3,
            min_width=280,
        )
        self.seeds = gr.Slider(1, 5, value=1, step=1, label=words.SEEDS, elem_id="try-seeds", buttons=[], min_width=160)
        self.critique = gr.Checkbox(True, label=words.CRITIQUES, elem_id="try-critique", min_width=160)

    def wire(self, base: gr.Textbox, navigator: gr.Radio, session: SessionParts) -> None:
        """Connect the panel; `base` holds the version that the draft builds on."""
        self.base, self.navigator, self.session = base, navigator, session
        here, menu = [session.state, base], [self.principles]
        self.draw.click(bind(draw_requests, self.services), [self.prompt_set, self.requests], [self.requests], **QUIET)
        self.principles.focus(bind(self._menu), [*here, self.principles], menu, **QUIET)
        navigator.change(bind(self._first), {*here, navigator, self.principles}, menu, **QUIET)
        asked = {*here, self.requests, self.principles, self.seeds, self.critique}
        self.run.click(bind(self._run), asked, [self.results], **MODEL)
        self.stop.click(bind(stop_try, session.stops), [session.state], None, **AT_ONCE)
        self.count.click(bind(statistics, self.services), here, [self.statistics], **QUIET).success(
            **sees("try-statistics")
        )

    def _run(self, given: Given) -> Iterator[str]:
        asked = (self.session.state, self.base, self.requests, self.principles, self.seeds, self.critique)
        yield from run_try(self.services, self.session.stops, *(given[field] for field in asked))

    def _menu(self, session: Session, base: str, chosen: list[str] | None) -> Any:
        choices = tryable(self.services, session, base)
        known = [id for _, id in choices]
        return looked_up(choices, [id for id in chosen or [] if id in known], chosen)

    def _first(self, given: Given) -> Any:
        """The principle in the editor is the one to try until others are chosen."""
        choices = tryable(self.services, given[self.session.state], given[self.base])
        known, navigated = [id for _, id in choices], given[self.navigator]
        if len([id for id in given[self.principles] or [] if id in known]) > 1:
            return gr.skip()
        return gr.update(choices=choices, value=[navigated] if navigated in known else [])
