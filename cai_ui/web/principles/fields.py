"""The fields of one principle in the editor, and what the checks say beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Principle
from cai_ui.web.kit.present import esc, notice
from cai_ui.web.principles.editor import View

KINDS = [("revise answers", "critique"), ("choose answers", "preference")]


@dataclass(frozen=True)
class FieldParts:
    """The fields of one principle, in the order in which `edit_principle` takes them."""

    name: gr.Textbox
    kind: gr.Dropdown
    critique: gr.Textbox
    revision: gr.Textbox
    tags: gr.Textbox
    enabled: gr.Checkbox
    weight: gr.Number
    source: gr.Textbox
    notes: gr.Textbox

    @property
    def fields(self) -> list[gr.components.Component]:
        """All but the notes, which belong to no version."""
        return [
            self.name, self.kind, self.critique, self.revision, self.tags, self.enabled, self.weight, self.source,
        ]  # fmt: skip


# Layout


def build() -> FieldParts:
    """Not to be typed into before the page has its values: a late answer would take the typed text away."""
    with gr.Row():
        name = gr.Textbox(
            label="Name", elem_id="principles-name", interactive=False, max_lines=1, scale=3, min_width=220
        )
        enabled = gr.Checkbox(
            label="On", info="Off: never drawn.", elem_id="principles-on", interactive=False, scale=1, min_width=110
        )
    critique = gr.Textbox(
        label="Critique request",
        info="Asked after an answer: what is wrong with it?",
        lines=4,
        elem_id="principles-critique",
        interactive=False,
    )
    revision = gr.Textbox(
        label="Revision request",
        info="Asked after the critique: how should the answer be rewritten? May stay empty for a principle that only "
        "chooses between answers.",
        lines=4,
        elem_id="principles-revision",
        interactive=False,
    )
    with gr.Row():
        tags = gr.Textbox(
            label="Tags",
            info="Separated by commas.",
            elem_id="principles-tags",
            interactive=False,
            max_lines=1,
            min_width=200,
        )
        weight = gr.Number(
            1,
            label="Weight",
            info="Relative chance to be drawn; 1 is usual, 0 never.",
            minimum=0,
            maximum=1000,
            step=0.5,
            elem_id="principles-weight",
            interactive=False,
            min_width=160,
        )
        kind = gr.Dropdown(
            KINDS, label="Used to", elem_id="principles-kind", interactive=False, min_width=220, filterable=False
        )
    with gr.Row():
        source = gr.Textbox(
            label="Source",
            info="Whose idea or wording it is.",
            max_lines=2,
            elem_id="principles-source",
            interactive=False,
            min_width=220,
        )
        notes = gr.Textbox(
            label="Notes", info="For yourself and the team; no part of a version.", max_lines=4,
            elem_id="principles-notes", interactive=False, min_width=220,
        )  # fmt: skip
    return FieldParts(name, kind, critique, revision, tags, enabled, weight, source, notes)


# What they show


def updates(services: Services, view: View) -> list[Any]:
    """Updates of `PrinciplesParts.one`."""
    p = view.principle
    there = p is not None
    p = p or Principle("", "", "", "")
    values = [p.name, p.kind, p.critique_request, p.revision_request, ", ".join(p.tags), p.enabled, p.weight, p.source]
    note = constitutions.notes(services, view.draft.name).get(view.chosen, "")
    updates = [gr.update(value=value, interactive=there) for value in (*values, note)]
    return [view.chosen, *updates, findings_html(services, view)]


def findings_html(services: Services, view: View) -> str:
    """What the check says about the draft, the principle in the editor first."""
    names = {p.id: p.name or p.id for p in view.draft.principles}
    found = constitutions.check_constitution(services, view.draft)
    if not found:
        return notice("Checked: nothing to complain about.", "good")
    first = sorted(found, key=lambda f: f.principle_id != view.chosen)[:12]
    lines = "".join(
        f"<li>{esc(names.get(f.principle_id or '', 'Whole constitution'))}: {esc(f.message)}</li>" for f in first
    )
    more = f"<li>and {len(found) - len(first)} more</li>" if len(found) > len(first) else ""
    return (
        f'<div class="cai-notice cai-notice-warn" role="status"><strong>To look at</strong><ul>{lines}{more}</ul></div>'
    )
