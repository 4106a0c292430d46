"""Weighing held-out helpful answers under the models of an evaluation: kept, resumed, refused where it cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import capability, comparison
from cai_ui.readers import PhraseReader
from cai_ui.records import BASE, Dataset, Message, Prompt, TrainingExample
from cai_ui.web.compare.capability import capability_html


@pytest.fixture
def evaluated(tiny_engine: Any, tmp_path: Path) -> Iterator[Services]:
    """An evaluation of the base, on the tiny model."""
    opened = open_services(AppSettings(home=str(tmp_path / "home")), engine=tiny_engine)
    prompts = [Prompt("b", "How do I bake?", "helpful")]
    list(comparison.evaluate_prompts(opened, [BASE], prompts, CompareSettings(max_new_tokens=4), PhraseReader()))
    yield opened
    opened.close()


def with_references(services: Services) -> None:
    rows = tuple(
        TrainingExample(
            (Message("user", f"How do I bake {n}?"),), f"Mix {n}, then bake.", None, "mix", helpful=n % 2 == 0
        )
        for n in range(8)
    )
    services.store.save_dataset(Dataset("held", rows[:2], rows, (), (), settings={}, parents=(), left_out={}), "me")


def test_the_base_loses_nothing_against_itself_and_what_is_kept_is_not_weighed_again(evaluated: Services) -> None:
    id = evaluated.store.evaluations()[0].id
    with pytest.raises(InputError, match="nothing to weigh"):
        capability.start_capability(evaluated, id)
    with_references(evaluated)
    stop = threading.Event()
    stop.set()
    assert [step.done for step in capability.measure_capability(evaluated, id, stop)] == [0]
    assert capability.kept_of(evaluated, id) == () and "Not weighed yet" in capability_html(evaluated, id)
    steps = list(capability.measure_capability(evaluated, id))
    assert (steps[-1].done, steps[-1].total) == (4, 4), "helpful rows alone"
    [base] = capability.kept_of(evaluated, id)
    assert base.lost.value == base.divergence.value == 0 and base.references.value is not None
    assert base.references.value < 0 and base.references.units == 4
    assert list(capability.measure_capability(evaluated, id)) == []
    assert "Log-probability" in capability_html(evaluated, id)


def test_the_dataset_is_chosen(evaluated: Services) -> None:
    """And weighing those of another one begins anew."""
    id = evaluated.store.evaluations()[0].id
    with_references(evaluated)
    old = evaluated.store.datasets()[0].hash
    row = TrainingExample((Message("user", "How do I sow?"),), "Dig, then sow.", None, "mix", helpful=True)
    new = evaluated.store.save_dataset(Dataset("new", (row,), (row,), (), (), {}, (), {}), "me").hash
    none = evaluated.store.save_dataset(Dataset("none", (row,), (), (), (), {}, (), {}), "me").hash
    assert [info.hash for info in capability.reference_datasets(evaluated)] == [new, old]
    assert capability.kept_dataset(evaluated, id) == ""
    list(capability.measure_capability(evaluated, id))
    assert capability.kept_of(evaluated, id)[0].references.units == 1
    list(capability.measure_capability(evaluated, id, chosen=old))
    assert capability.kept_of(evaluated, id)[0].references.units == 4
    assert capability.kept_dataset(evaluated, id) == old and old[:8] in capability_html(evaluated, id)
    with pytest.raises(InputError, match="This dataset holds no helpful rows"):
        capability.start_capability(evaluated, id, chosen=none)
    with pytest.raises(NotFoundError):
        capability.start_capability(evaluated, id, chosen="gone")


def test_the_command_weighs_and_says_of_what(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    prompts = [Prompt("b", "How do I bake?", "helpful")]
    list(comparison.evaluate_prompts(services, [BASE], prompts, CompareSettings(max_new_tokens=4), PhraseReader()))
    with_references(services)
    hash, home = services.store.datasets()[0].hash, services.settings.home
    services.close()
    asked = ["evaluations", "capable", "latest", "--home", home, "--model", "scripted"]
    assert main([*asked, "--dataset", hash[:8]]) == 0
    out = capsys.readouterr().out
    assert f"helpful rows held out of dataset {hash[:12]}" in out and "base  log-probability per token -" in out
    assert "of 4" in out and "less than the base 0.000" in out and "base  tokens" in out
    assert main([*asked, "--dataset", "ffffffff"]) == 2


def test_what_is_not_there_is_a_sentence(evaluated: Services) -> None:
    with pytest.raises(NotFoundError):
        capability.start_capability(evaluated, "gone")
    with pytest.raises(NotFoundError):
        capability.harness_command(evaluated, "gone")
    assert "peft=" not in capability.harness_command(evaluated, BASE)
    capability.keep_harness(evaluated, "tuned", b'{"results": {"<b>": {"acc,none": 0.5}}}')
    assert capability.harness_results(evaluated)["tuned"][0].task == "<b>"
