"""One request to several models, their answers streamed side by side, with names or blind."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from cai_ui.compare.votes import blind_order
from cai_ui.config import AskSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.prompts import transcript
from cai_ui.records import Prompt
from cai_ui.text import PROMPT_LIMIT, clean_text
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import NO_ANSWERS, Sight, answers_html
from cai_ui.web.compare.votes import Ballot
from cai_ui.web.kit.choices import drawn, set_choices
from cai_ui.web.kit.events import ASIDE, AT_ONCE, MODEL, QUIET, Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import text_block
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

_PACE_S = 0.08

# Handlers


def answer(
    services: Services,
    stops: Stops,
    session: Session,
    request: str | Prompt,
    names: Sequence[str],
    blind: bool,
    sampling: Sampling,
    ask: AskSettings | None = None,
) -> Iterator[Sight]:
    """Stream the answers of the chosen models; blind: of two of them, in an order that is drawn.

    A `Prompt` is asked with the turns before it.
    """
    text = request.text if isinstance(request, Prompt) else request
    prompt = clean_text(text, words.REQUEST, limit=PROMPT_LIMIT)
    asked = request if isinstance(request, Prompt) else prompt
    if not names:
        raise InputError(words.NONE_CHOSEN, next_step=words.CHOOSE_ONE)
    chosen = list(names)
    if blind and len(set(chosen)) < 2:
        raise InputError(words.BLIND_NEEDS_TWO, next_step=words.CHOOSE_ANOTHER)
    if blind:
        pair = random.sample(chosen, 2) if len(chosen) > 2 else chosen
        chosen = list(blind_order(pair, random.randrange(2**31)))
    key = f"{session.page}:compare"
    flag = stops.start(key)
    try:
        yield from _paced(prompt, blind, comparison.answer_side_by_side(services, asked, chosen, sampling, flag, ask))
    finally:
        stops.finish(key, flag)


def sets_to_ask(services: Services) -> list[tuple[str, str]]:
    """Label and key of the held-out sets and of imported ones."""
    return set_choices([made for made in prompt_sets(services) if made.heldout or made.origin == "imported"])


def stop_answer(stops: Stops, session: Session) -> None:
    """End what this page has the models write; what is written stays on the page."""
    stops.stop(f"{session.page}:compare")


def _paced(prompt: str, blind: bool, stream: Iterator[list[Any]]) -> Iterator[Sight]:
    """Not more updates than the page can follow, and always the last one."""
    shown_at, sight = 0.0, None
    for variants in stream:
        sight = Sight(prompt, tuple(variants), blind)
        now = time.monotonic()
        if now - shown_at >= _PACE_S and not sight.finished:
            shown_at = now
            yield sight
    if sight is not None:
        yield sight


class AskBox:
    """The request, how it is asked, and the answers. `sight` holds the last answers, for the vote on them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self._request()
            with gr.Column(scale=3, min_width=280):
                self._heldout()
                self.blind = gr.Checkbox(label=words.BLIND, info=words.BLIND_HELP, elem_id="compare-blind")
        with gr.Accordion(words.SETTINGS, open=False, elem_id="compare-settings"):
            self.sampling = build_form(Sampling, "compare-sampling")
            self.ask = build_form(AskSettings, "compare-ask")
        self.usual = FollowsModel(services, self._usual, self.sampling.inputs)
        self.answers = gr.HTML(NO_ANSWERS, elem_id="compare-answers")
        self.sight = gr.State(None)

    def _request(self) -> None:
        self.prompt = gr.Textbox(
            label=words.REQUEST, placeholder=words.REQUEST_EXAMPLE, lines=3, max_lines=12, elem_id="compare-prompt"
        )
        self.earlier = gr.HTML(elem_id="compare-earlier", visible=False)
        self.drawn = gr.State(None)
        with gr.Row(elem_classes="toolbar"):
            self.run = gr.Button(
                words.ANSWER, variant="primary", elem_id="compare-answer", elem_classes="ctrl-enter once", scale=0
            )
            self.stop = gr.Button(words.STOP, elem_id="compare-stop", interactive=False, scale=0)

    def _heldout(self) -> None:
        sets = sets_to_ask(self.services)
        self.heldout = gr.Dropdown(
            sets,
            value=sets[0][1] if sets else None,
            label=words.HELD_OUT,
            info=words.HELD_OUT_HELP,
            elem_id="compare-set",
            filterable=False,
        )
        self.draw = gr.Button(words.DRAW, elem_id="compare-draw")

    def wire(self, chosen: gr.CheckboxGroup, ballot: Ballot, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it: the `chosen` models answer, and `ballot` asks for a vote on blind answers."""
        self.chosen, self.ballot, self.session = chosen, ballot, session
        self.usual.wire(session)
        self.draw.click(bind(self._draw), [self.heldout], [self.prompt, self.earlier, self.drawn], **QUIET)
        tab.select(bind(self._menu, quiet=True), None, [self.heldout], **ASIDE)
        self.run.click(
            bind(self._answer),
            {session.state, self.prompt, self.drawn, chosen, self.blind, *self.sampling.inputs, *self.ask.inputs},
            [self.answers, self.sight, self.run, self.stop, *ballot.opens],
            **MODEL,
        ).then(
            lambda: (gr.update(interactive=True), gr.update(interactive=False)), None, [self.run, self.stop], **QUIET
        )
        self.stop.click(bind(stop_answer, session.stops), [session.state], None, **AT_ONCE)

    def _menu(self) -> Changes:
        return {self.heldout: gr.update(choices=sets_to_ask(self.services))}

    def _usual(self, _: Session) -> Changes:
        return self.sampling.changes(models.default_sampling(self.services))

    def _draw(self, prompt_set: str) -> Changes:
        prompt = drawn(self.services, prompt_set)
        shown = text_block(transcript(prompt.before), words.EARLIER) if prompt.before else ""
        earlier = gr.update(value=shown, visible=bool(shown))
        return {self.prompt: prompt.text, self.earlier: earlier, self.drawn: prompt}

    def _asked(self, given: Given) -> str | Prompt:
        """What stands in the box; with its earlier turns, kind and topic where it is what was drawn."""
        prompt: Prompt | None = given[self.drawn]
        return given[self.prompt] if prompt is None or prompt.text != given[self.prompt] else prompt

    def _answer(self, given: Given) -> Iterator[Changes]:
        session, names = given[self.session.state], given[self.chosen] or []
        sampling, ask = self.sampling.read_from(given), self.ask.read_from(given)
        asked = (session, self._asked(given), names, given[self.blind], sampling, ask)
        for sight in answer(self.services, self.session.stops, *asked):
            yield {
                self.answers: answers_html(sight),
                self.sight: sight if sight.finished else None,
                self.run: gr.update(interactive=False),
                self.stop: gr.update(interactive=True),
                **self.ballot.opened(sight.can_vote),
            }
