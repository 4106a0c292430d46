"""The panel that puts the same requests in several prompt formats and counts the refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.prompts.sets import list_prompts
from cai_ui.pipeline.revise.format_lab import (
    FORMATS,
    HUMAN_CLAIM,
    FormatDifference,
    FormatResult,
    differences,
    run_formats,
)
from cai_ui.web.kit.choices import set_menu
from cai_ui.web.kit.events import AT_ONCE, MODEL, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, rate_text, table
from cai_ui.web.revise import words
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

ENOUGH = 160
"""Tokens of an answer, from which it can be seen whether it refuses."""
SHOWN = 5
"""Requests whose answers are shown side by side."""


# Handlers


def run_lab(
    services: Services, stops: Stops, session: Session, prompt_set: str, number: int, keys: Sequence[str]
) -> Iterator[str]:
    """HTML of counts and answers, after each batch."""
    if not number or not 1 <= number <= 1000:
        raise InputError("The number of requests is not one from 1 to 1000.")
    prompts = list_prompts(services, prompt_set, int(number), 0)
    flag = stops.start(f"{session.page}:lab")
    try:
        sampling = models.default_sampling(services)
        sampling = sampling.model_copy(update={"max_new_tokens": min(ENOUGH, sampling.max_new_tokens)})
        for results in run_formats(services, prompts, keys or [], sampling, stop=flag):
            yield results_html(results)
    finally:
        stops.finish(f"{session.page}:lab", flag)


def ask_about_human(services: Services, stops: Stops, session: Session, prompt_set: str, number: int) -> Iterator[str]:
    """The formats that decide whether “Human:” makes answers safer."""
    yield from run_lab(services, stops, session, prompt_set, number, HUMAN_CLAIM)


def difference_text(found: FormatDifference) -> str:
    """Whether two formats differ in what they refuse, in a sentence."""
    one, other = FORMATS[found.one].title, FORMATS[found.other].title
    if found.p is None:
        return f"“{one}” and “{other}” refused the same requests."
    said = (
        f"Only “{one}” refused {found.only_one:,} of the requests, only “{other}” {found.only_other:,} (sign test, "
        f"p = {found.p:.2g})"
    )
    if found.p >= 0.05:
        return f"{said}: no significant difference at the 5 % level."
    return f"{said}: “{one if found.only_one > found.only_other else other}” refuses more."


def results_html(results: Sequence[FormatResult]) -> str:
    """A row of counts for each format, how they differ, then the answers to a few requests side by side."""
    rows = [(FORMATS[r.key].title, len(r.answers), rate_text(r.refused), rate_text(r.did_it)) for r in results]
    answers = []
    for place in range(min(SHOWN, min(len(r.answers) for r in results))):
        cells = "".join(
            f'<div class="cai-block"><div class="cai-block-label">{esc(FORMATS[r.key].title)}</div>'
            f'<div class="cai-block-text" dir="auto">{esc(r.answers[place][1])}</div></div>'
            for r in results
        )
        request = results[0].answers[place][0].text
        answers.append(f'<p class="cai-question" dir="auto">{esc(request)}</p><div class="cai-pair">{cells}</div>')
    said = "".join(f"<li>{esc(difference_text(found))}</li>" for found in differences(results))
    return f'{table(words.FORMAT_COLUMNS, rows)}<ul class="narrow">{said}</ul>{"".join(answers)}'


def stop_lab(stops: Stops, session: Session) -> None:
    """End what this page asks; what came so far stays on the page."""
    stops.stop(f"{session.page}:lab")


class FormatBox:
    """The panel."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.FORMATS_TITLE, open=False, elem_id="lab"):
            added = "".join(f"<li>{esc(f.title)}: {esc(f.shown)}</li>" for f in FORMATS.values())
            gr.HTML(
                f'<div class="muted narrow">{words.FORMATS_WHAT} <details><summary>{words.FORMATS_ADD}</summary>'
                f"<ul>{added}</ul></details></div>"
            )
            with gr.Row():
                self.prompt_set = set_menu(services, "lab-set", min_width=240)
                self.number = gr.Slider(
                    10, 400, value=40, step=10, label=words.NUMBER, elem_id="lab-number", buttons=[], min_width=200
                )
            titles = [(f.title, f.key) for f in FORMATS.values()]
            self.formats = gr.CheckboxGroup(titles, value=list(FORMATS), label=words.FORMATS, elem_id="lab-formats")
            with gr.Row(elem_classes="toolbar"):
                self.run = gr.Button(words.ASK, variant="primary", elem_id="lab-run", elem_classes="once")
                self.human = gr.Button(words.ASK_HUMAN, elem_id="lab-human", elem_classes="once")
                self.stop = gr.Button(words.STOP, elem_id="lab-stop")
            self.results = gr.HTML(empty_state(*words.NOTHING_ASKED), elem_id="lab-results")

    def wire(self, session: SessionParts) -> None:
        """Connect the panel."""
        self.session = session
        asked = [session.state, self.prompt_set, self.number]
        self.run.click(bind(self._run), {*asked, self.formats}, [self.results], **MODEL)
        self.human.click(bind(ask_about_human, self.services, session.stops), asked, [self.results], **MODEL)
        self.stop.click(bind(stop_lab, session.stops), [session.state], None, **AT_ONCE)

    def _run(self, given: Given) -> Iterator[str]:
        session, number = given[self.session.state], given[self.number]
        prompt_set, formats = given[self.prompt_set], given[self.formats]
        yield from run_lab(self.services, self.session.stops, session, prompt_set, number, formats)
