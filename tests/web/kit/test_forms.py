"""One declaration gives widgets and checks; what the widgets show comes back as the same settings."""

from __future__ import annotations

import gradio as gr
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.web.kit.forms import build_form, label_of, read_number

ALL = [CompareSettings, DatasetSettings, RevisionSettings, Sampling, TrainSettings]


@pytest.mark.parametrize("cls", ALL)
def test_defaults_survive_the_way_through_widgets(cls: type) -> None:
    with gr.Blocks():
        form = build_form(cls, "x")
    shown = {widget: widget.value for widget in form.inputs}
    assert form.read_from(shown) == cls()
    assert form.changes(cls()) == shown


def test_every_widget_says_what_it_does_and_has_an_id_of_its_own() -> None:
    with gr.Blocks():
        form = build_form(TrainSettings, "sft")
    assert form.widgets["learning_rate"].elem_id == "sft-learning-rate"
    ids = [widget.elem_id for widget in form.inputs]
    assert len(set(ids)) == len(ids)
    assert all(getattr(widget, "info", None) for widget in form.inputs)


def test_left_out_knobs_keep_the_value_they_were_given() -> None:
    with gr.Blocks():
        form = build_form(TrainSettings, "sft", leave_out=("beta",), values=TrainSettings(beta=0.3))
    assert "beta" not in form.widgets
    assert form.read_from({widget: widget.value for widget in form.inputs}).beta == 0.3


def test_a_slider_cannot_be_dragged_to_a_value_that_is_excluded() -> None:
    with gr.Blocks():
        top_p = build_form(Sampling, "x").widgets["top_p"]
    assert isinstance(top_p, gr.Slider)
    assert top_p.minimum > 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("learning_rate", 0, "learning rate"),
        ("learning_rate", -1, "learning rate"),
        ("learning_rate", float("nan"), "learning rate"),
        ("learning_rate", None, "Learning rate has no value"),
        ("rank", 2.5, "rank"),
        ("modules", "everything", "modules"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_knobs_name(name: str, value: object, words: str) -> None:
    with gr.Blocks():
        form = build_form(TrainSettings, "x")
    given = {widget: value if key == name else widget.value for key, widget in form.widgets.items()}
    with pytest.raises(InputError, match=words):
        form.read_from(given)


def test_whole_numbers_may_arrive_as_floats() -> None:
    with gr.Blocks():
        form = build_form(Sampling, "x")
    given = {widget: 8.0 if key == "max_new_tokens" else widget.value for key, widget in form.widgets.items()}
    assert form.read_from(given).max_new_tokens == 8


def test_labels_name_the_unit_once() -> None:
    assert label_of("max_new_tokens", "tokens") == "Max new tokens"
    assert label_of("max_length", "tokens") == "Max length (tokens)"


@pytest.mark.parametrize(
    ("said", "number"), [("", None), (None, None), ("  ", None), ("0", 0), ("12", 12), ("0,5", 0.5), (7, 7)]
)
def test_a_number_that_may_be_left_out(said: object, number: float | None) -> None:
    assert read_number(said, "The seed", 0, 100) == number


@pytest.mark.parametrize("said", ["-1", "101", "nan", "inf", "1e9", "a lot", "1 2", "<b>1</b>"])
def test_what_is_no_such_number_is_refused_by_name(said: str) -> None:
    with pytest.raises(InputError, match="The seed is not a number from 0 to 100"):
        read_number(said, "The seed", 0, 100)
