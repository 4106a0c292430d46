"""Still capable? What a variant lost of the base's likelihood of helpful answers, how its answers drift, and a harness
from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import gradio as gr

from cai_ui.compare.drift import Drift
from cai_ui.compare.likelihood import Kept
from cai_ui.compare.lm_eval import MAX_BYTES, Score
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import capability, comparison
from cai_ui.statistics.means import Mean
from cai_ui.statistics.paired import Difference
from cai_ui.web.compare import words
from cai_ui.web.kit.choices import dataset_choices, looked_up, variant_choices
from cai_ui.web.kit.events import ASIDE, AT_ONCE, Changes, Given
from cai_ui.web.kit.guard import bind, uploaded
from cai_ui.web.kit.present import empty_state, esc, percent, rate_text, short, table
from cai_ui.web.session import Session, SessionParts

# Handlers


def capability_html(services: Services, evaluation_id: str | None) -> str:
    """Likelihood, where it was measured, and drift."""
    if not evaluation_id:
        return ""
    titles = comparison.variant_titles(services)
    kept = capability.kept_of(services, evaluation_id)
    measured = kept_html(kept, titles) if kept else empty_state(*words.NOT_WEIGHED)
    if kept:
        weighed = words.WEIGHED.format(dataset=short(capability.kept_dataset(services, evaluation_id)))
        measured += f'<p class="muted">{esc(weighed)}</p>'
    return measured + drift_html(capability.drift_of(services, evaluation_id), titles)


def kept_html(found: Sequence[Kept], titles: Mapping[str, str]) -> str:
    """What each variant thinks of helpful references."""
    rows = [
        [titles.get(one.variant, one.variant), *(_mean(mean) for mean in (one.references, one.lost, one.divergence))]
        for one in found
    ]
    note = words.KEPT_NOTE.format(number=max((one.references.units for one in found), default=0))
    return table(words.KEPT_COLUMNS, rows) + f'<p class="muted">{esc(note)}</p>'


def drift_html(found: Sequence[Drift], titles: Mapping[str, str]) -> str:
    """Length and repetition of each variant, against the first."""
    rows = [
        [
            titles.get(one.variant, one.variant),
            "–" if one.tokens is None else f"{one.tokens:.0f}",
            "–" if place == 0 else _difference(one.longer, "+.0f"),
            percent(one.repetition),
            "–" if place == 0 else _difference(one.more, "+.0%"),
            rate_text(one.circles),
        ]
        for place, one in enumerate(found)
    ]
    note = f'<p class="muted">{esc(words.DRIFT_NOTE)}</p>'
    return table(words.DRIFT_COLUMNS, rows) + note if rows else ""


def harness_html(found: Mapping[str, Sequence[Score]], titles: Mapping[str, str]) -> str:
    """Results of the harness that were brought here."""
    rows = [
        [
            titles.get(variant, variant),
            one.task,
            one.metric,
            f"{one.value:.4g}",
            "–" if one.error is None else f"{one.error:.2g}",
        ]
        for variant, scores in found.items()
        for one in scores
    ]
    return table(words.HARNESS_COLUMNS, rows) if rows else ""


def _mean(mean: Mean) -> str:
    if mean.value is None:
        return "–"
    interval = "" if mean.low is None or mean.high is None else f" ({mean.low:.3f} to {mean.high:.3f})"
    return f"{mean.value:.3f}{interval}"


def _difference(found: Difference, form: str) -> str:
    if found.value is None:
        return found.why
    if found.low is None or found.high is None:
        return f"{found.value:{form}}; no interval: {found.why}"
    return f"{found.value:{form}} ({found.low:{form}} to {found.high:{form}})"


class CapabilityBox:
    """The tables, the button that weighs, and the harness: its command and its file."""

    def __init__(self, services: Services, chosen: gr.Dropdown) -> None:
        self.services, self.chosen = services, chosen
        with gr.Accordion(words.CAPABLE, open=False, elem_id="capability") as self.box:
            gr.HTML(f'<p class="muted narrow">{esc(words.CAPABLE_WHAT)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.dataset = gr.Dropdown(
                    [(words.NEWEST, "")], value="", label=words.WEIGHED_FROM, elem_id="capability-dataset",
                    filterable=False, min_width=260,
                )  # fmt: skip
                self.measure = gr.Button(words.WEIGH, elem_id="capability-measure", scale=0)
            self.found = gr.HTML(elem_id="capability-found")
            with gr.Accordion(words.HARNESS, open=False, elem_id="capability-harness") as self.harness:
                gr.HTML(f'<p class="muted narrow">{esc(words.HARNESS_WHAT)}</p>')
                with gr.Row():
                    self.variant = gr.Dropdown(
                        [], label=words.ANSWERED_BY, elem_id="capability-model", filterable=False, min_width=240
                    )
                    self.file = gr.UploadButton(
                        words.HARNESS_FILE, file_types=[".json"], elem_id="capability-file", scale=0
                    )
                self.command = gr.Textbox("", label=words.HARNESS_COMMAND, interactive=False, elem_id="capability-line")
                self.results = gr.HTML(elem_id="capability-results")

    def wire(self, session: SessionParts) -> None:
        """Connect it; the button is wired with the other background work of the tab."""
        self.session = session
        self.box.expand(bind(self._found), [self.chosen, self.dataset], [self.found, self.dataset], **AT_ONCE)
        self.chosen.change(bind(self._forget, quiet=True), None, [self.found, self.box], **ASIDE)
        self.harness.expand(bind(self._menu), None, [self.variant, self.results], **AT_ONCE)
        self.variant.input(bind(self._line), [self.variant], [self.command], **ASIDE)
        self.file.upload(bind(self._keep), {self.variant, self.file}, [self.results], **ASIDE)

    def start(self, given: Given) -> None:
        """Weigh in the background."""
        session: Session = given[self.session.state]
        if not given[self.chosen]:
            raise InputError(words.NO_EVALUATION, next_step=words.EVALUATE_FIRST)
        capability.start_capability(self.services, given[self.chosen], session.author, given[self.dataset] or "")

    def _found(self, evaluation_id: str | None, dataset: str | None) -> Changes:
        there = capability.reference_datasets(self.services)
        known = dataset if dataset in {info.hash for info in there} else ""
        menu = looked_up([(words.NEWEST, ""), *dataset_choices(there)], known, dataset)
        return {self.found: capability_html(self.services, evaluation_id), self.dataset: menu}

    def _forget(self) -> Changes:
        """Another evaluation: its drift is read once it is asked for."""
        return {self.found: "", self.box: gr.update(open=False)}

    def _menu(self) -> Changes:
        titles = comparison.variant_titles(self.services)
        shown = harness_html(capability.harness_results(self.services), titles)
        return {self.variant: gr.update(choices=variant_choices(self.services)), self.results: shown}

    def _line(self, variant: str | None) -> str:
        return capability.harness_command(self.services, variant) if variant else ""

    def _keep(self, given: Given) -> str:
        with Path(uploaded(given[self.file])).open("rb") as file:
            capability.keep_harness(self.services, given[self.variant] or "", file.read(MAX_BYTES + 1))
        titles = comparison.variant_titles(self.services)
        return harness_html(capability.harness_results(self.services), titles)
