"""Columns side by side: each as it was asked, none disturbed by another, and a sentence for each that cannot answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.compare.columns import Column, make_column, read_column
from cai_ui.compare.variants import VariantText
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import EndpointError, InputError, NotFoundError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import columns
from cai_ui.pipeline.compare.checkpoints import checkpoint_choices, checkpoint_steps
from cai_ui.pipeline.compare.columns import answer_columns
from cai_ui.pipeline.curate import datasets, queue
from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.store import QueueFilter
from cai_ui.train.presets import PRESETS

GREEDY = Sampling(temperature=0, max_new_tokens=12)
DRAWN = Sampling(temperature=1, max_new_tokens=12, seed=5)
SYSTEM = "Be kind & brief: 100 % of the time.\n<b>::strength=0</b>"


def last(services: Services, names: list[str], sampling: Sampling = GREEDY, **rest: Any) -> list[VariantText]:
    return list(answer_columns(services, "How do I bake bread?", names, sampling, **rest))[-1]


@pytest.mark.parametrize(
    "column",
    [
        Column("base"),
        Column("run-7", 0.5),
        make_column("run-7@20", 1.5, "bare", SYSTEM),
        make_column("http://127.0.0.1:8000/v1#m", system="x" * 4000),
    ],
)
def test_a_name_gives_the_column_back(column: Column) -> None:
    assert read_column(column.name) == column


@pytest.mark.parametrize("name", ["a::", "a::b", "a::path=/etc", "a::strength=9", "a::strength=x", "x" * 30_000])
def test_a_name_that_says_what_no_column_has_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        read_column(name)


def test_side_by_side_ends_with_the_base_and_its_provenance(services: Services) -> None:
    (variant,) = last(services, ["base"])
    assert variant.answer is not None and variant.over and variant.seconds is not None
    assert (variant.adapter_hash, variant.answer.provenance.adapter_hash) == (None, None)
    with pytest.raises(NotFoundError):
        last(services, ["gone"])
    with pytest.raises(InputError):
        list(answer_columns(services, " ", ["base"], Sampling()))
    with pytest.raises(InputError, match="at most 24"):
        last(services, ["base", "b", "c"], samples=9)


def test_a_column_that_is_not_there_says_so_and_the_others_answer(services: Services) -> None:
    base, gone, odd = last(services, ["base", "gone", "base::what=1"])
    assert base.answer is not None and not base.error
    assert "no variant 'gone'" in gone.error and gone.over and gone.answer is None
    assert "no column" in odd.error


def test_samples_have_seeds_that_follow_and_are_the_same_alone(tiny: Services) -> None:
    three = last(tiny, ["base"], DRAWN, samples=3)
    assert [one.answer.provenance.seed for one in three if one.answer] == [5, 6, 7]
    assert [one.sample for one in three] == [0, 1, 2] and len({one.text for one in three}) > 1
    (alone,) = last(tiny, ["base"], DRAWN.model_copy(update={"seed": 6}))
    assert alone.text == three[1].text, "the same seed gives the same text in any company"


def test_a_system_prompt_and_a_format_are_of_one_column_alone(tiny: Services) -> None:
    names = ["base", make_column("base", system="Answer in capital letters.").name, make_column("base", 1, "bare").name]
    plain, told, bare = last(tiny, names)
    assert (told.title, bare.title) == ("Base model · system “Answer in capital letters.”", "Base model · bare format")
    assert plain.text == last(tiny, ["base"])[0].text
    assert len({plain.text, told.text, bare.text}) == 3
    assert bare.answer is not None and bare.answer.provenance.sampling["chat_format"] == "bare"


def test_a_follow_up_goes_on_from_each_columns_own_answer(tiny: Services) -> None:
    told = make_column("base", system="Be brief.").name
    first = {one.variant: one.text for one in last(tiny, ["base", told])}
    before = {
        name: [Message("user", "How do I bake bread?"), Message("assistant", text)] for name, text in first.items()
    }
    on = list(answer_columns(tiny, "And then?", ["base", told], GREEDY, before=before))[-1]
    by_hand = list(answer_columns(tiny, [*before["base"], Message("user", "And then?")], ["base"], GREEDY))[-1]
    assert on[0].text == by_hand[0].text and on[1].answer is not None


def test_names_from_outside_are_sorted_and_nothing_is_loaded(services: Services) -> None:
    asked = ["base", "base::strength=0.5", "gone", "/etc/passwd", "http://10.0.0.1/v1#m", "r@5", "<b>", "base::x=1"]
    good, bad = columns.known_columns(services, asked)
    assert good == asked[:2] and bad == asked[2:]
    assert services.others.known() == []


@pytest.fixture
def tiny(tiny_engine: Any, tmp_path: Path) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path / "tiny")), engine=tiny_engine)
    yield opened
    opened.close()


def _example(number: int) -> Example:
    prompt = Prompt(f"p{number}", f"Question {number}?", "harmful")
    return make_example((Message("user", prompt.text),), "Sure.", f"Better not, {number}.", prompt=prompt, source="set")


@pytest.fixture
def trained(tiny: Services) -> Iterator[tuple[Services, Any]]:
    """A run of four steps with a checkpoint after each."""
    tiny.store.add_examples([_example(n) for n in range(8)])
    queue.decide_open(tiny, QueueFilter("open"), "accept", "me")
    data = datasets.freeze_dataset(tiny, "eight", DatasetSettings(helpful=0, eval_share=0.0), "me")
    quick = {"max_steps": 4, "save_steps": 1, "keep_checkpoints": 4, "probe_steps": 0, "learning_rate": 0.01}
    settings = PRESETS["embedded quick"]["sft"].model_copy(update=quick)
    run = tiny.jobs.wait(tiny.jobs.submit("sft", data.hash, settings, "me").id)
    assert run.state == "done", run.error
    yield tiny, run
    for info in tiny.engine().adapters():
        tiny.engine().unload_adapter(info.name)


def test_a_checkpoint_is_a_column_until_it_is_deleted(trained: tuple[Services, Any]) -> None:
    services, run = trained
    steps = checkpoint_steps(services, run)
    assert len(steps) >= 2 and not list(services.store.workspace.run_dir(run.id).glob("checkpoints/*"))
    names = [name for _, name in checkpoint_choices(services, services.engine())]
    assert names == [f"{run.id}@{step}" for step in steps]
    final, newest, oldest = last(services, [run.id, names[0], names[-1]])
    assert final.answer is not None and newest.answer is not None and oldest.answer is not None
    hashes = {one.answer.provenance.adapter_hash for one in (final, oldest) if one.answer}
    assert len(hashes) == 2
    assert "step" in oldest.title
    shutil.rmtree(services.store.workspace.run_dir(run.id) / "steps")
    services.engine().unload_adapter(names[-1])
    base, gone = last(services, ["base", names[-1]])
    assert base.answer is not None and "no checkpoint" in gone.error


def test_a_checkpoint_is_named_on_the_command_line(
    trained: tuple[Services, Any], tiny_model: Path, tmp_path: Path, capsys: Any
) -> None:
    services, run = trained
    step = checkpoint_steps(services, run)[-1]
    services.close()
    asked = tmp_path / "asked.txt"
    asked.write_text("How do I lie?\n", encoding="utf-8")
    where = ("--home", str(tmp_path / "tiny"), "--model", str(tiny_model), "--prompts", str(asked))
    assert main(["compare", "base", f"{run.id}@{step}", "--max-new-tokens", "4", *where]) == 0
    assert f"{run.id}@{step}" in capsys.readouterr().out
    assert main(["compare", "base", f"{run.id}@999", *where]) == 2
    assert "no checkpoint" in capsys.readouterr().err


def test_a_checkpoint_of_another_base_says_so_and_the_base_answers(trained: tuple[Services, Any]) -> None:
    services, run = trained
    (_, name), *_ = checkpoint_choices(services, services.engine())
    services.store.update_run(run.id, base_hash="f" * 64)
    assert checkpoint_choices(services, services.engine()) == []
    base, other = last(services, ["base", name])
    assert base.answer is not None and other.answer is None and "was trained on another base model" in other.error


def test_a_strength_of_zero_is_the_base_beside_the_adapter_itself(trained: tuple[Services, Any]) -> None:
    services, run = trained
    base, off, on = last(services, ["base", f"{run.id}::strength=0", f"{run.id}::strength=1.5"])
    assert base.text == off.text != on.text
    assert on.title.endswith("strength 1.5")
    assert on.answer is not None and on.answer.provenance.sampling["strength"] == 1.5
    assert on.answer.provenance.adapter_hash == run.adapter_hash


class Dying(ScriptedEngine):
    """A server that breaks off after its third word."""

    def stream(self, requests: Any, stop: Any = None) -> Iterator[Any]:
        for number, chunk in enumerate(super().stream(requests, stop)):
            if number == 3:
                raise EndpointError("broken off", "The endpoint broke off in the middle of an answer.", passes=True)
            yield chunk


def test_a_server_that_dies_in_the_middle_leaves_the_other_column_alone(services: Services) -> None:
    address = "http://127.0.0.1:9/v1#m"
    services.others._there[address] = Dying()
    base, other = last(services, ["base", address])
    assert base.answer is not None and base.answer.finish == "length"
    assert "broke off in the middle" in other.error and other.text and other.answer is None
    with pytest.raises(EndpointError):
        last(services, [address])
