"""How long a chat waits for its first words during a training run, and what the chat costs the run.

python tests/benchmarks/chat_during_training.py [--model 20m|100m|embedded] [--steps 30]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from shapes import build_shape, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="20m")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--length", type=int, default=256, help="tokens per row")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(run(parsed, Path(folder)))


def run(parsed: Any, folder: Path) -> str:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.config.train import TrainSettings
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    model = "embedded" if parsed.model == "embedded" else str(build_shape(parsed.model, folder / parsed.model))
    engine: Any = load_engine(AppSettings(model=model))
    quiet, steps = _train(engine, TrainSettings(rank=16), parsed)
    waits: list[float] = []
    done = threading.Event()

    def chat() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            request = Request((Message("user", f"How do I do {turn}?"),), Sampling(seed=turn, max_new_tokens=32))
            began = time.perf_counter()
            for place, _ in enumerate(engine.stream([request])):
                if place == 0:
                    waits.append(time.perf_counter() - began)
            done.wait(0.3)

    thread = threading.Thread(target=chat)
    thread.start()
    busy, _ = _train(engine, TrainSettings(rank=16), parsed)
    done.set()
    thread.join()
    step = statistics.median(steps)
    rows = [
        ["one training step, median", f"{step:.3f}", "1.00"],
        [
            "time to the first words, median",
            f"{statistics.median(waits):.3f}",
            f"{statistics.median(waits) / step:.2f}",
        ],
        ["time to the first words, longest", f"{max(waits):.3f}", f"{max(waits) / step:.2f}"],
        [f"{parsed.steps} steps without a chat", f"{quiet:.1f}", ""],
        [f"{parsed.steps} steps with {len(waits)} chats", f"{busy:.1f}", f"{busy / quiet:.2f} times without"],
    ]
    title = f"Chat during training, {parsed.model}: steps of {parsed.rows} x {parsed.length} tokens, chats of 32 tokens"
    return table(title, ["what", "seconds", "in training steps"], rows)


def _train(engine: Any, settings: Any, parsed: Any) -> tuple[float, list[float]]:
    """Seconds of all steps, and of each while the weights were held."""
    import torch

    steps: list[float] = []
    with engine.training_seat(settings) as seat:
        optimizer = torch.optim.AdamW([p for p in seat.model.parameters() if p.requires_grad], lr=1e-4)
        ids = torch.randint(10, 300, (parsed.rows, parsed.length))

        def all_steps() -> None:
            for _ in range(parsed.steps):
                with seat.step():
                    began = time.perf_counter()
                    seat.model(input_ids=ids, labels=ids).loss.backward()
                    optimizer.step()
                    optimizer.zero_grad()
                    steps.append(time.perf_counter() - began)

        began = time.perf_counter()
        all_steps()
        return time.perf_counter() - began, steps


if __name__ == "__main__":
    main()
