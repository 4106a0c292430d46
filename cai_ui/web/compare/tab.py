"""Compare: base and adapters on the same request, streamed from one batch; blind votes; measuring.

Which weights answered stands under every answer, as the engine reported it. In a blind vote it is
shown after the vote.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from cai_ui.config import AskSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import BASE
from cai_ui.text import PROMPT_LIMIT, clean_text
from cai_ui.web.compare import measure as compare_measure
from cai_ui.web.compare.answers_html import NO_ANSWERS, Sight, answers_html, tally_html
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import draw_prompt
from cai_ui.web.kit.forms import Form, build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, hint, lead, notice, short
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

WHAT = (
    "Ask the base model and what you trained the same thing. They answer together, from one batch, with the same seed; "
    "only the trained weights (the adapter) differ."
)
NO_MODEL = empty_state("No model yet", "The strip at the top says when the model is ready; then it can be asked here.")
ONLY_BASE = notice("Only the base model is here so far. Train an adapter in the Train tab to compare with it.")
CHOICES = [("Left is better", "left"), ("Right is better", "right"), ("Equally good", "tie"), ("Both bad", "both_bad")]
_PACE_S = 0.08
_NEWEST = 2
"""Adapters ticked by themselves when they are new; more would be hard to read side by side."""


# Handlers


def variant_choices(services: Services) -> list[tuple[str, str]]:
    """Label and name of every model that can answer, base first."""
    return [
        (variant.title if variant.name == BASE else f"{variant.title} · {short(variant.hash)}", variant.name)
        for variant in comparison.variants(services)
    ]


def choose_variants(names: Sequence[str], chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """Which models are ticked: those that were and are still there, and the newest that were not known before.

    At first, and where nothing is left, the base and the newest adapters.
    """
    kept = [name for name in chosen if name in names]
    if not kept or not known:
        return [*names[:1], *names[1:][-_NEWEST:]]
    return [*kept, *[name for name in names if name not in known][-_NEWEST:]]


def about_html(services: Services) -> str:
    """What is missing among the models to choose from: all of them, adapters, or some adapters and why."""
    there, left_out = comparison.variants(services), comparison.variants_left_out(services)
    if not there:
        return NO_MODEL
    if left_out:
        names = "; ".join(f"“{name}”: {why}" for name, why in left_out)
        return notice(f"Not offered here: {names}. To use it, load the model it was trained on (Start tab).", "warn")
    return ONLY_BASE if len(there) == 1 else ""


def answer(
    services: Services,
    stops: Stops,
    session: Session,
    text: str,
    names: Sequence[str],
    blind: bool,
    sampling: Sampling,
    ask: AskSettings | None = None,
) -> Iterator[Sight]:
    """Stream the answers of the chosen models; blind: of two of them, in an order that is drawn."""
    prompt = clean_text(text, "Request", limit=PROMPT_LIMIT)
    if not names:
        raise InputError("No model is chosen.", next_step="Choose at least one above.")
    chosen = list(names)
    if blind and len(set(chosen)) < 2:
        raise InputError("A blind vote needs two models.", next_step="Choose another one above.")
    if blind:
        pair = random.sample(chosen, 2) if len(chosen) > 2 else chosen
        chosen = list(comparison.blind_order(pair, random.randrange(2**31)))
    key = f"{session.page}:compare"
    flag = stops.start(key)
    try:
        yield from _paced(prompt, blind, comparison.answer_side_by_side(services, prompt, chosen, sampling, flag, ask))
    finally:
        stops.finish(key, flag)


def stop_answer(services: Services, stops: Stops, session: Session) -> None:
    """End what this page has the models write; what is written stays on the page."""
    stops.stop(f"{session.page}:compare")


def vote(services: Services, choice: str, session: Session, sight: Sight | None) -> tuple[Sight, str]:
    """Keep a blind vote; gives the answers with their names, and a sentence on the vote."""
    if sight is None or not sight.can_vote:
        raise InputError("There is nothing to vote on.", next_step="Press Answer with “Blind vote” ticked.")
    left, right = sight.variants[0], sight.variants[1]
    comparison.vote(services, sight.prompt, left, right, choice, session.author)
    winner = {"left": f"You preferred {left.title}.", "right": f"You preferred {right.title}."}.get(choice, "")
    words = winner or ("You found both equally good." if choice == "tie" else "You found both bad.")
    return replace(sight, voted=True), f"{words} Left was {left.title}, right was {right.title}. The vote is saved."


def tally(services: Services) -> str:
    """All votes as HTML."""
    return tally_html(comparison.tally(services), comparison.variant_titles(services))


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


# Layout


@dataclass(frozen=True)
class CompareParts:
    """The tab's components. `sight` holds the last answers, for the vote on them, `known` the models listed so far."""

    tab: gr.Tab
    variants: gr.CheckboxGroup
    about: gr.HTML
    prompt: gr.Textbox
    heldout: gr.Dropdown
    draw: gr.Button
    run: gr.Button
    stop: gr.Button
    blind: gr.Checkbox
    sampling: Form[Sampling]
    ask: Form[AskSettings]
    answers: gr.HTML
    ballot: gr.Row
    votes: dict[str, gr.Button]
    voted: gr.HTML
    tally: gr.HTML
    sight: gr.State
    known: gr.State
    measure: compare_measure.MeasureParts


def build(services: Services) -> CompareParts:
    """The tab's layout."""
    with gr.Tab("Compare", id="compare", elem_id="tab-compare") as tab:
        gr.HTML(lead("Compare", WHAT))
        variants = gr.CheckboxGroup([], label="Models", elem_id="compare-variants")
        about = gr.HTML(NO_MODEL, elem_id="compare-about")
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                prompt = gr.Textbox(
                    label="Request",
                    placeholder="Type what somebody asks the models",
                    lines=3,
                    max_lines=12,
                    elem_id="compare-prompt",
                )
                with gr.Row(elem_classes="toolbar"):
                    run = gr.Button(
                        "Answer (Ctrl+Enter)", variant="primary", elem_id="compare-answer", elem_classes="ctrl-enter",
                        scale=0,
                    )  # fmt: skip
                    stop = gr.Button("Stop", elem_id="compare-stop", interactive=False, scale=0)
            with gr.Column(scale=3, min_width=280):
                heldout, draw = _heldout(services)
                blind = gr.Checkbox(
                    label="Blind vote", info="Names are hidden until you have chosen.", elem_id="compare-blind"
                )
        with gr.Accordion("How answers are drawn", open=False, elem_id="compare-settings"):
            sampling = build_form(Sampling, "compare-sampling")
            ask = build_form(AskSettings, "compare-ask")
        answers = gr.HTML(NO_ANSWERS, elem_id="compare-answers", css_template=charts.STYLE)
        with gr.Row(visible=False, elem_classes="toolbar", elem_id="compare-ballot") as ballot:
            votes = {
                choice: gr.Button(label, elem_id=f"compare-vote-{choice.replace('_', '-')}", scale=0)
                for label, choice in CHOICES
            }
        voted = gr.HTML(elem_id="compare-voted")
        with gr.Accordion("Votes so far", open=False, elem_id="compare-votes"):
            tally_box = gr.HTML(elem_id="compare-tally", css_template=charts.STYLE)
        sight, known = gr.State(None), gr.State([])
        measure = compare_measure.build(services)
        gr.HTML(hint("Read the answers behind a share before you trust it: open “Answers behind the numbers”."))
    return CompareParts(
        tab, variants, about, prompt, heldout, draw, run, stop, blind, sampling, ask, answers, ballot, votes, voted,
        tally_box, sight, known, measure,
    )  # fmt: skip


def _heldout(services: Services) -> tuple[gr.Dropdown, gr.Button]:
    """Requests that were never trained on."""
    sets = [(s.title, s.key) for s in prompt_sets(services) if s.heldout]
    menu = gr.Dropdown(
        sets,
        value=sets[0][1] if sets else None,
        label="Held-out requests",
        info="Never used in training.",
        elem_id="compare-set",
        filterable=False,
    )
    return menu, gr.Button("Draw one at random", elem_id="compare-draw")


# Wiring

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def wire(services: Services, parts: CompareParts, session: SessionParts) -> None:
    """Connect the components; answers share the model's place in the queue."""
    buttons, after = [parts.run, parts.stop], [parts.ballot, parts.voted]
    parts.draw.click(bind(draw_prompt, services), [parts.heldout], [parts.prompt], **_QUIET)
    parts.run.click(
        bind(_answer, services, session.stops, parts.sampling, parts.ask),
        [session.state, parts.prompt, parts.variants, parts.blind, *parts.sampling.inputs, *parts.ask.inputs],
        [parts.answers, parts.sight, *after, *buttons],
        concurrency_id="model",
        concurrency_limit=4,
        **_QUIET,
    ).then(_idle, None, buttons, **_QUIET)
    parts.stop.click(bind(stop_answer, services, session.stops), [session.state], None, queue=False, **_QUIET)
    for choice, button in parts.votes.items():
        button.click(
            bind(_vote, services, choice),
            [session.state, parts.sight],
            [parts.answers, parts.sight, *after, parts.tally],
            queue=False,
            **_QUIET,
        )
    for trigger in (session.ready.then, session.strip.change, parts.tab.select):
        trigger(
            bind(_variants, services, quiet=True),
            [parts.variants, parts.known],
            [parts.variants, parts.about, parts.run, parts.known],
            queue=False,
            **_QUIET,
        )
    parts.tab.select(bind(tally, services, quiet=True), None, [parts.tally], queue=False, **_QUIET)
    compare_measure.wire(services, parts.measure, parts.variants, parts.tab, session)


def _answer(
    services: Services,
    stops: Stops,
    form: Form[Sampling],
    ask: Form[AskSettings],
    session: Session,
    text: str,
    names: list[str],
    blind: bool,
    *values: Any,
) -> Iterator[list[Any]]:
    drawn, of_whom = form.read(values[: len(form.inputs)]), ask.read(values[len(form.inputs) :])
    busy = [gr.update(interactive=False), gr.update(interactive=True)]
    for sight in answer(services, stops, session, text, names or [], blind, drawn, of_whom):
        kept = sight if sight.finished else None
        yield [answers_html(sight), kept, gr.update(visible=sight.can_vote), "", *busy]


def _idle() -> list[Any]:
    return [gr.update(interactive=True), gr.update(interactive=False)]


def _vote(services: Services, choice: str, session: Session, sight: Sight | None) -> list[Any]:
    revealed, sentence = vote(services, choice, session, sight)
    return [answers_html(revealed), revealed, gr.update(visible=False), notice(sentence, "good"), tally(services)]


def _variants(services: Services, chosen: list[str] | None, known: list[str]) -> list[Any]:
    choices = variant_choices(services)
    names = [name for _, name in choices]
    ticked = choose_variants(names, chosen or [], known)
    return [gr.update(choices=choices, value=ticked), about_html(services), gr.update(interactive=bool(names)), names]
