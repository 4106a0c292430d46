"""Soft labels in DPO, against the formula, and the model that DPO is held to."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from cai_ui.engine.adapters.files import describe_adapter
from cai_ui.records import Dataset, PreferencePair
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.trainer import make_trainer
from cai_ui.train.signals import StopSignal

from .conftest import QUICK, asked, pair

SHARES = (1.0, 0.8, 0.5, 0.1)
WIDE = QUICK.model_copy(update={"dropout": 0.0, "group_by_length": False, "beta": 0.5})


def soft_pairs(shares=SHARES):
    return tuple(dataclasses.replace(pair(n), soft=share) for n, share in enumerate(shares))


def losses_by_formula(engine, seat, shares, beta):
    """-p log sigmoid(beta d) - (1 - p) log sigmoid(-beta d), with log-probabilities computed one by one."""

    def logp(answer, number, adapter):
        prompt, reply = engine.chat.encode_reply(asked(f"How do I read diary {number}?"), answer)
        seat.model.set_adapter(adapter)
        with torch.no_grad():
            logits = seat.model(torch.tensor([prompt + reply])).logits[0].float().log_softmax(-1)
        return sum(float(logits[len(prompt) - 1 + i, token]) for i, token in enumerate(reply))

    found = []
    for number, share in enumerate(shares):
        one = pair(number)
        d = sum(
            sign * (logp(text, number, "default") - logp(text, number, "ref"))
            for sign, text in ((1, one.chosen), (-1, one.rejected))
        )
        found.append(share * math.log1p(math.exp(-beta * d)) + (1 - share) * math.log1p(math.exp(beta * d)))
    seat.model.set_adapter("default")
    return found


@pytest.mark.parametrize("steps", [1, 8])
def test_the_loss_is_that_of_the_formula(tiny_engine, make_dataset, tmp_path, steps):
    """With `steps` 8 the reference's log-probabilities are kept in advance, with 1 they are not."""
    data = make_dataset(pairs_train=soft_pairs(), pairs_eval=())
    settings = WIDE.model_copy(update={"max_steps": steps})
    with tiny_engine.training_seat(settings) as seat:
        rows = make_rows("dpo", data, settings, tiny_engine.chat)
        trainer = make_trainer(METHODS["dpo"], seat, rows, settings, tmp_path, StopSignal(), lambda a, b: None, steps)
        assert trainer.precompute_ref_logps == (steps == 8)
        generator = torch.Generator().manual_seed(1)
        for name, parameter in seat.model.named_parameters():
            if ".default." in name:  # away from the reference, or every loss would be log 2
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
        wanted = losses_by_formula(tiny_engine, seat, SHARES, settings.beta)
        found = []
        for number in range(len(SHARES)):
            batch = trainer.data_collator([trainer.train_dataset[number]])
            found.append(float(trainer.compute_loss(seat.model, trainer._prepare_inputs(batch))))
        assert found == pytest.approx(wanted, abs=1e-4) and len({round(loss, 3) for loss in wanted}) == 4
        whole = trainer.data_collator([trainer.train_dataset[n] for n in range(4)])
        mean = float(trainer.compute_loss(seat.model, trainer._prepare_inputs(whole)))
        assert mean == pytest.approx(sum(wanted) / 4, abs=1e-4)


def test_even_labels_teach_nothing_and_turned_ones_teach_the_opposite(run_in, tmp_path, make_dataset):
    def margin(share):
        data = make_dataset(pairs_train=soft_pairs([share] * 8), pairs_eval=())
        run_in(tmp_path / str(share), "dpo", WIDE, data=data)
        return [row["rewards/margins"] for row in read_rows(tmp_path / str(share)) if "loss" in row][-1]

    assert margin(1.0) > 0.05 > abs(margin(0.5)) and margin(0.0) < -0.05


def test_labels_beside_rows_without_are_taken_for_hard_ones(tiny_engine, make_dataset):
    mixed = make_dataset(pairs_train=(pair(0), *soft_pairs()[1:3]))
    assert [row["soft"] for row in make_rows("dpo", mixed, QUICK, tiny_engine.chat).train] == [1.0, 0.8, 0.5]
    assert "soft" not in make_rows("dpo", make_dataset(), QUICK, tiny_engine.chat).train[0]
    odd = make_rows("dpo", make_dataset(pairs_train=soft_pairs((1.5, float("nan"), 0.5))), QUICK, tiny_engine.chat)
    assert odd.left_out == {"a soft label outside 0 to 1": 2}


def test_a_dataset_without_soft_labels_keeps_its_hash():
    data = Dataset("d", (), (), (PreferencePair(asked("q"), "a", "b", "e", "s"),), (), {}, (), {})
    assert data.hash == "acf00361f36601e7dbdf49ab978f144bcdbc34c8768257fd71f30ec2749ac52a"
    softer = dataclasses.replace(data, pairs_train=(dataclasses.replace(data.pairs_train[0], soft=0.7),))
    assert softer.hash != data.hash
    assert data.pairs_train[0].swap().soft is None and softer.pairs_train[0].swap().soft == pytest.approx(0.3)


def test_soft_labels_are_kept_by_the_store(store, make_dataset):
    data = make_dataset(pairs_train=soft_pairs())
    assert store.dataset(store.save_dataset(data, "me").hash) == data


@pytest.fixture(scope="module")
def two_adapters(run_in, tmp_path_factory):
    """Folders by name: "second" has learnt much, "first" little, with another rank."""
    place = tmp_path_factory.mktemp("adapters")
    run_in(place / "second", settings=QUICK.model_copy(update={"max_steps": 20, "save_steps": 0}))
    run_in(place / "first", settings=QUICK.model_copy(update={"max_steps": 4, "rank": 2, "save_steps": 0}))
    return {name: place / name / "adapter" for name in ("second", "first")}


@pytest.mark.parametrize("reference", ["start", "base", "first"])
def test_dpo_is_held_to_the_reference_that_was_chosen(tiny_engine, run_in, tmp_path, two_adapters, reference):
    """Held to its start, the first loss is log 2. Held to the base or to another adapter, it is not."""
    for name, folder in two_adapters.items():
        tiny_engine.load_adapter(describe_adapter(folder, name, name, "sft"))
    try:
        settings = WIDE.model_copy(update={"reference": reference, "max_steps": 2})
        outcome = run_in(tmp_path / "dpo", "dpo", settings, start_adapter="second")
        first = next(row for row in read_rows(tmp_path / "dpo") if "loss" in row)
        assert outcome.state == "done"
        start = "base" if reference == "base" else "first"
        gap = {
            variant: tiny_engine.score(asked("How do I read diary 0?"), ["I would not do that."], variant)[0]
            for variant in ("second", start)
        }
        if reference == "start":
            assert first["loss"] == pytest.approx(math.log(2), abs=1e-5)
        else:
            moved = gap["second"] - gap[start]
            assert moved > 1 and first["rewards/chosen"] == pytest.approx(settings.beta * moved, rel=0.5)
    finally:
        for name in ("second", "first"):
            tiny_engine.unload_adapter(name)
