"""Links of the Start tab: a press leads to another tab, where what it names is shown already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.compare.answer_table import Number
from cai_ui.errors import InputError
from cai_ui.records import VariantResult
from cai_ui.web.kit.events import ASIDE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.present import Html, press
from cai_ui.web.start import words

FIELD = "start-lead"
EVALUATION, NUMBER, RUN, PRINCIPLES = "evaluation", "number", "run", "principles"


def lead_to(kind: str, what: str, title: str) -> Html:
    """A press that leads to what is named: an evaluation's id, a run's, or nothing for Principles."""
    return press(FIELD, json.dumps([kind, what]), title)


def number_to(evaluation_id: str, result: VariantResult, measure: str, title: str) -> Html:
    """A press that opens the answers which a share counts."""
    number = Number(result.variant, result.kind, measure, "yes")
    return press(FIELD, json.dumps([NUMBER, evaluation_id, number.text]), title)


class Leads:
    """The hidden field that presses write into. `takes`: by kind, where it leads."""

    def __init__(self) -> None:
        self.field = gr.Textbox(visible="hidden", elem_id=FIELD)

    def wire(self, tabs: gr.Tabs, takes: Mapping[str, Handover]) -> None:
        """Connect it."""
        self.tabs, self.takes = tabs, takes
        outputs: list[Block] = list(dict.fromkeys(block for taken in takes.values() for block in taken.chosen))
        self.field.input(bind(self.go), [self.field], [tabs, *outputs], **ASIDE)

    def go(self, pressed: str) -> Changes:
        """Open the tab with what was pressed."""
        kind, *given = _read(pressed)
        taken = self.takes.get(kind)
        if taken is None:
            raise InputError(words.NO_LEAD)
        return {**taken.choose(*given), self.tabs: gr.Tabs(selected=taken.tab)}


def _read(pressed: object) -> list[str]:
    try:
        told: Any = json.loads(str(pressed or "")[:4_000])
    except (ValueError, RecursionError):
        told = None
    if not (isinstance(told, list) and 0 < len(told) <= 3 and all(isinstance(one, str) for one in told)):
        raise InputError(words.NO_LEAD)
    return told
