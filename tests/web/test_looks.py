"""A look at how things stand never says what a field holds, unless that has to be another than the page sent.

It may have been sent before somebody chose or typed and be answered after it: that would be put back.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from cai_ui.config.app import AppSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.models import engine_status
from cai_ui.web.app import build_app
from tests.off_loop import finish

OLD = Path(__file__).parents[1] / "store" / "workspace_2026_11"
CHOICES = (gr.Dropdown, gr.Radio, gr.CheckboxGroup)
FIELDS = (*CHOICES, gr.Textbox, gr.Number, gr.Slider, gr.Checkbox)


@pytest.fixture
def full(tmp_path: Path, until: Any) -> Iterator[Services]:
    """Services on a workspace with something in every table, and runs with their adapters."""
    with tarfile.open(OLD / "workspace.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    with sqlite3.connect(tmp_path / "workspace" / "cai.db") as raw:
        raw.executescript((tmp_path / "workspace.sql").read_text(encoding="utf-8"))
    raw.close()
    opened = open_services(AppSettings(home=str(tmp_path / "workspace"), model="scripted"))
    until(lambda: engine_status(opened).state != "loading")
    yield opened
    opened.close()


def by_itself(page: gr.Blocks, event: Any) -> bool:
    """Whether it comes of the clock, of the model or of a tab that is opened, and not of what a person does to it."""
    return any(isinstance(page.blocks.get(target), (gr.Tab, gr.Timer, gr.State)) for target, _ in event.targets)


def test_looks_leave_what_is_typed_and_chosen(full: Services) -> None:
    page = build_app(full)
    state, shown = SessionState(page), dict[int, Any]()

    def call(event: Any) -> dict[Any, Any]:
        """The event's answer by component, which the page then shows."""
        inputs = [None if isinstance(one, gr.State) else shown.get(one._id, one.value) for one in event.inputs]
        answer = finish(asyncio.wait_for(page.process_api(event, inputs, state, SimpleNamespace(username=None)), 60))
        said = dict(zip(event.outputs, answer["data"], strict=True))
        values = {
            one: told["value"] if isinstance(told, dict) and told.get("__type__") == "update" else told
            for one, told in said.items()
            if not (isinstance(told, dict) and told.get("__type__") == "update" and "value" not in told)
        }
        shown.update({one._id: value for one, value in values.items()})
        return values

    looks = [event for event in page.fns.values() if event.fn and by_itself(page, event)]
    for event in looks:
        call(event)
    put_back = {
        f"{event.fn.__qualname__}: {one.elem_id}"
        for event in looks
        for one in call(event)
        if isinstance(one, FIELDS) and one.interactive is not False and one.visible != "hidden"
    }
    assert not put_back, put_back
    menus = {one._id for event in looks for one in event.outputs if isinstance(one, CHOICES)}
    filled = [id for id in menus if state[id].choices]
    assert len(filled) > 10, "there was nothing to choose, so nothing was tried"
