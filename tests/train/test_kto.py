"""KTO: which answers it learns from, its loss against the formula, its balance, and what is refused."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from cai_ui.errors import PreflightError
from cai_ui.records import TrainingExample
from cai_ui.train.check.plan import halved
from cai_ui.train.check.preflight import preflight
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS
from cai_ui.train.run.health import run_warnings
from cai_ui.train.run.metrics import read_rows
from cai_ui.train.run.trainer import make_trainer
from cai_ui.train.signals import StopSignal

from .conftest import BAD, GOOD, QUICK, asked, pair, sample

KTO = METHODS["kto"]
PLAIN = QUICK.model_copy(update={"dropout": 0.0, "beta": 0.5})
HELPFUL = TrainingExample(asked("How do I bake?"), "Mix it.", None, "helpful")


def judged(dataset):
    train, _ = KTO.drafts(dataset)
    return {(d.conversation[0].content, d.answers["completion"]): d.more["label"] for d in train if not d.reason}


def test_kept_answers_are_desirable_and_those_they_won_over_are_not(make_dataset):
    """Each answer once: that of an accepted pair is a training row as well."""
    data = make_dataset(sft_train=(sample(0), HELPFUL), pairs_train=(pair(0), pair(1)))
    first, second = (f"How do I read diary {n}?" for n in range(2))
    assert judged(data) == {
        (first, GOOD): True, ("How do I bake?", "Mix it."): True, (first, BAD): False,
        (second, GOOD): True, (second, BAD): False,
    }  # fmt: skip


def test_rejected_revisions_are_undesirable_and_enough_by_themselves(store, tiny_engine, make_dataset):
    data = make_dataset(pairs_train=(), pairs_eval=(), rejected_train=(sample(30, BAD), sample(31, BAD)))
    assert [text for text, label in judged(data).items() if not label] == [
        ("How do I read diary 30?", BAD), ("How do I read diary 31?", BAD),
    ]  # fmt: skip
    kept = store.save_dataset(data, "me")
    assert kept.counts["rejected_train"] == 2 and "rejected_eval" not in kept.counts
    assert store.dataset(kept.hash) == data
    assert preflight("kto", data, QUICK, tiny_engine).ok


def test_an_answer_judged_both_ways_is_left_out_and_counted(tiny_engine, make_dataset):
    data = make_dataset(pairs_train=(pair(0), pair(0, BAD, GOOD), pair(1)), pairs_eval=())
    rows = make_rows("kto", data, QUICK, tiny_engine.chat)
    assert rows.left_out == {"judged both desirable and undesirable": 2}
    assert [row["label"] for row in rows.train].count(False) == 1


def batch_of(trainer, numbers):
    return trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[n] for n in numbers]))


def log_ratio(engine, seat, prompt, answer):
    """Of the model to its reference, computed alone."""

    def logp(adapter):
        ids, reply = engine.chat.encode_reply(asked(prompt), answer)
        seat.model.set_adapter(adapter)
        with torch.no_grad():
            logits = seat.model(torch.tensor([ids + reply])).logits[0].float().log_softmax(-1)
        return sum(float(logits[len(ids) - 1 + i, token]) for i, token in enumerate(reply))

    return logp("default") - logp("ref")


def test_the_loss_is_that_of_the_paper(tiny_engine, make_dataset, tmp_path):
    """Eq. 7 with eq. 8's weights; z from each prompt with the answer of the row before it in the batch."""
    data = make_dataset(sft_train=(HELPFUL,), pairs_train=(pair(0), pair(1)), pairs_eval=())
    with tiny_engine.training_seat(PLAIN) as seat:
        rows = make_rows("kto", data, PLAIN, tiny_engine.chat)
        trainer = make_trainer(KTO, seat, rows, PLAIN, tmp_path, StopSignal(), lambda a, b: None, 8)
        generator = torch.Generator().manual_seed(3)
        for name, parameter in seat.model.named_parameters():
            if ".default." in name:  # away from the reference, or every loss would be a half
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
        for order in ((0, 1, 2, 3, 4), (4, 2, 0), (1, 3)):
            texts = [(rows.train[n]["prompt"][0]["content"], rows.train[n]["completion"][0]["content"]) for n in order]
            crossed = [(texts[i][0], texts[i - 1][1]) for i in range(len(texts))]
            z = max(0.0, sum(log_ratio(tiny_engine, seat, *text) for text in crossed) / len(order))
            wanted = []
            for number, text in zip(order, texts, strict=True):
                sign, weight = (1, 1.0) if rows.train[number]["label"] else (-1, 3 / 2)
                gap = sign * PLAIN.beta * (log_ratio(tiny_engine, seat, *text) - z)
                wanted.append(weight * (1 - 1 / (1 + math.exp(-gap))))
            seat.model.set_adapter("default")
            found = float(trainer.compute_loss(seat.model, batch_of(trainer, order)))
            assert found == pytest.approx(sum(wanted) / len(wanted), abs=1e-4)
            assert abs(found - 0.5) > 0.01, "the loss of a model that has not moved"


def test_a_mismatched_answer_makes_no_text_longer_than_the_longest_row(tiny_engine, make_dataset, tmp_path):
    talk = "word " * 60
    long = (TrainingExample(asked(f"{talk}?"), "No.", "e1", "revision"), sample(0, talk), sample(1, talk))
    data = make_dataset(sft_train=long, pairs_train=(pair(3),), pairs_eval=())
    with tiny_engine.training_seat(QUICK) as seat:
        rows = make_rows("kto", data, QUICK, tiny_engine.chat)
        trainer = make_trainer(KTO, seat, rows, QUICK, tmp_path, StopSignal(), lambda a, b: None, 8)
        batch = batch_of(trainer, (1, 0, 2))
        alone = batch_of(trainer, (1,))
    assert batch["KL_input_ids"].shape[1] <= max(rows.lengths) and (batch["KL_completion_mask"].sum(1) > 0).all()
    assert alone["KL_input_ids"].tolist() != alone["input_ids"].tolist(), "it is paired with itself"


def test_both_kinds_are_needed(tiny_engine, make_dataset):
    nobody = preflight("kto", make_dataset(pairs_train=()), QUICK, tiny_engine)
    with pytest.raises(PreflightError, match=r"no undesirable answers .* rejected answers"):
        nobody.require()
    with pytest.raises(PreflightError, match="no judged answers to train on"):
        preflight("kto", make_dataset(sft_train=(), pairs_train=()), QUICK, tiny_engine).require()
    alone = QUICK.model_copy(update={"batch_size": 1})
    with pytest.raises(PreflightError, match="batch size must be at least 2"):
        preflight("kto", make_dataset(), alone, tiny_engine).require()
    assert (
        halved(QUICK, KTO.least_batch).batch_size == 2
        and halved(halved(QUICK, KTO.least_batch), KTO.least_batch) is None
    )


@pytest.mark.parametrize("weight,told", [(0.0, None), (3.0, None), (2.25, None), (2.0, "1.5 times"), (3.5, "0.86")])
def test_weights_outside_the_papers_bounds_are_warned_of(tiny_engine, make_dataset, weight, told):
    """Nine desirable and three undesirable answers: the weights may be 1 and 2.25 to 3."""
    data = make_dataset(sft_train=tuple(map(sample, range(9))), pairs_train=tuple(map(pair, range(3))))
    report = preflight("kto", data, QUICK.model_copy(update={"undesirable_weight": weight}), tiny_engine)
    said = [warning for warning in report.warnings if "4/3" in warning]
    assert bool(said) == bool(told) and all(told in warning and "2.25 up to 3" in warning for warning in said)
    assert report.facts["Judged answers"] == f"9 desirable (weight 1), 3 undesirable ({weight or 3.0:.3g})"


def test_the_shown_row_is_one_to_learn(tiny_engine, make_dataset):
    data = make_dataset(sft_train=(), pairs_train=tuple(pair(n, GOOD, BAD) for n in range(3)))
    (_, no), (answer, yes) = preflight("kto", data, QUICK, tiny_engine).decoded_example
    assert (answer, no, yes) == (f" {GOOD}</s>", False, True)


def test_its_metrics_are_kept_and_its_rows_are_told(run_in, tmp_path):
    outcome = run_in(tmp_path / "run", "kto", QUICK.model_copy(update={"max_steps": 20}))
    rows = [row for row in read_rows(tmp_path / "run") if "loss" in row]
    assert outcome.state == "done" and rows[0]["loss"] == pytest.approx(0.5, abs=1e-5)
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-3) and rows[-1]["kl"] >= 0
    margins = [row["rewards/margins"] for row in rows if "rewards/margins" in row]
    assert margins[0] == pytest.approx(0, abs=1e-3) and margins[-1] > 1
    assert any("eval_kl" in row for row in read_rows(tmp_path / "run"))
    assert (
        '"Judged answers": "10 desirable (weight 1), 10 undesirable (1)"' in (tmp_path / "run/config.json").read_text()
    )


def test_both_kinds_are_among_the_few_held_out_rows_that_are_evaluated(run_in, make_dataset, tmp_path):
    data = make_dataset(pairs_eval=tuple(map(pair, range(20, 50))))
    run_in(tmp_path / "run", "kto", QUICK.model_copy(update={"max_steps": 2}), data=data)
    held_out = [row for row in read_rows(tmp_path / "run") if "eval_loss" in row]
    assert held_out and all("eval_rewards/margins" in row for row in held_out)


def test_rows_of_one_kind_are_not_put_together(tiny_engine, make_dataset, tmp_path):
    """By length they would be: then z is the reward of that kind, and its loss stays a half."""
    with tiny_engine.training_seat(QUICK) as seat:
        rows = make_rows("kto", make_dataset(), QUICK, tiny_engine.chat)
        trainer = make_trainer(KTO, seat, rows, QUICK, tmp_path, StopSignal(), lambda a, b: None, 8)
        order = list(trainer._get_train_sampler(trainer.train_dataset))
    assert sorted(order) == list(range(20)) and order != sorted(order)
    labels = [rows.train[n]["label"] for n in order]
    assert QUICK.group_by_length and sum(len(set(labels[n : n + 4])) == 2 for n in range(0, 20, 4)) >= 3


def test_warnings_of_its_numbers():
    def logged(**series):
        return [{"step": n, **{k.replace("__", "/"): v[n] for k, v in series.items()}} for n in range(20)]

    assert run_warnings("kto", logged(rewards__margins=[0.1 * n for n in range(20)]), [], 20) == []
    (told,) = run_warnings("kto", logged(rewards__margins=[-0.1] * 20), [], 20)
    assert "not told from undesirable" in told
    (told,) = run_warnings("kto", logged(logps__chosen=[-20 - 0.5 * n for n in range(20)]), [], 20)
    assert "desirable answers have become less likely" in told


def test_soft_labels_do_not_count(make_dataset):
    softer = make_dataset(pairs_train=(dataclasses.replace(pair(0), soft=0.3),))
    assert judged(softer) == judged(make_dataset(pairs_train=(pair(0),)))
