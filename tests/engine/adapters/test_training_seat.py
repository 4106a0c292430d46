"""Training on the shared weights: the adapter moves, the base does not, and askers never notice."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from pathlib import Path

import pytest
import torch

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import check_adapter, describe_adapter
from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.records import Message

LESSON = (Message("user", "How do I read my friend's diary?"),)


def train(engine, seat, steps: int) -> list[float]:
    prompt, reply = engine.chat.encode_reply(LESSON, "I would not do that.")
    ids = torch.tensor([prompt + reply])
    labels = torch.tensor([[-100] * len(prompt) + reply])
    optimizer = torch.optim.AdamW([p for p in seat.model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(steps):
        with seat.step():
            loss = seat.model(input_ids=ids, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return losses


def base_logits(engine) -> torch.Tensor:
    with torch.no_grad():
        return engine._adapters.base(torch.tensor([engine.chat.encode(LESSON)])).logits.clone()


def test_the_adapter_learns_and_the_base_stays_to_the_bit(tiny_engine, tmp_path, ask):
    weights = {name: p.detach().clone() for name, p in tiny_engine._adapters.base.named_parameters()}
    logits = base_logits(tiny_engine)
    with tiny_engine.training_seat(TrainSettings(rank=8, dropout=0.05)) as seat:
        before = {n: p.detach().clone() for n, p in seat.model.named_parameters() if p.requires_grad}
        losses = train(tiny_engine, seat, 80)
        after = {n: p for n, p in seat.model.named_parameters() if p.requires_grad}
        assert set(before) == set(after) and all(".default." in name for name in before)
        assert all(not torch.equal(before[n], after[n]) for n in before), "a part of the adapter never moved"
        digest = seat.save(tmp_path / "run-1")
    assert losses[-1] < losses[0] / 5  # the random head of the tiny model ends at 0.68, however long one trains
    assert torch.equal(base_logits(tiny_engine), logits)
    assert all(torch.equal(weights[n], p) for n, p in tiny_engine._adapters.base.named_parameters())
    assert not any(p.requires_grad for p in tiny_engine._adapters.base.parameters())

    info = describe_adapter(tmp_path / "run-1", "run-1", "First", "sft", run_id="run-1")
    assert info.hash == digest and info.base_hash == tiny_engine.base_hash
    tiny_engine.load_adapter(info)
    answer = tiny_engine.generate([ask(LESSON[0].content, adapter="run-1")])[0]
    tiny_engine.unload_adapter("run-1")
    assert answer.text == "I would not do that."


@pytest.mark.slow
def test_base_answers_during_training_equal_those_of_a_quiet_engine(tiny_engine, two_adapters, ask):
    """Eight askers, 200 rounds, against a trainer with dropout that takes real steps, base and tuned rows mixed."""
    short = {"max_new_tokens": 6}
    requests = [ask(f"Question {i}?", temperature=i % 2, seed=i, **short) for i in range(8)]
    tuned = [ask(f"Question {i}?", adapter=two_adapters[i % 2].name, **short) for i in range(8)]
    quiet = [[a.text for a in tiny_engine.generate([r, t])] for r, t in zip(requests, tuned, strict=True)]
    wrong: list[int] = []
    steps_seen: list[int] = []
    done = threading.Event()
    steps = 0

    def asker(i: int) -> None:
        for _ in range(200):
            began = steps
            if [a.text for a in tiny_engine.generate([requests[i], tuned[i]])] != quiet[i]:
                wrong.append(i)
            steps_seen.append(steps - began)

    def trainer() -> None:
        nonlocal steps
        with tiny_engine.training_seat(TrainSettings(rank=8, dropout=0.5)) as seat:
            while not done.is_set():
                train(tiny_engine, seat, 1)
                steps += 1

    threads = [threading.Thread(target=asker, args=(i,)) for i in range(8)]
    training = threading.Thread(target=trainer)
    training.start()
    while steps == 0:
        time.sleep(0.005)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    training.join()
    assert not wrong
    assert sum(steps_seen) > 20, "training stood still while others asked"


def test_a_chat_waits_for_at_most_one_step(tiny_engine, ask):
    with tiny_engine.training_seat(TrainSettings()) as seat:
        stop, log = threading.Event(), []

        def trainer() -> None:
            while not stop.is_set():
                with seat.step():
                    log.append("step")
                    time.sleep(0.05)

        thread = threading.Thread(target=trainer)
        thread.start()
        while not log:
            time.sleep(0.001)
        for _ in range(3):
            before = len(log)
            next(tiny_engine.stream([ask("hello", max_new_tokens=5)]))
            assert len(log) - before <= 2, "one step was running, at most one more began while it answered"
        stop.set()
        thread.join()


def test_one_seat_at_a_time_and_free_again_after_an_error(tiny_engine):
    with pytest.raises(ZeroDivisionError), tiny_engine.training_seat(TrainSettings()) as seat:
        with pytest.raises(ConflictError, match="already"), tiny_engine.training_seat(TrainSettings()):
            pass
        with seat.step():
            assert tiny_engine.status().busy_with == "training" and seat.model.training
            raise ZeroDivisionError
    assert tiny_engine.status().busy_with == ""
    with tiny_engine.training_seat(TrainSettings()):
        pass


def test_the_seat_shares_the_weights_and_is_freed(tiny_engine):
    with tiny_engine.training_seat(TrainSettings()) as seat:
        own = {p.data_ptr() for n, p in seat.model.named_parameters() if "lora_" not in n}
        assert own == {p.data_ptr() for p in tiny_engine._adapters.base.parameters()}
        seat.model.add_adapter("ref", seat.model.peft_config["default"])
        tree = weakref.ref(seat.model)
        seat.model.get_base_model().forward = None
    del seat
    gc.collect()
    assert tree() is None, "the seat's modules stay in memory"
    assert tiny_engine._adapters._tree is None and base_logits(tiny_engine).isfinite().all()


def test_the_seed_decides_the_initial_adapter_and_nothing_else(tiny_engine):
    def initial(seed: int) -> list[torch.Tensor]:
        with tiny_engine.training_seat(TrainSettings(rank=4, seed=seed)) as seat:
            return [p.detach().clone() for n, p in seat.model.named_parameters() if "lora_A" in n]

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = initial(1)
    assert torch.equal(torch.rand(3), expected), "the seat moved the random state of the process"
    assert all(torch.equal(a, b) for a, b in zip(first, initial(1), strict=True))
    assert not torch.equal(first[0], initial(2)[0])


@pytest.mark.parametrize(("modules", "layers"), [("attention q+v", 2), ("all linear", 7)])
def test_rank_alpha_and_layers_are_those_of_the_settings(tiny_engine, tmp_path, modules, layers):
    with tiny_engine.training_seat(TrainSettings(rank=3, alpha=12, dropout=0.25, modules=modules)) as seat:
        seat.save(tmp_path / "a")
    config = check_adapter(tmp_path / "a", tiny_engine.name, tiny_engine.base_hash).config
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (3, 12, 0.25)
    assert len(config["target_modules"]) == layers


def test_training_on_from_a_loaded_adapter_starts_as_its_copy(tiny_engine, two_adapters, tmp_path, ask):
    start = two_adapters[0]
    request = ask("hello", adapter=start.name)
    text = tiny_engine.generate([request])[0].text
    with tiny_engine.training_seat(TrainSettings(rank=16), start_adapter=start.name) as seat:
        assert seat.save(tmp_path / "copy") == start.hash
        train(tiny_engine, seat, 3)
        assert seat.save(tmp_path / "moved") != start.hash
    assert tiny_engine.generate([request])[0].text == text, "the adapter it started from was moved"
    with pytest.raises(NotFoundError), tiny_engine.training_seat(TrainSettings(), start_adapter="nowhere"):
        pass


def test_trl_trains_on_the_seat_with_chats_in_between(tiny_engine, tmp_path, ask):
    """Both trainers, unchanged, with special tokens typed by the user in the data."""
    from contextlib import ExitStack

    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    class TakeTurns(TrainerCallback):
        def __init__(self, seat) -> None:
            self.seat, self.held = seat, ExitStack()

        def on_step_begin(self, *args, **kwargs) -> None:
            self.held.enter_context(self.seat.step())

        def on_step_end(self, *args, **kwargs) -> None:
            self.held.close()
            texts.append(tiny_engine.generate([request])[0].text)

    texts: list[str] = []
    request = ask("hello [INST]")
    quiet = tiny_engine.generate([request])[0].text
    prompt = [[{"role": "user", "content": f"hi {i} [INST] </s>"}] for i in range(4)]
    good, bad = ([[{"role": "assistant", "content": text}]] * 4 for text in ("No, ask her.", "Sure, read it."))
    common = {
        "output_dir": str(tmp_path),
        "max_steps": 3,
        "report_to": [],
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
        "gradient_checkpointing": False,
    }
    with tiny_engine.training_seat(TrainSettings(rank=4)) as seat:
        data = Dataset.from_dict({"prompt": prompt, "completion": good})
        args = {"train_dataset": data, "processing_class": seat.tokenizer, "callbacks": [TakeTurns(seat)]}
        trainer = SFTTrainer(model=seat.model, args=SFTConfig(**common), **args)
        coded = tiny_engine.chat.encode_reply((Message("user", "hi 0 [INST] </s>"),), "No, ask her.")
        assert trainer.train_dataset[0]["input_ids"] == coded[0] + coded[1]
        trainer.train()
        seat.save(tmp_path / "sft")
    tiny_engine.load_adapter(describe_adapter(tmp_path / "sft", "sft", "SFT", "sft"))
    with tiny_engine.training_seat(TrainSettings(), start_adapter="sft") as seat:
        data = Dataset.from_dict({"prompt": prompt, "chosen": good, "rejected": bad})
        args = {"train_dataset": data, "processing_class": seat.tokenizer, "callbacks": [TakeTurns(seat)]}
        trainer = DPOTrainer(model=seat.model, args=DPOConfig(**common), **args)
        assert trainer.train_dataset[0]["chosen_ids"] == coded[1]
        trainer.train()
        seat.save(Path(tmp_path) / "dpo")
    tiny_engine.unload_adapter("sft")
    assert texts == [quiet] * 6
