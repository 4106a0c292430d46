"""The fields of one principle, and what is said beside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import gradio as gr
import pytest

from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, open_services
from cai_ui.web.principles import editor
from cai_ui.web.principles.fields import FieldsBox, findings_html

from .editing import ME, fields


def test_an_empty_request_is_kept_in_the_draft_and_named_beside_it(services: Services) -> None:
    view = editor.open_current(services, ME)
    edited = editor.edit_principle(services, ME, view.base, view.chosen, fields(view, critique_request=" "))
    assert "Issues found" in findings_html(services, edited)
    with pytest.raises(InputError):
        editor.save_version(services, ME, view.base, view.chosen, "")
    assert editor.open_current(services, ME).draft == edited.draft


def test_the_fields_show_the_principle_and_no_field_is_open_without_one(services: Services) -> None:
    with gr.Blocks():
        box = FieldsBox(services)
    view = editor.open_current(services, ME)
    shown = box.changes(view)
    assert {name: shown[field]["value"] for name, field in box.fields.items()} == fields(view)
    assert {update["interactive"] for update in shown.values()} == {True}
    empty = dataclasses.replace(view, chosen="")
    assert {update["interactive"] for update in box.changes(empty).values()} == {False}


def test_it_says_beside_a_principle_what_the_embedded_model_makes_of_it(services: Services, tmp_path: Path) -> None:
    view = editor.open_current(services, ME)
    assert "embedded model" not in findings_html(services, view), "nothing is known of another model"
    embedded = open_services(AppSettings(home=str(tmp_path / "embedded"), model="embedded"))
    try:
        view = editor.open_current(embedded, ME)
        told = findings_html(embedded, view)
        assert "The embedded model understands: harm of any kind." in told and "does not know" not in told
        odd = fields(view, critique_request="Does it rhyme?", revision_request="Turn it into a <b>rhyme</b>.")
        told = findings_html(embedded, editor.edit_principle(embedded, ME, view.base, view.chosen, odd))
        assert "a real model is needed" in told and f"does not know what to do with: {odd['name']}." in told
    finally:
        embedded.close()
