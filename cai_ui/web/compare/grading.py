"""Grading answers of the chosen evaluation: one at a time, blind, a key for each outcome; and what the grades correct.

The page never holds whose answer it shows: that stays here, in the visitor's session. It holds a ticket of this one
sight, so that a key that comes too early does not grade an answer that nobody has seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from cai_ui.compare.grading import HARM, BlindAnswer
from cai_ui.config.compare import GradingSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison, grading
from cai_ui.readers import Outcome
from cai_ui.web.compare import words
from cai_ui.web.compare.corrected_html import answer_html, corrected_html, progress_html
from cai_ui.web.compare.judged_html import harm_html
from cai_ui.web.compare.results import ResultsBox, shares_html
from cai_ui.web.kit.events import ASIDE, AT_ONCE, EACH, Changes, Given
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, facts, notice
from cai_ui.web.naming import NameRow
from cai_ui.web.session import Session, SessionParts

# Handlers


@dataclass(frozen=True)
class Sight:
    """An answer that is before somebody's eyes; `ticket` names this one sight, and becomes the id of the grade."""

    ticket: str
    evaluation_id: str
    shown: BlindAnswer


def look(services: Services, evaluation_id: str | None, rater: str) -> Sight | None:
    """The next answer for this rater; None where nothing is left, or no evaluation is chosen."""
    shown = grading.next_to_grade(services, evaluation_id, rater) if evaluation_id else None
    return None if shown is None or not evaluation_id else Sight(secrets.token_hex(16), evaluation_id, shown)


def grade(services: Services, sight: Sight, rater: str, outcome: str, harm: int | None, tags: Sequence[str]) -> str:
    """Keep what the rater saw; says so."""
    kept = grading.grade(services, sight.evaluation_id, sight.shown.key, rater, outcome, sight.ticket, harm, tags)
    return f"Saved: {kept.outcome}."


def undo(services: Services, evaluation_id: str, rater: str) -> tuple[Sight, int | None, list[str]] | None:
    """The answer whose grade was taken back, with the harm and the tags it had; None where there was none."""
    undone = services.store.undo_grade(evaluation_id, rater, secrets.token_hex(16))
    if undone is None:
        return None
    shown = grading.answer(services, evaluation_id, (undone.prompt_id, undone.variant))
    return Sight(secrets.token_hex(16), evaluation_id, shown), undone.harm, list(undone.tags)


class GradingBox:
    """The answer, the choices under it at a fixed place, the settings of the sample, and the corrected shares."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.sight, self.ticket = gr.State(None), gr.Textbox(visible="hidden", elem_id="grade-ticket")
        with gr.Accordion(
            words.GRADING, open=False, elem_id="grading", elem_classes="takes-keys", visible=False
        ) as self.box:
            gr.HTML(f'<p class="muted narrow">{esc(words.GRADING_WHAT)}</p>')
            self.progress = gr.HTML(elem_id="grading-progress")
            self.card = gr.HTML(elem_id="grading-card")
            self._choices()
            with gr.Accordion(words.GRADE_HELP, open=False, elem_id="grading-help"):
                gr.HTML(facts([(outcome, words.GRADE_MEANINGS[outcome]) for outcome in words.GRADES]))
            with gr.Accordion(words.SAMPLE, open=False, elem_id="grading-settings"):
                self.form = build_form(GradingSettings, "grading", labels=words.SAMPLE_LABELS)
            with gr.Accordion(words.CORRECTED_BOX, open=False, elem_id="grading-corrected") as self.corrected_box:
                self.corrected = gr.HTML(elem_id="grading-shares")

    def _choices(self) -> None:
        with gr.Row(elem_classes="toolbar", visible=False, elem_id="grading-ballot") as self.ballot:
            self.outcomes = {
                outcome: gr.Button(label, elem_id=f"grade-{outcome.replace(' ', '-')}", scale=0)
                for outcome, label in words.GRADES.items()
            }
        self.who = NameRow("grading")
        with gr.Row(elem_classes="toolbar"):
            self.undo = gr.Button(words.UNDO, elem_id="grade-undo", size="sm", scale=0)
        self.said = gr.HTML(elem_id="grading-said")
        with gr.Row(visible=False) as self.more:
            self.harm = gr.Radio(list(HARM), label=words.HARM, info=words.HARM_HELP, elem_id="grade-harm")
            tags = [(label, tag) for tag, label in words.TAGS.items()]
            self.tags = gr.CheckboxGroup(tags, label=words.TAGS_LABEL, elem_id="grade-tags")

    def wire(self, results: ResultsBox, session: SessionParts) -> None:
        """Connect it; the answers are those of the evaluation that `results` show."""
        self.results, self.session = results, session
        asked = {results.chosen, session.state}
        shown = [
            self.progress,
            self.card,
            self.ballot,
            self.more,
            self.sight,
            self.ticket,
            self.said,
            self.harm,
            self.tags,
            *self.who.opens,
        ]
        opened = {"fn": bind(self._open, quiet=True), "inputs": asked, "outputs": [*shown, self.box, *self.form.inputs]}
        for visit in (results.chosen.change, self.box.expand):
            visit(**opened, **AT_ONCE)
        page = {*asked, self.sight, self.ticket, self.harm, self.tags}
        for outcome, button in self.outcomes.items():
            button.click(bind(self._grade, outcome), page, shown, **EACH)
        named = self.who.wire(session)
        named.success(bind(self._grade_pending), {*page, self.who.pending}, shown, **EACH)
        self.undo.click(bind(self._undo), asked, shown, **EACH)
        for widget in self.form.inputs:
            for done in [widget.release] if isinstance(widget, gr.Slider) else [widget.submit, widget.blur]:
                done(bind(self._resample), {*asked, self.sight, *self.form.inputs}, shown, **ASIDE)
        self.corrected_box.expand(
            bind(self._corrected), [results.chosen], [self.corrected, results.table, results.judged], **AT_ONCE
        )

    def _open(self, given: Given) -> Changes:
        settings = self.form.changes(grading.settings(self.services))
        return {
            **self._next(given),
            **settings,
            self.box: gr.update(visible=bool(given[self.results.chosen])),
            self.said: "",
        }

    def _grade(self, outcome: Outcome, given: Given) -> Changes:
        sight: Sight | None = given[self.sight]
        if sight is None or given[self.ticket] != sight.ticket:
            return {**self._shown(given, sight), self.said: notice(words.TOO_FAST, "warn")}
        session: Session = given[self.session.state]
        if not session.named:
            return self.who.asking(session, outcome)
        rater = session.author
        said = grade(self.services, sight, rater, outcome, given[self.harm], given[self.tags] or [])
        return {**self._next(given), self.said: f'<p class="muted" data-said>{esc(said)}</p>'}

    def _grade_pending(self, given: Given) -> Changes:
        """The grade that waited for a name, once."""
        if not given[self.who.pending]:
            return {self.who.pending: ""}
        return {**self._grade(given[self.who.pending], given), self.who.pending: ""}

    def _undo(self, given: Given) -> Changes:
        evaluation_id = given[self.results.chosen]
        back = undo(self.services, evaluation_id, self._rater(given)) if evaluation_id else None
        if back is None:
            return {self.said: notice(words.NOTHING_UNDONE, "warn")}
        return {**self._shown(given, *back), self.said: notice(words.UNDONE)}

    def _resample(self, given: Given) -> Changes:
        """An answer that is on the page stays there."""
        grading.keep_settings(self.services, self.form.read_from(given))
        return {self.progress: self._counts(given)} if given[self.sight] else self._next(given)

    def _next(self, given: Given) -> Changes:
        return self._shown(given, look(self.services, given[self.results.chosen], self._rater(given)))

    def _shown(self, given: Given, sight: Sight | None, harm: int | None = None, tags: Sequence[str] = ()) -> Changes:
        return {
            self.card: empty_state(*words.ALL_GRADED) if sight is None else answer_html(sight.shown),
            self.ticket: "" if sight is None else sight.ticket,
            self.sight: sight,
            self.ballot: gr.update(visible=sight is not None),
            self.more: gr.update(visible=sight is not None),
            self.progress: self._counts(given),
            self.harm: harm,
            self.tags: list(tags),
        }

    def _counts(self, given: Given) -> str:
        evaluation_id, rater = given[self.results.chosen], self._rater(given)
        return progress_html(grading.progress(self.services, evaluation_id, rater), rater) if evaluation_id else ""

    def _corrected(self, evaluation_id: str | None) -> Changes:
        """The corrected shares, also in the table of the results."""
        if not evaluation_id:
            return {self.corrected: gr.skip()}
        titles, shares = comparison.variant_titles(self.services), grading.corrected(self.services, evaluation_id)
        html = corrected_html(shares, grading.agreements(self.services, evaluation_id), titles)
        html += harm_html(grading.harms(self.services, evaluation_id), titles)
        return {
            self.corrected: html,
            self.results.table: self.results.table_of(evaluation_id),
            self.results.judged: shares_html(self.services, evaluation_id),
        }

    def _rater(self, given: Given) -> str:
        session: Session = given[self.session.state]
        return session.author
