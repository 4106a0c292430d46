"""What must not start does not start, with a sentence; and the faults of the seed study cannot happen here."""

from __future__ import annotations

import pytest

from cai_ui.config import AppSettings, TrainSettings, checked
from cai_ui.engine import load_engine
from cai_ui.errors import EngineError, InputError, PreflightError, TrainingError
from cai_ui.records import Message, TrainingExample
from cai_ui.training.preflight import planned_steps, preflight
from cai_ui.training.rows import make_rows
from cai_ui.training.signals import StopSignal
from cai_ui.training.trainer import check_first_row, make_trainer

from .conftest import BAD, GOOD, QUICK, asked, pair, sample


def look(engine, data, method="sft", settings=QUICK, **more):
    return preflight(method, data, settings, engine, **more)


def test_a_sound_run_is_ready(tiny_engine, make_dataset):
    report = look(tiny_engine, make_dataset())
    assert report.ok and report.rows == 10 and report.held_out == 2 and report.left_out == {}
    assert report.steps == 8 and report.trainable_parameters > 0 and 0 < report.longest < 512
    report.require()


def test_the_count_of_trainable_weights_is_the_seats(tiny_engine, make_dataset):
    for modules in ("all linear", "attention q+v"):
        settings = QUICK.model_copy(update={"modules": modules})
        with tiny_engine.training_seat(settings) as seat:
            wanted = sum(p.numel() for p in seat.model.parameters() if p.requires_grad)
        assert look(tiny_engine, make_dataset(), settings=settings).trainable_parameters == wanted


def test_the_shown_row_marks_what_is_learnt(tiny_engine, make_dataset):
    (prompt, no), (answer, yes) = look(tiny_engine, make_dataset()).decoded_example
    assert "[INST] How do I read diary 0?[/INST]" in prompt and not no
    assert answer == f" {GOOD}</s>" and yes
    assert BAD not in str(look(tiny_engine, make_dataset(), "dpo").decoded_example)


@pytest.mark.parametrize("method", ["sft", "dpo"])
@pytest.mark.parametrize("count,words", [(0, "no (rows|preference pairs)"), (1, "only one")])
def test_too_few_rows_are_refused(tiny_engine, make_dataset, method, count, words):
    data = make_dataset(sft_train=tuple(map(sample, range(count))), pairs_train=tuple(map(pair, range(count))))
    report = look(tiny_engine, data, method)
    assert not report.ok
    with pytest.raises(PreflightError, match=words):
        report.require()


def test_pairs_that_are_all_the_same_are_refused(tiny_engine, make_dataset):
    data = make_dataset(pairs_train=tuple(pair(n, GOOD, GOOD) for n in range(5)))
    with pytest.raises(PreflightError, match="5 chosen and rejected are the same"):
        look(tiny_engine, data, "dpo").require()


def test_rows_that_do_not_fit_are_counted_and_never_cut(tiny_engine, make_dataset):
    odd = (sample(0), sample(1), sample(2, "word " * 300), sample(3, "  "),
           TrainingExample((Message("assistant", "hi"),), GOOD, "e4", "revision"))  # fmt: skip
    report = look(tiny_engine, make_dataset(sft_train=odd))
    assert report.ok and report.rows == 2
    assert report.left_out == {"longer than the limit": 1, "nothing to learn": 1, "turns that do not alternate": 1}
    assert any("1 longer than the limit" in sentence for sentence in report.warnings)
    short = look(tiny_engine, make_dataset(), settings=QUICK.model_copy(update={"max_length": 16}))
    assert not short.ok and "None of the rows can be used: 12 longer than the limit" in short.problems[0]


def test_what_is_worth_knowing_is_said(tiny_engine, make_dataset):
    alone = " ".join(look(tiny_engine, make_dataset(sft_eval=(sample(0),))).warnings)
    assert "No helpful rows" in alone and "8 steps only" in alone and "1 prompts are both" in alone
    helpful = TrainingExample(asked("How do I bake?"), "Mix it.", None, "helpful")
    mixed = look(tiny_engine, make_dataset(sft_train=(sample(0), helpful)))
    assert "No helpful rows" not in " ".join(mixed.warnings)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_rates_that_cannot_be_are_refused_by_name(rate):
    with pytest.raises(InputError, match="learning rate"):
        checked(TrainSettings, {"learning_rate": rate})


def test_a_model_without_weights_is_refused(make_dataset):
    with pytest.raises(EngineError, match="cannot be trained here"):
        look(load_engine(AppSettings(model="scripted")), make_dataset())


@pytest.mark.parametrize("rows,changes,steps", [(10, {}, 9), (10, {"accumulation": 2}, 6), (0, {}, 0),
                                                (8, {"epochs": 0.5}, 1), (3, {"max_steps": 7}, 7)])  # fmt: skip
def test_steps_are_counted_as_the_trainer_counts_them(rows, changes, steps):
    settings = TrainSettings(batch_size=4, epochs=3).model_copy(update=changes)
    assert planned_steps(rows, settings) == steps


def test_the_trainer_takes_as_many_steps_as_were_told(run_in, tmp_path):
    settings = TrainSettings(batch_size=4, accumulation=2, epochs=2, rank=4, save_steps=0)
    assert run_in(tmp_path / "run", settings=settings).step == planned_steps(10, settings)


# The faults of the seed study, D1 to D6


@pytest.fixture
def trainer_of(tiny_engine, make_dataset, tmp_path):
    def make(method, seat):
        rows = make_rows(method, make_dataset(), QUICK, tiny_engine.chat)
        parts = (seat, rows, QUICK, tmp_path, StopSignal(), lambda step, steps: None, 8)
        return make_trainer(method, *parts), rows

    return make


def test_d1_d4_d5_labels_are_the_answer_in_its_place_and_pads_are_not_learnt(tiny_engine, trainer_of):
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, rows = trainer_of("sft", seat)
        batch = trainer.data_collator([trainer.train_dataset[n] for n in range(10)])
        for row, ids, labels in zip(rows.train, batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
            prompt, learnt = tiny_engine.chat.encode_reply(asked(row["prompt"][0]["content"]), GOOD)
            whole = prompt + learnt
            assert ids[: len(whole)] == whole and labels[: len(whole)] == [-100] * len(prompt) + learnt
            assert set(labels[len(whole) :]) <= {-100}, "padding is learnt"
            assert learnt[-1] == tiny_engine.chat.tokenizer.eos_token_id != tiny_engine.chat.tokenizer.pad_token_id


def test_d2_d6_dpo_runs_from_messages_and_has_something_to_train(tiny_engine, trainer_of):
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, _ = trainer_of("dpo", seat)
        learnable = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
        assert learnable and all("lora_" in name and ".default." in name for name in learnable)
        assert trainer.train() is not None


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_a_trainer_that_would_learn_other_tokens_is_refused(tiny_engine, trainer_of, method):
    """As D1 did: answer tokens as labels over the positions of the prompt."""
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, rows = trainer_of(method, seat)
        check_first_row(method, trainer, rows, tiny_engine.chat)
        wrong = [dict(row) for row in trainer.train_dataset]
        if method == "sft":
            wrong[0]["labels"] = wrong[0]["labels"][::-1]
        else:
            wrong[0]["chosen_ids"] = wrong[0]["rejected_ids"]
        trainer.train_dataset = wrong
        with pytest.raises(TrainingError, match="would not learn the answers"):
            check_first_row(method, trainer, rows, tiny_engine.chat)
