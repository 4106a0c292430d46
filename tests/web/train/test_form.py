"""What is asked for: the form, its presets, and what is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import BASE
from cai_ui.train.methods import METHODS, own_knobs
from cai_ui.web.train import presets
from cai_ui.web.train.form import RunForm
from cai_ui.web.train.tab import TrainTab

from .runs import RUN


def given(form: RunForm, method: str, dataset: str | None, start_from: str, **changes: Any) -> dict[Any, Any]:
    """What the page sends for the form, with the default settings and these changes."""
    chosen = {form.method: method, form.dataset: dataset, form.start_from: start_from, form.preset: None}
    knobs = {widget: changes.get(name, getattr(TrainSettings(), name)) for name, widget in form.form.widgets.items()}
    return {**chosen, **knobs}


def test_the_form_becomes_a_checked_wish(train: TrainTab) -> None:
    form = train.form
    wanted = form._wanted(given(form, "dpo", "abc", "run-7", beta=0.3))
    assert (wanted.method, wanted.dataset_hash, wanted.start_adapter) == ("dpo", "abc", "run-7")
    assert wanted.settings == TrainSettings(beta=0.3)
    assert form._wanted(given(form, "sft", "abc", BASE)).start_adapter is None


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), None, "fast"])
def test_a_learning_rate_that_cannot_be_is_refused_by_name(train: TrainTab, rate: object) -> None:
    with pytest.raises(InputError, match=r"(?i)learning rate"):
        train.form._wanted(given(train.form, "sft", "abc", BASE, learning_rate=rate))


def test_without_a_dataset_there_is_no_run(train: TrainTab) -> None:
    for handler in (train.form._wanted, train.form._check, train.form._start):
        with pytest.raises(InputError, match="No dataset is chosen"):
            handler(given(train.form, "sft", None, BASE))


def test_knobs_of_a_method_are_shown_for_it_only(train: TrainTab) -> None:
    widgets = train.form.form.widgets
    for name, method in METHODS.items():
        shown = train.form._shown_knobs(name)
        assert set(shown) == {widgets[knob] for knob in own_knobs()}
        assert {w for w, update in shown.items() if update["visible"]} == {widgets[knob] for knob in method.knobs}
    assert "beta" not in METHODS["sft"].knobs and {"beta", "reference"} <= set(METHODS["dpo"].knobs)


def test_a_method_that_is_not_known_is_refused_and_does_not_become_sft(train: TrainTab) -> None:
    with pytest.raises(InputError, match=r"no training method 'ppo'.*sft, dpo"):
        train.form._wanted(given(train.form, "ppo", "d" * 64, BASE))


def test_a_page_without_datasets_says_where_to_make_one(train: TrainTab) -> None:
    shown = train.form._menus(None, "gone")
    assert "Curate" in shown[train.form.about]
    assert shown[train.form.dataset].get("value") is None
    assert shown[train.form.start_from]["value"] == BASE


def test_a_preset_fills_the_form_and_a_change_from_it_is_named(train: TrainTab) -> None:
    form = train.form
    filled = form._preset("embedded quick", "dpo")
    preset = presets.preset(form.services, "embedded quick", "dpo")
    assert form.form.read_from(filled) == preset
    assert form._preset(None, "sft") == {form.checked: "", form.changed: ""}
    now = {**given(form, "dpo", None, BASE), **filled, form.preset: "embedded quick"}
    assert form._changed(now) == ""
    assert "Rank 4 (preset: 16)" in form._changed({**now, form.form.widgets["rank"]: 4})


def test_dpo_continues_from_the_adapter_of_the_run_that_is_shown(train: TrainTab) -> None:
    store = train.form.services.store
    store.create_run(replace(RUN, id="run-0", state="failed"))
    store.create_run(replace(RUN, state="done", adapter="run-1"))
    filled = train.form._with_dpo("run-1", "embedded quick")
    assert (filled[train.form.method], filled[train.form.dataset]) == ("dpo", RUN.dataset_hash)
    assert filled[train.form.start_from]["value"] == "run-1"
    assert "Ready to continue from first" in filled[train.form.checked]
    with pytest.raises(InputError, match="no adapter"):
        train.form._with_dpo("run-0", None)


def test_a_run_can_be_copied_from(services: Services) -> None:
    services.store.create_run(replace(RUN, state="done", config=TrainSettings(rank=5).model_dump()))
    assert ("as in first", "run:run-1") in presets.preset_names(services)[0]
    assert presets.preset(services, "run:run-1", "dpo").rank == 5


def test_another_method_says_which_settings_it_brought_along(train: TrainTab) -> None:
    form = train.form
    was = {**given(form, "sft", None, BASE), **form._preset("embedded quick", "sft"), form.preset: "embedded quick"}
    now = form._switch({**was, form.method: "dpo"})
    preset = presets.preset(form.services, "embedded quick", "dpo")
    assert form.form.read_from(now) == preset
    assert f"Sft weight 0.0 → {preset.sft_weight}" in now[form.changed] and "Beta" in now[form.changed]
    assert form._switch({**was, form.method: "dpo", form.preset: None})[form.changed]
