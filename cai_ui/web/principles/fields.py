"""The fields of one principle in the editor, and what the checks say beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.constitution.understood import outside, understood
from cai_ui.records import Principle
from cai_ui.web.kit.events import Changes, Given
from cai_ui.web.kit.present import esc, notice
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.principles import words
from cai_ui.web.principles.editor import View

_NAMED = 4
SHOWN = 12
"""Findings that are shown at once."""


def findings_html(services: Services, view: View) -> str:
    """What could not be kept, what the model can make of the principle, and what the check says about the draft: what
    stops its saving first, then that principle."""
    refused = notice(f"{words.NOT_KEPT} {' '.join(view.refused)}", "bad") if view.refused else ""
    return refused + _understood_html(services, view) + _checks_html(services, view) + _touched_html(view)


def told_html(sentences: Sequence[str]) -> str:
    """What another window changed, until the fields are filled anew."""
    return "".join(notice(sentence, "warn") for sentence in sentences)


def _touched_html(view: View) -> str:
    """The way on from the principle as it was saved."""
    if not any(p.id == view.chosen for p in view.saved.principles):
        return ""
    return f"<p>{where_from('principle', f'{view.base}/{view.chosen}', words.TOUCHED)}</p>"


def _understood_html(services: Services, view: View) -> str:
    """Nothing where another model than the embedded one is in use."""
    found = understood(services, view.principle) if view.principle else None
    if found is None:
        return ""
    names = [p.name or p.id for p in outside(services, view.draft)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    rest = f" {words.OUTSIDE} {', '.join(names[:_NAMED])}{more}." if names else ""
    return notice(found.text + rest, "good" if found.understood else "warn")


def _checks_html(services: Services, view: View) -> str:
    names = {p.id: p.name or p.id for p in view.draft.principles}
    found = constitutions.check_constitution(services, view.draft)
    if not found:
        return notice(words.NO_ISSUES, "good")
    first = sorted(found, key=lambda f: f.principle_id not in (view.chosen, None))[:SHOWN]
    lines = "".join(f"<li>{esc(names.get(f.principle_id or '', words.WHOLE))}: {esc(f.message)}</li>" for f in first)
    more = f"<li>and {len(found) - len(first)} more</li>" if len(found) > len(first) else ""
    return (
        f'<div class="cai-notice cai-notice-warn" data-said><strong>{words.ISSUES}</strong><ul>{lines}{more}</ul></div>'
    )


class FieldsBox:
    """The fields by their names in `Principle`, and the notes, which belong to no version.

    None can be typed into before the page has its values: a late answer would take the typed text away.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.fields: dict[str, gr.components.Component] = {}
        with gr.Row():
            self._text("name", words.NAME, "name", max_lines=1, scale=3, min_width=220)
            self.fields["enabled"] = gr.Checkbox(
                label=words.ON,
                info=words.ON_HELP,
                elem_id="principles-on",
                interactive=False,
                scale=1,
                min_width=110,
            )
        self._text("critique_request", words.CRITIQUE, "critique", info=words.CRITIQUE_HELP, lines=4)
        self._text("revision_request", words.REVISION, "revision", info=words.REVISION_HELP, lines=4)
        with gr.Row():
            self._text("tags", words.TAGS, "tags", info=words.TAGS_HELP, max_lines=1, min_width=200)
            self.fields["weight"] = gr.Number(
                1,
                label=words.WEIGHT,
                info=words.WEIGHT_HELP,
                step=0.5,
                elem_id="principles-weight",
                interactive=False,
                min_width=160,
            )
            self.fields["kind"] = gr.Dropdown(
                words.KINDS,
                label=words.KIND,
                elem_id="principles-kind",
                interactive=False,
                min_width=220,
                filterable=False,
            )
        with gr.Row():
            self._text("source", words.SOURCE, "source", info=words.SOURCE_HELP, max_lines=2, min_width=220)
            self.notes = gr.Textbox(
                label=words.NOTES,
                info=words.NOTES_HELP,
                max_lines=4,
                elem_id="principles-notes",
                interactive=False,
                min_width=220,
            )
        self.inputs: list[Block] = list(self.fields.values())

    def _text(self, field: str, label: str, name: str, **look: Any) -> None:
        self.fields[field] = gr.Textbox(label=label, elem_id=f"principles-{name}", interactive=False, **look)

    def read_from(self, given: Given) -> dict[str, Any]:
        """What the fields hold, by name, as it was typed."""
        return {name: given[field] for name, field in self.fields.items()}

    def changes(self, view: View) -> Changes:
        """Another principle in the fields and notes; with none there is nothing to type into."""
        p, there = view.principle or Principle("", "", "", ""), view.principle is not None
        values = {field: getattr(p, name) for name, field in self.fields.items()}
        values[self.fields["tags"]] = ", ".join(p.tags)
        values[self.notes] = constitutions.notes(self.services, view.draft.name).get(view.chosen, "")
        return {field: gr.update(value=value, interactive=there) for field, value in values.items()}
