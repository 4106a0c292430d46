"""Our run against a bare TRL script with the same settings: losses step by step, time, and memory with a chat beside.

OMP_NUM_THREADS=1 python tests/benchmarks/train_vs_trl.py [--model embedded 100m] [--rounds 2] [--steps N]

Both train in one process on the same rows, adapter and order, in turns that alternate (A B B A in each round), with one
checkpoint in the middle and one at the end. "steps" run from the beginning of the first step to the end of the last,
the checkpoint in the middle included; "before" is what comes until then (checks, tokens, adapter, the reference),
"after" what follows (checkpoint, adapter, exit record). A ratio is the median over pairs of neighbours, with the least
and the largest of them behind it; "each step at its best" takes each step from the run in which it was quickest, which
neighbours on the machine disturb least. Memory is measured in processes of their own. All four comparisons take about
nine minutes with two rounds on a machine that nobody else uses; --no-memory leaves out what comes then.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diaries import make_data
from shapes import ROOT, build_shape, table

STEPS = {"embedded": 16, "100m": 8}
BATCH = {"embedded": 16, "100m": 2}
WANTED_TIME, WANTED_MEMORY = 1.02, 1.15


PHASES = ("before", "steps", "after")


def undisturbed() -> float:
    """Seconds on the clock, less those in which this thread waited for a core that others had (where Linux tells)."""
    try:
        queued = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        queued = 0
    return time.perf_counter() - queued / 1e9


CLOCKS: dict[str, Callable[[], float]] = {
    "processor": time.process_time,
    "clock less waiting for a core": undisturbed,
    "clock": time.perf_counter,
}


@dataclass(frozen=True)
class Took:
    """Seconds by clock and phase, of the processor by step, and the losses of the steps."""

    seconds: dict[str, dict[str, float]]
    each: list[float]
    losses: list[float]
    clock_each: list[float]

    def whole(self, clock: str) -> float:
        return sum(self.seconds[clock].values())


class Watch:
    """Reads both clocks at the start, at the beginning of the first step, at the end of each, and at the very end."""

    def __init__(self) -> None:
        gc.collect()  # what the run before left is not this one's
        self._looks: list[dict[str, float]] = []
        self.look()

    def look(self) -> None:
        self._looks.append({name: read() for name, read in CLOCKS.items()})

    def took(self, losses: list[float]) -> Took:
        self.look()
        at = [self._looks[n] for n in (0, 1, -2, -1)]
        found = {
            name: dict(zip(PHASES, (b[name] - a[name] for a, b in itertools.pairwise(at)), strict=True))
            for name in CLOCKS
        }
        each, on_the_clock = (
            [b[clock] - a[clock] for a, b in itertools.pairwise(self._looks[1:-1])] for clock in ("processor", "clock")
        )
        return Took(found, each, losses, on_the_clock)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["embedded", "100m"], choices=list(STEPS))
    parser.add_argument("--method", nargs="*", default=["sft", "dpo"], help="none: memory only")
    parser.add_argument("--rounds", type=int, default=2, help="of two runs each (A B B A)")
    parser.add_argument("--steps", type=int, help="steps of SFT; DPO takes two thirds of them")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--model-folder", type=Path, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        if parsed.alone:
            print(json.dumps(memory_of(parsed.alone, parsed.model_folder, Path(folder))))
            return
        for model in parsed.model if parsed.method else ():
            print(compared(model, parsed, Path(folder)), flush=True)
        if not parsed.no_memory:
            print(memory_table(parsed.model, Path(folder)), flush=True)


def model_folder(model: str, folder: Path) -> Path:
    from cai_ui.engine.weights.sources import EMBEDDED

    return EMBEDDED if model == "embedded" else build_shape(model, folder / model)


def settings_for(model: str, method: str, steps: int) -> Any:
    from cai_ui.config.train import TrainSettings

    return TrainSettings(
        learning_rate=1e-3, batch_size=BATCH[model], max_steps=steps, rank=16, alpha=32, group_by_length=False,
        save_steps=max(1, steps // 2), save_seconds=0, schedule="linear",
    )  # fmt: skip


def compared(model: str, parsed: Any, folder: Path) -> str:
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine

    place = model_folder(model, folder)
    engine: Any = load_engine(AppSettings(model="embedded" if model == "embedded" else str(place)))
    data = make_data(BATCH[model] * 2, held_out=0)  # few, so that DPO sees each more than once
    rows: dict[str, list[list[str]]] = {"ratios": [], "phases": []}
    for method in parsed.method:
        steps = parsed.steps or STEPS[model]
        steps = steps if method == "sft" else max(2, 2 * steps // 3)
        ways: dict[str, Callable[[Any, Path], Took]] = {
            "ours": lambda settings, at, m=method: ours(engine, m, data, settings, at),
            "bare": lambda settings, at, m=method: bare(engine.chat, place, m, data, settings, at),
        }
        for way, go in ways.items():
            go(settings_for(model, method, 2), folder / f"warm-{model}-{method}-{way}")
        found: dict[str, list[Took]] = {way: [] for way in ways}
        for pair in range(2 * parsed.rounds):
            for way in list(ways) if pair % 2 == 0 else list(reversed(ways)):
                at = folder / f"{model}-{method}-{way}-{pair}"
                found[way].append(ways[way](settings_for(model, method, steps), at))
        name = f"{method.upper()}, {steps} steps"
        rows["ratios"].append([name, *ratios(found["ours"], found["bare"])])
        rows["phases"].append([name, *phases(found["ours"], found["bare"])])
    title = f"{model}, batches of {BATCH[model]} rows, {2 * parsed.rounds} runs each (wanted: at most {WANTED_TIME})"
    columns = [
        "run", *(f"{clock}: {what}" for clock in CLOCKS for what in ("steps", "all in all")),
        "processor: each step at its best", "losses apart",
    ]  # fmt: skip
    seconds = ["run", *(f"{clock}: {phase}, ours / bare" for clock in CLOCKS for phase in PHASES)]
    return table(title, columns, rows["ratios"]) + "\n" + table("Seconds, medians", seconds, rows["phases"])


def ratios(ours_: list[Took], bare_: list[Took]) -> list[str]:
    """Ours to bare, by clock, of the steps and of all; of the steps, each as the quickest run took it; and how far the
    losses of a step are apart at most."""
    pairs = list(zip(ours_, bare_, strict=True))
    cells = []
    for clock in CLOCKS:
        cells.append(spread([a.seconds[clock]["steps"] / b.seconds[clock]["steps"] for a, b in pairs]))
        cells.append(spread([a.whole(clock) / b.whole(clock) for a, b in pairs]))
    a, b = (sum(min(took) for took in zip(*(run.each for run in way), strict=True)) for way in (ours_, bare_))
    cells.append(f"{a / b:.3f}")
    apart = max(abs(a - b) for a, b in zip(ours_[0].losses, bare_[0].losses, strict=True))
    return [*cells, f"{apart:.1e}"]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def phases(ours_: list[Took], bare_: list[Took]) -> list[str]:
    def seconds(runs: list[Took], clock: str, phase: str) -> str:
        return f"{statistics.median(run.seconds[clock][phase] for run in runs):.2f}"

    return [f"{seconds(ours_, clock, p)} / {seconds(bare_, clock, p)}" for clock in CLOCKS for p in PHASES]


def ours(engine: Any, method: Any, data: Any, settings: Any, folder: Path) -> Took:
    from cai_ui.records import Run
    from cai_ui.train.run.metrics import read_rows
    from cai_ui.train.run.run import train
    from cai_ui.train.signals import StopSignal

    folder.mkdir()
    run = Run("run-1", "benchmark", method, "running", "d", settings.model_dump(), "me", "")
    watch = Watch()
    outcome = train(run, data, engine, folder, StopSignal(), lambda step, steps: watch.look())
    assert outcome.state == "done", outcome
    return watch.took([row["loss"] for row in read_rows(folder) if "loss" in row])


def bare(
    chat: Any, model: Path, method: str, data: Any, settings: Any, folder: Path, device: str = "cpu", weights: str = ""
) -> Took:
    """What the documentation of TRL shows, with the same numbers. The model is loaded before the clock starts.

    `weights` are "nf4" or "bf16"; float32 unless told.
    """
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    loaded = AutoModelForCausalLM.from_pretrained(model, device_map={"": device}, **kind_of_weights(weights))
    tokenizer = chat.training_tokenizer()
    watch = Watch()

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
            watch.look()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            watch.look()

    torch.manual_seed(settings.seed)
    lora = LoraConfig(
        task_type="CAUSAL_LM", r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout,
        target_modules=["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"],
    )  # fmt: skip
    peft_model = get_peft_model(loaded, lora)
    common = bare_arguments(settings, folder) | (on_gpu() if device != "cpu" else {})
    parts: dict[str, Any] = {"model": peft_model, "processing_class": tokenizer, "callbacks": [Clock()]}
    if method == "sft":
        rows = [{"prompt": chat.turns(r.conversation), "completion": said(r.answer)} for r in data.sft_train]
        trainer = SFTTrainer(
            args=SFTConfig(completion_only_loss=True, **common), train_dataset=Dataset.from_list(rows), **parts
        )
    else:
        rows = [
            {"prompt": chat.turns(p.conversation), "chosen": said(p.chosen), "rejected": said(p.rejected)}
            for p in data.pairs_train
        ]
        args = DPOConfig(
            beta=settings.beta, precompute_ref_log_probs=True, **common
        )  # as ours does for rows seen twice
        trainer = DPOTrainer(args=args, train_dataset=Dataset.from_list(rows), **parts)
    trainer.train()
    trainer.save_model(str(folder / "adapter"))
    return watch.took([row["loss"] for row in trainer.state.log_history if "loss" in row])


def bare_arguments(settings: Any, folder: Path) -> dict[str, Any]:
    """The settings in TRL's words."""
    return {
        "output_dir": str(folder), "learning_rate": settings.learning_rate, "max_steps": settings.max_steps,
        "per_device_train_batch_size": settings.batch_size, "max_length": None, "max_grad_norm": 1.0,
        "lr_scheduler_type": "linear", "warmup_steps": -(-settings.max_steps // 20), "seed": settings.seed,
        "data_seed": settings.seed, "logging_steps": 1, "save_strategy": "steps", "save_steps": settings.save_steps,
        "save_total_limit": 2, "use_cpu": True, "bf16": False, "report_to": [], "disable_tqdm": True,
        "gradient_checkpointing": False, "dataloader_pin_memory": False, "optim": "adamw_torch",
    }  # fmt: skip


def kind_of_weights(weights: str) -> dict[str, Any]:
    """Arguments of `from_pretrained`."""
    import torch
    from transformers import BitsAndBytesConfig

    if weights != "nf4":
        return {"dtype": torch.bfloat16 if weights == "bf16" else torch.float32}
    four = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    return {"dtype": torch.bfloat16, "quantization_config": four}


def on_gpu() -> dict[str, Any]:
    """What changes on a GPU, as our own run has it."""
    return {"use_cpu": False, "bf16": True, "gradient_checkpointing": True, "optim": "adamw_torch_fused"}


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


# Memory


def memory_table(models: list[str], folder: Path) -> str:
    rows = []
    for model in models:
        place = model_folder(model, folder)
        found = {}
        for way in ("alone", "chat"):
            command = [sys.executable, __file__, "--alone", way, "--model-folder", str(place)]
            found[way] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        a, b = found["alone"], found["chat"]
        rows.append([model, f"{a['peak']:.0f}", f"{b['peak']:.0f}", f"{b['peak'] / a['peak']:.3f}", str(b["chats"])])
    columns = ["model", "training alone, MB", "with chats, MB", "ratio", "chats"]
    return table(f"Largest resident memory of the process (wanted: at most {WANTED_MEMORY} times)", columns, rows)


def memory_of(way: str, model: Path, folder: Path) -> dict[str, Any]:
    """Largest resident memory while a run trains, alone or with one chat after another beside it."""
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.engine.weights.sources import EMBEDDED
    from cai_ui.records import Message

    small = model == EMBEDDED
    engine: Any = load_engine(AppSettings(model="embedded" if small else str(model)))
    name = "embedded" if small else "100m"
    done = threading.Event()
    peak, chats = [0.0], [0]

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], resident() / 2**20)

    def chat() -> None:
        while not done.is_set():
            request = Request(
                (Message("user", f"How do I do {chats[0]}?"),), Sampling(max_new_tokens=32, seed=chats[0])
            )
            engine.generate([request])
            chats[0] += 1
            done.wait(0.2)

    threads = [threading.Thread(target=watch)] + ([threading.Thread(target=chat)] if way == "chat" else [])
    for thread in threads:
        thread.start()
    ours(engine, "sft", make_data(BATCH[name] * 2, held_out=0), settings_for(name, "sft", STEPS[name]), folder / "run")
    done.set()
    for thread in threads:
        thread.join()
    return {"peak": peak[0], "chats": chats[0]}


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
