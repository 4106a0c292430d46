"""What must not start does not start, with a sentence; and the faults of the seed study cannot happen here."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from datasets import Dataset

from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.engine import load_engine
from cai_ui.errors import EngineError, InputError, PreflightError, TrainingError
from cai_ui.pipeline.train import runs
from cai_ui.records import Message, Prompt, TrainingExample
from cai_ui.train.check.plan import planned_steps
from cai_ui.train.check.preflight import preflight
from cai_ui.train.encoding import make_rows
from cai_ui.train.methods import METHODS
from cai_ui.train.rows import IDS
from cai_ui.train.run.run import train
from cai_ui.train.run.trainer import check_first_row, make_trainer
from cai_ui.train.signals import StopSignal

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
            learnable = {n: p.numel() for n, p in seat.model.named_parameters() if p.requires_grad}
        report = look(tiny_engine, make_dataset(), settings=settings)
        assert report.trainable_parameters == sum(learnable.values())
        assert set(report.modules) == {name.split(".lora_")[0].rpartition(".")[2] for name in learnable}


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
    alone = " ".join(look(tiny_engine, make_dataset(sft_eval=())).warnings)
    assert "No helpful rows" in alone and "8 steps only" in alone and "No rows are held out" in alone
    helpful = TrainingExample(asked("How do I bake?"), "Mix it.", None, "helpful")
    mixed = look(tiny_engine, make_dataset(sft_train=(sample(0), helpful)))
    assert "No helpful rows" not in " ".join(mixed.warnings)


def test_training_held_out_and_probe_prompts_are_kept_apart(tiny_engine, make_dataset):
    mixed = make_dataset(sft_eval=(sample(0, "Another answer."), sample(20)))
    known, new = (Prompt(str(n), f"How do I read diary {n}?", "harmful") for n in (3, 99))
    asking = QUICK.model_copy(update={"probe_steps": 2})
    report = look(tiny_engine, mixed, settings=asking, probes=[known, new])
    assert report.held_out == 1 and report.left_out == {"held out, but trained on as well": 1}
    assert report.probes == (new,) and any("1 probe prompts are trained on" in w for w in report.warnings)
    assert look(tiny_engine, mixed, probes=[known, new]).probes == ()


def test_lengths_and_costs_are_told_and_too_little_room_is_refused(tiny_engine, make_dataset, tmp_path, monkeypatch):
    report = look(tiny_engine, make_dataset(), folder=tmp_path)
    assert len(report.lengths) == 10 and report.limit == 512
    costs = report.estimate
    assert (
        costs.seconds
        and costs.memory_bytes > 16 * report.trainable_parameters
        and costs.free_disk
        and costs.source == "size"
    )
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(PreflightError, match="of disk; 0 B may be taken"):
        look(tiny_engine, make_dataset(), folder=tmp_path).require()


def test_a_pair_counts_both_of_its_readings(tiny_engine, make_dataset):
    rows = make_rows("dpo", make_dataset(), QUICK, tiny_engine.chat)
    prompt, good = tiny_engine.chat.encode_reply(asked("How do I read diary 0?"), GOOD)
    bad = tiny_engine.chat.encode_reply(asked("How do I read diary 0?"), BAD)[1]
    assert rows.answers[0] == (len(good), len(bad)) and rows.lengths[0] == len(prompt) + max(len(good), len(bad))
    assert rows.tokens == 10 * (2 * len(prompt) + len(good) + len(bad))


def test_answers_of_unlike_length_are_warned_of(tiny_engine, make_dataset):
    long = make_dataset(pairs_train=tuple(pair(n, GOOD * 4) for n in range(5)))
    assert any("DPO may learn the length" in w for w in look(tiny_engine, long, "dpo").warnings)


def test_metrics_cannot_go_where_nothing_is_installed(tiny_engine, make_dataset, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    report = look(tiny_engine, make_dataset(), settings=QUICK.model_copy(update={"report_to": "trackio"}))
    assert any("pip install trackio" in problem for problem in report.problems)


@pytest.mark.parametrize(
    "knob,value",
    [
        ("rank", 0),
        ("rank", 100_000),
        ("epochs", 1e9),
        ("batch_size", 0),
        ("max_steps", -1),
        ("beta", 0),
        ("dropout", 2),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(knob, value):
    with pytest.raises(InputError, match=knob.replace("_", " ")):
        checked(TrainSettings, {knob: value})


@pytest.mark.parametrize("rate", [0, -1, 1e9, float("nan"), float("inf")])
def test_rates_that_cannot_be_are_refused_by_name(rate):
    with pytest.raises(InputError, match="learning rate"):
        checked(TrainSettings, {"learning_rate": rate})


def test_the_verdict_of_the_data_checks_is_among_the_warnings(services, make_dataset):
    def verdict(*rows):
        data = make_dataset(sft_train=rows, sft_eval=(), pairs_train=(), pairs_eval=())
        saved = services.store.save_dataset(data, "me")
        return [w for w in runs.preflight(services, "sft", saved.hash, QUICK).warnings if "data checks" in w]

    first, second = sample(0, "Ask her whether you may."), sample(1, "Wait until he shows it to you.")
    assert verdict(first, second) == []
    (said,) = verdict(first, second, second)
    assert "Duplicate row (1)" in said and "Curate shows the rows" in said


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
        return make_trainer(METHODS[method], *parts), rows

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


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_the_chat_formats_tokens_and_trl_makes_the_same_of_the_words(tiny_engine, trainer_of, method):
    """The trainer makes no tokens of its own; by its rules they would be the same on a template of the usual kind."""
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, rows = trainer_of(method, seat)
        words = Dataset.from_list([{k: v for k, v in row.items() if not k.endswith(IDS)} for row in rows.train])
        more = {"packing": False, "formatting_func": None} if method == "sft" else {}
        theirs = super(type(trainer), trainer)._prepare_dataset(
            words, trainer.processing_class, trainer.args, dataset_name="train", **more
        )
        assert len(trainer.train_dataset) == len(theirs) == len(rows.train) > 3
        ours = METHODS[method].columns(rows.train)
        for column in set(ours[0]) - {"KL_completion_ids"}:  # TRL pairs rows by their place in its batches
            assert trainer.train_dataset[column][:] == theirs[column][:], column
        for row in rows.train:
            said = row.get("completion") or row["chosen"]
            prompt, answer = tiny_engine.chat.encode_reply(
                [Message(**turn) for turn in row["prompt"]], said[0]["content"]
            )
            assert row["prompt_ids"].tolist() == prompt
            assert row.get("completion_ids", row.get("chosen_ids")).tolist() == answer


def test_d3_every_file_is_python_that_compiles():
    root = Path(__file__).parents[2]
    for path in (root / "app.py", *(root / "cai_ui").rglob("*.py"), *(root / "docs").rglob("*.py")):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_d4_a_model_without_a_chat_template_is_not_trained(build_tiny_model, make_dataset, tmp_path):
    folder = build_tiny_model(tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(EngineError, match="chat template"):
        look(load_engine(AppSettings(model=str(folder))), make_dataset())


def test_d5_where_padding_is_the_end_mark_the_end_is_learnt_and_padding_is_not(
    build_tiny_model, make_dataset, tmp_path
):
    from transformers import AutoTokenizer

    folder = build_tiny_model(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(folder)
    engine = load_engine(AppSettings(model=str(folder)))
    report = look(engine, make_dataset())
    assert "pads with its end mark </s>" in report.padding and report.ok
    mixed = make_dataset(sft_train=(sample(0), sample(1, "No.")))
    with engine.training_seat(QUICK) as seat:
        rows = make_rows("sft", mixed, QUICK, engine.chat)
        trainer = make_trainer(METHODS["sft"], seat, rows, QUICK, tmp_path, StopSignal(), lambda step, steps: None, 8)
        batch = trainer.data_collator([trainer.train_dataset[n] for n in range(2)])
    end = engine.chat.tokenizer.eos_token_id
    assert (batch["input_ids"] == end).sum() > 2, "there is no padding to be mistaken"
    assert (batch["labels"] == end).sum(dim=1).tolist() == [1, 1]


def test_d6_an_adapter_with_nothing_to_train_is_refused(tiny_engine, make_dataset, make_run, tmp_path, monkeypatch):
    seat_of = tiny_engine.training_seat

    @contextmanager
    def frozen(*given):
        with seat_of(*given) as seat:
            seat.model.requires_grad_(False)
            yield seat

    monkeypatch.setattr(tiny_engine, "training_seat", frozen)
    outcome = train(make_run(), make_dataset(), tiny_engine, tmp_path, StopSignal(), lambda step, steps: None)
    assert outcome.state == "failed" and "no trainable weights" in outcome.error


def test_d2_d6_dpo_runs_from_messages_and_has_something_to_train(tiny_engine, trainer_of):
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, _ = trainer_of("dpo", seat)
        learnable = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
        assert learnable and all("lora_" in name and ".default." in name for name in learnable)
        assert trainer.train() is not None


@pytest.mark.parametrize("method", METHODS)
def test_a_trainer_that_would_learn_other_tokens_is_refused(tiny_engine, trainer_of, method):
    """As D1 did: answer tokens as labels over the positions of the prompt."""
    with tiny_engine.training_seat(QUICK) as seat:
        trainer, rows = trainer_of(method, seat)
        check_first_row(METHODS[method], trainer, rows, tiny_engine.chat)
        wrong = [dict(row) for row in trainer.train_dataset]
        if method == "sft":
            wrong[0]["labels"] = wrong[0]["labels"][::-1]
        else:
            learnt = "chosen_ids" if method == "dpo" else "completion_ids"
            wrong[0][learnt] = wrong[0][learnt][::-1]
        trainer.train_dataset = wrong
        with pytest.raises(TrainingError, match="would not learn the answers"):
            check_first_row(METHODS[method], trainer, rows, tiny_engine.chat)
