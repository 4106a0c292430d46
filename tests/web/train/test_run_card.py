"""One run on its card, in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cai_ui.engine.adapters.files import write_adapter
from cai_ui.pipeline import Services
from cai_ui.pipeline.train.runs import run_view
from cai_ui.records import Dataset, Message, TrainingExample
from cai_ui.web.train import run_card, run_charts, run_list
from cai_ui.web.train.result import list_html

from .runs import RUN, ended, view


def test_a_run_of_a_method_of_another_version_is_still_shown() -> None:
    run = replace(RUN, method="orpo")
    assert "orpo" in run_card.made_of_html(view(run)) and "orpo" in run_list.runs_html([run])
    assert run_charts.charts_html(view(run)) and run_list.filtered([run], "SFT") == []


def test_a_running_run_shows_step_time_left_and_speed() -> None:
    html = run_card.run_html(view(metrics=[{"step": 20, "loss": 1.0, "tokens_per_s": 1234.0}]))
    assert "step 20 of 80" in html and "2 min" not in html and "1 min 30 s left" in html
    assert "1,234 tokens per second" in html


@pytest.mark.parametrize("state", run_card.STATES)
def test_every_state_can_be_shown(state: str) -> None:
    run = ended(state)
    assert f'data-state="{state}"' in run_card.run_html(view(run))
    assert "first" in run_list.runs_html([run])


def test_a_failed_run_says_why_and_text_stays_text() -> None:
    html = run_card.run_html(
        view(ended("failed", error="The loss is <NaN>. Lower the learning rate.", name="<b>x</b>"))
    )
    assert "&lt;NaN&gt;" in html and "Lower the learning rate" in html
    assert "<b>" not in html


def test_an_interrupted_run_says_how_to_go_on() -> None:
    assert "Press Resume" in run_card.run_html(view(ended("interrupted")))


def test_a_run_whose_weights_were_lost_with_a_disk_says_so_until_they_are_back(services: Services) -> None:
    row = TrainingExample((Message("user", "Why?"),), "So.", "No.", "test")
    data = services.store.save_dataset(Dataset("d", (row,), (row,), (), (), {}, ("h",), {}), "me")
    run = ended("done", dataset_hash=data.hash, adapter="run-1", adapter_hash="a" * 64)
    services.store.create_run(run)
    shown = run_card.run_html(run_view(services, run.id))
    assert "weights of this run are gone" in shown and "runs/run-1/adapter" in shown and "is saved" not in shown
    assert "weights gone" in list_html(services, "all")
    write_adapter(services.store.workspace.run_dir(run.id) / "adapter", {}, {"a": torch.ones(1)}, "base", "b" * 64)
    shown = run_card.run_html(run_view(services, run.id))
    assert "The adapter is saved" in shown and "weights gone" not in list_html(services, "all")


def test_warnings_and_notes_are_on_the_card() -> None:
    html = run_card.run_html(replace(view(replace(RUN, note="try <again>")), warnings=["The loss is <odd>."]))
    assert "The loss is &lt;odd&gt;." in html and "try &lt;again&gt;" in html
