"""The panel that puts the same requests in several prompt formats and counts the refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts.sets import list_prompts
from cai_ui.pipeline.revise.format_lab import (
    FORMATS,
    HUMAN_CLAIM,
    FormatDifference,
    FormatResult,
    differences,
    run_formats,
)
from cai_ui.records import PromptSet
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import set_choices
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, rate_text
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.stops import Stops

SHOWN = 5
"""Requests whose answers are shown side by side."""
NOTHING_YET = empty_state(
    "Nothing asked yet", "Choose a prompt set and formats, then press Ask. Or let it test what is said of “Human:”."
)


@dataclass(frozen=True)
class LabParts:
    """The panel's components."""

    prompt_set: gr.Dropdown
    number: gr.Slider
    formats: gr.CheckboxGroup
    run: gr.Button
    human: gr.Button
    stop: gr.Button
    results: gr.HTML


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
        kept = Sampling(max_new_tokens=160)
        for results in run_formats(services, prompts, keys or [], kept, stop=flag):
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
        f"Only “{one}” refused {found.only_one:,} of the requests, only “{other}” {found.only_other:,} (sign test "
        f"p = {found.p:.2g})"
    )
    if found.p >= 0.05:
        return f"{said}: no difference that chance would not make."
    return f"{said}: “{one if found.only_one > found.only_other else other}” refuses more."


def results_html(results: Sequence[FormatResult]) -> str:
    """A row of counts for each format, how they differ, then the answers to a few requests side by side."""
    rows = "".join(
        f"<tr><td>{esc(FORMATS[r.key].title)}</td><td>{len(r.answers)}</td><td>{esc(rate_text(r.refused))}</td>"
        f"<td>{esc(rate_text(r.did_it))}</td></tr>"
        for r in results
    )
    head = "<th>Format</th><th>Requests</th><th>Refused</th><th>Did what was asked</th>"
    answers = []
    for place in range(min(SHOWN, min(len(r.answers) for r in results))):
        cells = "".join(
            f'<div class="cai-block"><div class="cai-block-label">{esc(FORMATS[r.key].title)}</div>'
            f'<div class="cai-block-text" dir="auto">{esc(r.answers[place][1])}</div></div>'
            for r in results
        )
        request = results[0].answers[place][0].text
        answers.append(f'<p class="cai-question" dir="auto">{esc(request)}</p><div class="cai-pair">{cells}</div>')
    table = f'<table class="cai-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    said = "".join(f"<li>{esc(difference_text(found))}</li>" for found in differences(results))
    return f'<div class="cai-table-box">{table}</div><ul class="narrow">{said}</ul>{"".join(answers)}'


# Layout


def build(sets: Sequence[PromptSet]) -> LabParts:
    """The panel's layout."""
    with gr.Accordion("Prompt formats: does the wrapping decide?", open=False, elem_id="lab"):
        added = "".join(f"<li>{esc(f.title)}: {esc(f.shown)}</li>" for f in FORMATS.values())
        gr.HTML(
            '<div class="muted narrow">The base model answers the same requests with the same seeds in each format; '
            "the others are compared with the first. "
            f"<details><summary>What each format adds</summary><ul>{added}</ul></details></div>"
        )
        with gr.Row():
            prompt_set = gr.Dropdown(
                set_choices(sets),
                value=sets[0].key if sets else None,
                label="Prompt set",
                elem_id="lab-set",
                filterable=False,
                min_width=240,
            )
            number = gr.Slider(
                10, 400, value=40, step=10, label="How many requests", elem_id="lab-number", buttons=[], min_width=200
            )
        formats = gr.CheckboxGroup(
            [(f.title, f.key) for f in FORMATS.values()], value=list(FORMATS), label="Formats", elem_id="lab-formats"
        )
        with gr.Row(elem_classes="toolbar"):
            run = gr.Button("Ask in the formats chosen", variant="primary", elem_id="lab-run")
            human = gr.Button("Does “Human:” make answers safer?", elem_id="lab-human")
            stop = gr.Button("Stop", elem_id="lab-stop")
        results = gr.HTML(NOTHING_YET, elem_id="lab-results", css_template=charts.STYLE)
    return LabParts(prompt_set, number, formats, run, human, stop, results)


# Wiring


def wire(services: Services, parts: LabParts, session: SessionParts) -> None:
    """Connect the panel."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    asked = [session.state, parts.prompt_set, parts.number]
    for button, handler, inputs in (
        (parts.run, run_lab, [*asked, parts.formats]),
        (parts.human, ask_about_human, asked),
    ):
        button.click(
            bind(handler, services, session.stops),
            inputs,
            [parts.results],
            concurrency_id="model",
            concurrency_limit=4,
            **quiet,
        )
    parts.stop.click(bind(_stop, services, session.stops), [session.state], None, queue=False, **quiet)


def _stop(services: Services, stops: Stops, session: Session) -> None:
    stops.stop(f"{session.page}:lab")
