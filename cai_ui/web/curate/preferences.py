"""A model's own preference labels for the pairs of the queue, made in the background."""

from __future__ import annotations

import gradio as gr

from cai_ui.config.curate import LabelSettings
from cai_ui.judges.check import PAIRS
from cai_ui.pipeline import Services, judges
from cai_ui.pipeline.curate import labels
from cai_ui.store import QueueFilter
from cai_ui.web.curate import words
from cai_ui.web.kit.events import ASIDE, Changes, Given
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import esc, notice, progress_bar
from cai_ui.web.kit.work import WorkPanel, WorkView
from cai_ui.web.session import SessionParts


def labels_view(services: Services) -> WorkView:
    """How far the labelling is."""
    now = services.labels.last()
    if now is None:
        return WorkView("", False)
    done, total = now.progress.done, now.progress.total
    bias = "" if now.progress.order_bias is None else f"; order bias {now.progress.order_bias:+.2f}"
    unread = f", {now.progress.unread:,} without a preference" if now.progress.unread else ""
    said = f"{done:,} of {total:,} pairs{unread}{bias}"
    if now.active:
        return WorkView(progress_bar(done, total, f"Labelling: {said}"), True)
    if now.error:
        return WorkView(notice(f"{now.error} {said} were labelled and kept.", "bad"), False)
    return WorkView(notice(f"Labelled {said}." if total else words.ALL_LABELLED, "good"), False)


class PreferencesBox:
    """How to label, and the labelling as it goes on."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.PREFERENCES, open=False, elem_id="curate-labels-box"):
            gr.HTML(f'<p class="muted narrow">{esc(words.PREFERENCES_WHAT)}</p>')
            self.form = build_form(
                LabelSettings,
                "labels",
                values=LabelSettings(judge=services.settings.judge),
                labels=words.PREFERENCES_FIELDS,
            )
            self.standing = gr.HTML(self._standing_of(services.settings.judge, False), elem_id="labels-standing")
            with gr.Row(elem_classes="toolbar"):
                start = gr.Button(words.LABEL, elem_id="curate-label", scale=0)
                stop = gr.Button(words.STOP, elem_id="curate-label-stop", scale=0, interactive=False)
            progress = gr.HTML(elem_id="curate-label-progress")
            self.work = WorkPanel(lambda ended: labels_view(services), progress, start, stop)

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it."""
        self.session = session
        self.work.wire(
            self.start,
            {session.state, *self.form.inputs},
            self.services.labels.stop,
            [tab.select, session.ready.then],
        )
        looked = {"fn": bind(self._standing, quiet=True), "inputs": {*self.form.inputs}, "outputs": [self.standing]}
        for event in (tab.select, self.form.widgets["judge"].change, self.form.widgets["reasoning"].change):
            event(**looked, **ASIDE)

    def _standing_of(self, judge: str, reasoned: bool) -> str:
        return standing_html("pairs", judges.standing(self.services, judge.strip(), PAIRS, reasoned))

    def _standing(self, given: Given) -> Changes:
        chosen = self.form.read_from(given)
        return {self.standing: self._standing_of(chosen.judge, chosen.reasoning)}

    def start(self, given: Given) -> None:
        """Let the model label all pairs in the background."""
        author = given[self.session.state].author
        labels.start_labels(self.services, self.form.read_from(given), QueueFilter("all"), author)
