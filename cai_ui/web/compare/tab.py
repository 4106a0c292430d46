"""Compare: base and adapters on the same request, streamed from one batch; blind votes; evaluation; the study.

Which weights answered stands under every answer, as the engine reported it. In a blind vote it is
shown after the vote.
"""

from __future__ import annotations

import gradio as gr

from cai_ui.compare.answer_table import number_of
from cai_ui.pipeline import Services
from cai_ui.web.compare import words
from cai_ui.web.compare.ask import AskBox
from cai_ui.web.compare.evaluation import EvaluationBox
from cai_ui.web.compare.models import ModelsBox
from cai_ui.web.compare.study import StudyBox
from cai_ui.web.kit.events import Changes
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import hint, lead
from cai_ui.web.session import SessionParts


class CompareTab:
    """The tab's boxes, from top to bottom."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Tab(words.TAB, id="compare", elem_id="tab-compare") as self.tab:
            gr.HTML(lead(words.TITLE, words.WHAT))
            self.models = ModelsBox(services)
            self.ask = AskBox(services)
            self.evaluation = EvaluationBox(services)
            self.study = StudyBox(services)
            gr.HTML(hint(words.NEXT))

    def takes(self) -> Handover:
        """Leads here with a run: its adapter beside the base, and the newest evaluation of it where there is one."""
        return Handover("compare", [*self.models.listed, self.evaluation.results.chosen], self._take)

    def takes_evaluation(self) -> Handover:
        """Leads here with an evaluation."""
        return Handover("compare", [self.evaluation.results.chosen], self.evaluation.results.menu)

    def takes_number(self) -> Handover:
        """Leads here with an evaluation and the text of a number, whose answers are shown."""
        results = self.evaluation.results
        return Handover("compare", [results.chosen, results.wanted, *results.answers.pressed()], self._take_number)

    def _take_number(self, evaluation_id: str, number: str) -> Changes:
        results = self.evaluation.results
        answers = results.answers.shown(evaluation_id, number_of(number))
        return {**results.menu(evaluation_id), **answers, results.wanted: number}

    def _take(self, run_id: str | None) -> Changes:
        adapter = self.services.store.run(run_id).adapter if run_id else None
        found = [
            made
            for made in self.services.store.evaluations()
            if any(result.variant == adapter for result in made.results)
        ]
        evaluated = self.evaluation.results.menu(found[0].id) if found else {}
        return {**self.models.take(adapter), **evaluated}

    def wire(self, session: SessionParts) -> None:
        """Connect the boxes; answers share the model's place in the queue."""
        self.models.wire(self.ask.run, self.ask.prompt, self.tab, session)
        self.ask.wire(self.models.chosen, self.tab, session)
        self.evaluation.wire(self.models.chosen, self.tab, session)
        self.study.wire(self.tab, session)
