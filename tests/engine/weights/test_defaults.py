"""What a model is drawn with unless told otherwise: its makers' file where that is sound, its context, or our knobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.weights.defaults import FILE, default_sampling


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ({"temperature": 0.6, "top_p": 0.9, "top_k": 40}, {"temperature": 0.6, "top_p": 0.9, "top_k": 40}),
        ({"do_sample": True, "min_p": 0.05, "repetition_penalty": 1.1}, {"min_p": 0.05, "repetition_penalty": 1.1}),
        ({"do_sample": False, "temperature": 0.1}, {}),
        ({"temperature": 99, "top_p": 0.8}, {"top_p": 0.8}),
        ({"temperature": "hot", "top_k": None, "max_new_tokens": 100_000}, {}),
    ],
)
def test_values_of_the_makers_count_within_our_bounds(tmp_path: Path, written: Any, wanted: dict[str, Any]) -> None:
    (tmp_path / FILE).write_text(json.dumps(written))
    assert default_sampling("some/model", tmp_path, 32_768) == Sampling(max_new_tokens=512, **wanted)


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "[" * 100_000])
def test_a_damaged_file_counts_for_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert default_sampling("some/model", tmp_path, 2048) == Sampling(max_new_tokens=256)


def test_answers_are_as_long_as_the_context_bears(tmp_path: Path) -> None:
    assert [default_sampling("m", tmp_path, context).max_new_tokens for context in (128, 1024, 8192)] == [64, 128, 512]


def test_the_embedded_model_keeps_the_defaults_that_were_chosen_on_it(tiny_engine: Any) -> None:
    assert load_engine(AppSettings(model="embedded")).default_sampling == Sampling()
    assert tiny_engine.default_sampling.max_new_tokens == max(64, tiny_engine.context_length // 8)
