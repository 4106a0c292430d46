"""The Experiments tab: started from its fields, watched, read, downloaded; nothing from outside becomes markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError, NotFoundError
from cai_ui.experiments import running
from cai_ui.pipeline import Services
from cai_ui.web.experiments.result_html import result_html
from cai_ui.web.experiments.tab import ExperimentsTab, experiment_view, result_file, rows_file
from cai_ui.web.session import Session

SMALL = {"prompts": 2, "seeds": 1, "answer_tokens": 16}


def given(tab: ExperimentsTab, **changes: Any) -> dict[Any, Any]:
    """What the page sends: every field at its start, with some changed."""
    forms = [tab.common, *(form for _, form in tab.own.values() if form)]
    values: dict[Any, Any] = {widget: widget.value for form in forms for widget in form.inputs}
    values |= {tab.common.widgets[name]: value for name, value in {**SMALL, **changes}.items()}
    return values | {tab.name: tab.name.value, tab.session.state: Session("Ann")}


@pytest.fixture
def tab(services: Services) -> ExperimentsTab:
    with gr.Blocks():
        made = ExperimentsTab(services)

        class Parts:
            state = gr.State(Session())

        made.session = Parts()  # type: ignore[assignment]
    return made


def test_from_the_fields_to_the_result(
    services: Services, tab: ExperimentsTab, until: Callable[[Callable[[], object]], None]
) -> None:
    assert experiment_view(services).html == ""
    services.host.use(ScriptedEngine(lambda request: "<b>I will not help.</b>"))
    assert "answers" in tab._estimate(given(tab))[tab.cost]
    tab._start(given(tab))
    until(lambda: not services.experiment.last().active)  # type: ignore[union-attr]
    assert "Done" in experiment_view(services).html
    shown = tab._look(True)
    html = shown.more[tab.result]
    assert "<svg" in html and "<b>" not in html and "not significant" in html
    (key,) = [one.key for one in running.all_kept(services)]
    rows = Path(rows_file(services, "jsonl", key)).read_text(encoding="utf-8").splitlines()
    assert json.loads(rows[0])["text"] == "<b>I will not help.</b>"
    assert Path(rows_file(services, "csv", key)).read_text(encoding="utf-8").startswith("\ufeffcondition,seed")
    assert json.loads(Path(result_file(services, key)).read_text(encoding="utf-8"))["finished"]
    assert tab._forget(key)[tab.result] != html
    with pytest.raises(NotFoundError):
        rows_file(services, "csv", key)


def test_fields_that_make_no_sense_are_named(tab: ExperimentsTab) -> None:
    with pytest.raises(InputError, match="prompts"):
        tab._start(given(tab, prompts=1))
    with pytest.raises(InputError, match="no value"):
        tab._start(given(tab, seeds=None))
    with pytest.raises(NotFoundError):
        tab._start(given(tab, sets="none such"))
    with pytest.raises(NotFoundError):
        tab._resume()


def test_what_was_begun_and_measured_nothing_is_said(services: Services, tab: ExperimentsTab) -> None:
    def refuse(request: Any) -> str:
        raise InputError("No.")

    services.host.use(ScriptedEngine(refuse))
    tab._start(given(tab))
    assert services.experiment.wait(20)
    view = experiment_view(services)
    assert view.resumable and "ended early" in view.html
    (one,) = running.all_kept(services)
    assert "Nothing measured yet" in result_html(one)
    for wanted in (
        partial(rows_file, services, "csv"),
        partial(rows_file, services, "jsonl"),
        partial(result_file, services),
    ):
        with pytest.raises(NotFoundError, match="Nothing has been measured yet"):
            wanted(one.key)
