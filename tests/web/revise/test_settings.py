"""Settings of a trace as the page sends them."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.revise.settings import SettingsBox, side_choices


def given(panel: SettingsBox, **changes: Any) -> dict[Any, Any]:
    """The panel's values as the page would send them, some of them changed."""
    values = {widget: getattr(widget, "value", None) for widget in panel.inputs}
    named = {**panel.settings.widgets, "principle": panel.principle, "new_seed": panel.new_seed, "critic": panel.critic}
    return {**values, **{named[name]: value for name, value in changes.items()}}


def test_a_fixed_choice_needs_a_principle(services: Services) -> None:
    with gr.Blocks():
        panel = SettingsBox(services.settings)
    assert panel.read_from(given(panel))[0] == RevisionSettings()
    with pytest.raises(InputError, match="no principle is chosen"):
        panel.read_from(given(panel, choice="fixed"))
    settings, _ = panel.read_from(given(panel, choice="fixed", principle="p1", critic=" http://x#y "))
    assert (settings.principle_id, settings.critic) == ("p1", "http://x#y")


def test_without_a_new_seed_the_seed_is_the_one_given(services: Services) -> None:
    with gr.Blocks():
        panel = SettingsBox(services.settings)
    assert panel.read_from(given(panel, new_seed=False))[1] == Sampling()
    assert panel.read_from(given(panel))[1].seed != panel.read_from(given(panel))[1].seed


def test_the_model_that_answers_may_criticise_and_revise_too(services: Services) -> None:
    assert side_choices(services)[0] == ("the model that answers", "")
