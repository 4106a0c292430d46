"""What the labels of a file mean: asked before an import, and never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gradio as gr

from cai_ui.curate.importing import ImportReport, Plan
from cai_ui.curate.label_columns import LabelColumn, Meaning, rule_of, tests
from cai_ui.web.curate import words
from cai_ui.web.kit.events import Changes, Given

ASIDE = " aside"
"""Stands in the menu for no column; begins like no column's name."""


class LabelBox:
    """One column of labels, and which of its values mean what. All other labels are left aside then."""

    def __init__(self) -> None:
        with gr.Row(visible=False, elem_id="curate-import-labels") as self.row:
            self.column = gr.Dropdown(
                _menu(()), value="", label=words.LABEL_COLUMN, info=words.LABEL_HELP, elem_id="curate-import-label",
                filterable=False, min_width=240,
            )  # fmt: skip
            self.values = {
                meaning: gr.Dropdown([], value=[], multiselect=True, allow_custom_value=True, label=label,
                                     elem_id=f"curate-import-{meaning}", min_width=200, visible=False)
                for meaning, label in words.LABEL_MEANINGS.items()
            }  # fmt: skip
        self.inputs = [self.column, *self.values.values()]
        self.outputs = [self.row, *self.inputs]

    def ask(self, report: ImportReport) -> Changes:
        """The question for a file, unanswered; nothing where it has no labels."""
        hidden = {menu: gr.update(value=[], choices=[], visible=False) for menu in self.values.values()}
        shown = {self.row: gr.update(visible=bool(report.labels))}
        return {**shown, self.column: gr.update(choices=_menu(report.labels), value=""), **hidden}

    def offer(self, report: ImportReport, given: Given) -> Changes:
        """The values of the column that was chosen, unanswered."""
        chosen = next((one for one in report.labels if one.name == given[self.column]), None)
        choices = tests(chosen) if chosen else []
        pairs = any(example.initial is not None for example in report.examples)
        return {
            menu: gr.update(choices=choices, value=[], visible=bool(chosen) and (meaning != "other" or pairs))
            for meaning, menu in self.values.items()
        }

    def told(self, plan: Plan, given: Given, fresh: bool = False) -> Plan:
        """The plan with what was said of labels; `fresh`: of another column than before, so nothing yet."""
        column = str(given[self.column] or "")
        if column == ASIDE:
            return replace(plan, ignore_rest=True)
        meanings: list[Meaning] = ["good", "bad", "other"]
        chosen = (
            [] if fresh else [(test, meaning) for meaning in meanings for test in given[self.values[meaning]] or []]
        )
        rules = tuple(rule_of(column, str(test), meaning) for test, meaning in chosen) if column else ()
        return replace(plan, rules=rules, ignore_rest=bool(rules))


def _menu(columns: Sequence[LabelColumn]) -> list[tuple[str, str]]:
    listed = ((f"{one.name}: {one.words}", one.name) for one in columns)
    return [(words.LABEL_ASK, ""), (words.LABEL_NONE, ASIDE), *listed]
