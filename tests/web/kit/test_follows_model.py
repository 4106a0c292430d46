"""Knobs start from the loaded model, and do so again when another model is loaded while the page is open."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Engine
from cai_ui.pipeline import Services
from cai_ui.web.compare.ask import AskBox
from cai_ui.web.curate.on_policy import OnPolicyBox
from cai_ui.web.revise import stepper
from cai_ui.web.revise.tab import ReviseTab
from cai_ui.web.session import Session

ME = Session("me", "page")
WRITTEN = {"temperature": 0.6, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.1}


@pytest.fixture(scope="module")
def drawn_its_own_way(tmp_path_factory: pytest.TempPathFactory, build_tiny_model: Callable[..., Path]) -> Engine:
    folder = build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    (folder / "generation_config.json").write_text(json.dumps(WRITTEN))
    return load_engine(AppSettings(model=str(folder)))


def test_knobs_follow_the_model_and_a_persons_own_are_found_again(
    services: Services, drawn_its_own_way: Engine
) -> None:
    with gr.Blocks():
        box, ask, pairs = ReviseTab(services), AskBox(services), OnPolicyBox(services)
    revision, sampling = box.settings.settings.widgets, box.settings.sampling.widgets
    first = box.usual.look(ME, "")
    scripted = first[box.usual.model]
    assert (first[revision["few_shot"]], first[sampling["temperature"]]) == (False, 0.7)
    assert list(box.usual.look(ME, scripted)) == [box.usual.model]  # nothing is filled twice
    stepper.keep_settings(services, ME, RevisionSettings(revisions=3), Sampling(temperature=0.2))
    assert box.usual.look(ME, "")[revision["revisions"]] == 3

    services.host.use(drawn_its_own_way)
    changed = box.usual.look(ME, scripted)
    assert set(changed) == {box.usual.model, *box.settings.filled}
    assert (changed[revision["few_shot"]], changed[revision["revisions"]]) == (True, 1)
    for widgets, shown in ((sampling, changed), (ask.sampling.widgets, ask.usual.look(ME, ""))):
        assert {name: shown[widgets[name]] for name in WRITTEN} == WRITTEN
        assert shown[widgets["max_new_tokens"]] == drawn_its_own_way.default_sampling.max_new_tokens != 256
    assert pairs.usual.look(ME, "")[pairs.longest] == drawn_its_own_way.default_sampling.max_new_tokens


def test_without_a_model_nothing_is_filled(services: Services) -> None:
    with gr.Blocks():
        box = ReviseTab(services)
    services.host.load(AppSettings(model="no/such-folder"))
    assert list(box.usual.look(ME, "other")) == [box.usual.model]
