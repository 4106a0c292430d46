"""Knobs: bounds are enforced in one place. Run: python -m pytest tests/test_config.py"""

from __future__ import annotations

import math

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.knobs import Settings, checked, knob_extra
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError

ALL = (AppSettings, CompareSettings, DatasetSettings, RevisionSettings, Sampling, TrainSettings)


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, 1e9, "fast"])
def test_an_impossible_learning_rate_is_refused_by_name(rate: object) -> None:
    with pytest.raises(InputError, match="learning rate"):
        checked(TrainSettings, {"learning_rate": rate})


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (Sampling, {"temperature": -0.1}),
        (Sampling, {"max_new_tokens": 0}),
        (Sampling, {"max_new_tokens": 10**9}),
        (Sampling, {"top_p": math.nan}),
        (RevisionSettings, {"revisions": 9}),
        (TrainSettings, {"rank": 0}),
        (TrainSettings, {"epochs": 1e9}),
        (TrainSettings, {"batch_size": 0}),
        (DatasetSettings, {"eval_share": 1.0}),
        (TrainSettings, {"probe_judge": "\ud800"}),
        (TrainSettings, {"unheard_of": 1}),
    ],
)
def test_values_out_of_bounds_and_unknown_names_are_refused(cls: type[Settings], values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        checked(cls, values)


@pytest.mark.parametrize("cls", ALL)
def test_every_knob_has_help_and_a_default_within_its_bounds(cls: type[Settings]) -> None:
    settings = checked(cls, {})
    assert checked(cls, settings.model_dump()) == settings
    for name, field in cls.model_fields.items():
        assert field.description, name
        assert set(knob_extra(cls, name)) == {"unit", "source", "step", "advanced"}


@pytest.mark.parametrize(
    ("name", "meant"), [("Rank", "'rank'"), ("learning-rate", "'learning_rate'"), ("packing", "list")]
)
def test_a_setting_that_does_not_exist_is_named_with_what_may_be_meant(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"no setting '{name}'.*{meant}"):
        checked(TrainSettings, {name: "8"})
