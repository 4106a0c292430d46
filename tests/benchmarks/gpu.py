"""What no machine without a GPU can show, in one call that can be taken up again: a 7 B shape with random weights.

    python tests/benchmarks/gpu.py --minutes 8 --out gpu.json            the most important part first
    python tests/benchmarks/gpu.py --device cpu --layers 1 --tokens 4    do the parts run at all? (a test does this)

After each part its figures are in the file; a second call goes on with the parts that are missing. Each part is a
process of its own, so that its peak of memory is its own and a failure costs that part alone, which keeps its reason.
Nothing is installed: libraries that the machine lacks can be given as a folder of wheels (`--wheels DIR`, put on the
path as they are). With `--model FOLDER` real weights take the place of random ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shapes import ROOT, table

Figures = dict[str, Any]
PARTS = (
    "decode nf4", "decode bf16", "chains bf16", "side by side bf16", "sft nf4", "dpo nf4", "sft bf16", "dpo bf16",
    "chat during training bf16", "same text nf4", "chains nf4", "side by side nf4",
)  # fmt: skip
"""What is measured, and with which weights; the most important first."""
LEAST_S = 20.0
"""A part is not begun with less time than this left."""
WANTED = {
    "chains": "against the notebook loop, wanted at least 8",
    "side by side": "three variants against one, wanted at most 1.3",
    "sft": "steps against bare TRL, wanted at most 1.02; peak wanted below 16 GB (QLoRA, 1,024 tokens)",
    "dpo": "steps against bare TRL, wanted at most 1.02",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64, help="new tokens where text is written")
    parser.add_argument("--length", type=int, default=1024, help="tokens of a training row")
    parser.add_argument("--steps", type=int, default=6, help="training steps, the first not counted")
    parser.add_argument("--model", type=Path, help="a folder with real weights")
    parser.add_argument("--wheels", type=Path, help="folder of wheels of libraries that are missing")
    parser.add_argument("--only", nargs="*", choices=PARTS, help="these parts")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    _use_wheels(parsed.wheels)
    if parsed.part:
        print(json.dumps(measure(parsed)))
    else:
        run(parsed)


def run(parsed: Any) -> None:
    """All parts that the file does not have yet, as far as the time goes."""
    ends = time.monotonic() + 60 * parsed.minutes
    found: Figures = json.loads(parsed.out.read_text()) if parsed.out.exists() else {}
    found["machine"] = _machine(parsed.device)
    with _model(parsed) as folder:
        for part in parsed.only or PARTS:
            left = ends - time.monotonic()
            if "error" in found.get(part, {"error": ""}) and left > LEAST_S:
                found[part] = _child(parsed, folder, part, left)
                parsed.out.write_text(json.dumps(found, indent=1))
                print(part, json.dumps(found[part]), flush=True)
    print(summary(found))


def summary(found: Figures) -> str:
    rows = [[part, json.dumps(found.get(part, "not reached")), _wanted(part)] for part in PARTS]
    return table(f"7 B shape on {found['machine']}", ["part", "figures", ""], rows)


def _wanted(part: str) -> str:
    return next((words for name, words in WANTED.items() if part.startswith(name)), "")


@contextmanager
def _model(parsed: Any) -> Iterator[Path]:
    """The folder of the weights; random ones are made on the device and thrown away with the call."""
    if parsed.model:
        yield parsed.model
        return
    from seven_b import build

    with tempfile.TemporaryDirectory() as folder:
        yield build(Path(folder) / "model", parsed.layers, parsed.device)


def _child(parsed: Any, folder: Path, part: str, left: float) -> Figures:
    told = ["--part", part, "--model", str(folder), "--device", parsed.device]
    for name in ("layers", "tokens", "length", "steps"):
        told += [f"--{name}", str(getattr(parsed, name))]
    if parsed.wheels:
        told += ["--wheels", str(parsed.wheels)]
    began = time.monotonic()
    try:
        done = subprocess.run([sys.executable, __file__, *told], capture_output=True, text=True, timeout=left, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return {"error": f"not done within the {left:.0f} s that were left"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"error": " | ".join(done.stderr.strip().splitlines()[-3:])[:600]}
    figures: Figures = json.loads(lines[-1])
    return figures | {"took_s": round(time.monotonic() - began, 1)}


def measure(parsed: Any) -> Figures:
    """One part, in this process."""
    what, weights = parsed.part.rsplit(" ", 1)
    parts: dict[str, Callable[[Any, str], Figures]] = {
        "decode": decode, "chains": chains, "side by side": side_by_side, "sft": training, "dpo": training,
        "chat during training": chat_during_training, "same text": same_text,
    }  # fmt: skip
    return parts[what](parsed, weights) | {"peak_gb": round(_peak_gb(parsed.device), 2)}


# Writing


def decode(parsed: Any, weights: str) -> Figures:
    """Tokens a second of reading and of writing, and of transformers' own loop on the same weights."""
    engine = _engine(parsed, weights)
    one, many = (_request("how do I " * 60, tokens) for tokens in (1, 1 + parsed.tokens))
    _seconds(parsed, lambda: engine.generate([many]))
    read, _ = _seconds(parsed, lambda: engine.generate([one]))
    whole, answers = _seconds(parsed, lambda: engine.generate([many]))
    ours = (answers[0].tokens - 1) / max(whole - read, 1e-9)
    plain = _plain(parsed, engine, many)
    return {
        "read_tokens_s": round(answers[0].prompt_tokens / read, 1), "decode_tokens_s": round(ours, 2),
        "plain_generate_tokens_s": round(plain, 2), "ours_to_plain": round(ours / plain, 3),
    }  # fmt: skip


def _plain(parsed: Any, engine: Any, request: Any) -> float:
    import torch

    model = engine._adapters.base
    ids = torch.tensor([engine.chat.encode(request.messages)], device=model.device)
    options: Figures = {"do_sample": False, "eos_token_id": None}
    with torch.inference_mode():
        read, _ = _seconds(parsed, lambda: model.generate(ids, max_new_tokens=1, **options))
        whole, _ = _seconds(parsed, lambda: model.generate(ids, max_new_tokens=1 + parsed.tokens, **options))
    return float(parsed.tokens / max(whole - read, 1e-9))


def chains(parsed: Any, weights: str) -> Figures:
    """16 chains of 5 steps behind few-shots of 2,000 tokens, and a notebook's loop of `generate` on one of them."""
    import torch
    from chains import SHOT, _ids, _long_prompts, ours

    small = parsed.device == "cpu"
    settings = argparse.Namespace(
        prompts=3 if small else 16, steps=3 if small else 5, tokens=parsed.tokens // 2, prefix=60 if small else 2000
    )
    engine = _engine(parsed, weights)
    prompts = _long_prompts(engine, settings)
    engine.generate([_request(SHOT, 2)])
    took, texts = _seconds(parsed, lambda: ours(engine, prompts, settings))
    model = engine._adapters.base

    def notebook() -> None:
        for step in range(settings.steps):
            ids = torch.tensor([_ids(engine, prompts, texts, step)[0]], device=model.device)
            model.generate(ids, max_new_tokens=settings.tokens, do_sample=False)

    with torch.inference_mode():
        loop, _ = _seconds(parsed, notebook)
    return {"ours_s": round(took, 2), "loop_s_for_all": round(loop * settings.prompts, 1),
            "times_the_loop": round(loop * settings.prompts / took, 2)}  # fmt: skip


def side_by_side(parsed: Any, weights: str) -> Figures:
    """Base and two adapters in one batch, against one of them alone."""
    from cai_ui.config.train import TrainSettings
    from cai_ui.engine.adapters.files import describe_adapter

    engine = _engine(parsed, weights)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sft", "dpo"):
            with engine.training_seat(TrainSettings(rank=16)) as seat:
                seat.save(Path(folder) / name)
            engine.load_adapter(describe_adapter(Path(folder) / name, name, name, name))
    asked = {name: _request("how do I " * 60, parsed.tokens, name) for name in ("base", "sft", "dpo")}
    engine.generate(list(asked.values()))
    alone = min(_seconds(parsed, lambda: engine.generate([asked["sft"]]))[0] for _ in range(2))
    together = min(_seconds(parsed, lambda: engine.generate(list(asked.values())))[0] for _ in range(2))
    return {"one_s": round(alone, 2), "three_s": round(together, 2), "times_one": round(together / alone, 3)}


def same_text(parsed: Any, weights: str) -> Figures:
    """Texts that are another one alone than in a batch."""
    from cai_ui.pipeline.prompts.shipped import draw

    engine = _engine(parsed, weights)
    requests = [
        _request(p.text, parsed.tokens // 2, seed=n, temperature=n % 2)
        for n, p in enumerate(draw("heldout-harmful", 4 if parsed.device == "cpu" else 24, 0))
    ]
    alone = [engine.generate([request])[0] for request in requests]
    together = engine.generate(requests)
    differ = sum(a.text != b.text for a, b in zip(alone, together, strict=True))
    return {"texts": len(requests), "differ": differ, "promised": together[0].provenance.same_in_any_batch}


# Training


def training(parsed: Any, weights: str) -> Figures:
    """Steps of our run against a bare TRL script with the same settings on the same kind of weights."""
    from train_vs_trl import Took, bare, ours

    method = parsed.part.split(" ")[0]
    data, settings = _rows(parsed), _settings(parsed)
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:

        def kept(way: str, took: Took) -> None:
            found[way] = {"step_s": _middle(took), "peak_gb": round(_peak_gb(parsed.device), 2)}

        engine = _engine(parsed, weights)
        kept("ours", ours(engine, method, data, settings, Path(folder) / "ours"))
        chat = engine.chat
        engine.close()
        del engine
        _free(parsed.device)
        kept("bare", bare(chat, parsed.model, method, data, settings, Path(folder) / "bare", parsed.device, weights))
    ratio = found["ours"]["step_s"] / found["bare"]["step_s"]
    return {"ours": found["ours"], "bare_trl": found["bare"], "ours_to_bare": round(ratio, 3)}


def _middle(took: Any) -> float:
    """Seconds of a step, on the clock, over all but the first."""
    steps = took.clock_each[1:]
    return round(sorted(steps)[len(steps) // 2], 4)


def _rows(parsed: Any) -> Any:
    """Rows and pairs of about `--length` tokens."""
    from diaries import GOOD
    from train_vs_trl import make_data

    data = make_data(8, held_out=0)
    long = " ".join([GOOD] * max(1, parsed.length // 45))
    rows = tuple(dataclasses.replace(row, answer=f"{row.answer} {long}") for row in data.sft_train)
    pairs = tuple(dataclasses.replace(p, chosen=f"{p.chosen} {long}") for p in data.pairs_train)
    return dataclasses.replace(data, sft_train=rows, pairs_train=pairs)


def _settings(parsed: Any) -> Any:
    from cai_ui.config.train import TrainSettings

    return TrainSettings(
        learning_rate=1e-4, batch_size=1, accumulation=1, max_steps=parsed.steps, rank=16, alpha=32,
        group_by_length=False, save_steps=10_000, save_seconds=0, schedule="linear", probe_steps=0,
    )  # fmt: skip


def chat_during_training(parsed: Any, weights: str) -> Figures:
    """Seconds until a chat's first words while a run trains, in steps of the run."""
    from cai_ui.records import Run
    from cai_ui.train.run.run import train
    from cai_ui.train.signals import StopSignal

    engine = _engine(parsed, weights)
    waits: list[float] = []
    stamps: list[float] = []
    done = threading.Event()

    def chat() -> None:
        while not done.wait(0.3):
            began = time.perf_counter()
            chunks = engine.stream([_request("how do I bake bread?", 16, seed=len(waits))])
            next(iter(chunks))
            waits.append(time.perf_counter() - began)
            list(chunks)

    thread = threading.Thread(target=chat, daemon=True)
    thread.start()
    with tempfile.TemporaryDirectory() as folder:
        run_ = Run("run-1", "benchmark", "sft", "running", "d", _settings(parsed).model_dump(), "me", "")
        (Path(folder) / "run").mkdir()
        told = lambda step, steps: stamps.append(time.perf_counter())  # noqa: E731
        outcome = train(run_, _rows(parsed), engine, Path(folder) / "run", StopSignal(), told)
    done.set()
    thread.join(60)
    assert outcome.state == "done", outcome
    gaps = sorted(b - a for a, b in itertools.pairwise(stamps)) or [float("nan")]
    step = gaps[len(gaps) // 2]
    middle = sorted(waits)[len(waits) // 2] if waits else float("nan")
    return {"chats": len(waits), "step_s": round(step, 3), "first_words_s": round(middle, 3),
            "first_words_in_steps": round(middle / step, 2)}  # fmt: skip


# The parts' tools


def _engine(parsed: Any, weights: str) -> Any:
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine

    quantize = "nf4" if weights == "nf4" else "none"
    settings = AppSettings(model=str(parsed.model), quantize=quantize, cache_gb=1.0, keep_quantized=False)
    return load_engine(settings)


def _request(text: str, tokens: int, adapter: str = "base", seed: int = 0, temperature: float = 0.0) -> Any:
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    sampling = Sampling(temperature=temperature, max_new_tokens=max(1, tokens), seed=seed)
    return Request((Message("user", text),), sampling, adapter)


def _seconds(parsed: Any, work: Callable[[], Any]) -> tuple[float, Any]:
    _wait_for(parsed.device)
    began = time.perf_counter()
    result = work()
    _wait_for(parsed.device)
    return time.perf_counter() - began, result


def _wait_for(device: str) -> None:
    if device != "cpu":
        import torch

        torch.cuda.synchronize()


def _free(device: str) -> None:
    import gc

    gc.collect()
    if device != "cpu":
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak_gb(device: str) -> float:
    if device != "cpu":
        import torch

        return torch.cuda.max_memory_allocated() / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _machine(device: str) -> str:
    import torch

    name = torch.cuda.get_device_name() if device != "cpu" else f"{os.cpu_count()} processor cores"
    return f"{name}, torch {torch.__version__}"


def _use_wheels(folder: Path | None) -> None:
    """Put the wheels on the path, here and in the parts: nothing is installed."""
    if folder is not None:
        wheels = [str(wheel.resolve()) for wheel in sorted(folder.glob("*.whl"))]
        sys.path[:0] = wheels
        os.environ["PYTHONPATH"] = os.pathsep.join([*wheels, os.environ.get("PYTHONPATH", "")])


if __name__ == "__main__":
    main()
