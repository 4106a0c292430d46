"""What an evaluation costs with few and with very many answers: the same acts on both, and the ratio.

Run: python -m tests.benchmarks.large_evaluation [--few 200] [--many 100000]

Answers are synthetic: four models, requests of 20 words, answers of 80, one request in 1,000 with the word "zeppelin".
Times are medians of the processor's milliseconds that a press costs on the server, the two evaluations in turn, without
Gradio and the browser, which cost the same on both. "Opened" is the first press after a start, which reads all answers
once; the others are what follows. Every repeat searches for other words, so that no search is kept.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cai_ui.compare.answer_table import Number
from cai_ui.compare.evaluation import result_of
from cai_ui.config.app import AppSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare.answers import Sought
from cai_ui.records import Evaluation
from cai_ui.web.compare.rows import page_html

REPEATS = 25
MODELS = ("base", "sft", "dpo", "sft-dpo")
_WORDS = [f"{a}{b}{c}" for a in "bdfglmnprst" for b in ("a", "ei", "o", "um", "ist") for c in ("", "ra", "len", "ti")]
_WEIGHTS = [1 / (place + 2) for place in range(len(_WORDS))]


def rows(answers: int, seed: int = 7) -> list[dict[str, Any]]:
    """So many answers to a quarter as many requests."""
    chance, made = random.Random(seed), list[dict[str, Any]]()
    for number in range(answers // len(MODELS)):
        said = " ".join(chance.choices(_WORDS, _WEIGHTS, k=20)) + f" find{number}"
        kind = ("harmful", "helpful", "twin")[number % 3]
        for model in MODELS:
            declines = chance.random() < 0.4
            made.append({
                "prompt_id": f"p{number}", "prompt": said + (" zeppelin" if number % 1000 == 7 else ""), "kind": kind,
                "topic": f"topic {number % 12}", "set": f"set-{number % 3}", "earlier": "", "variant": model,
                "answer": " ".join(chance.choices(_WORDS, _WEIGHTS, k=80)), "finish": "end", "tokens": 100,
                "adapter_hash": None, "outcome": "refused" if declines else "complied", "reason": "said so",
                "complied": not declines, "refused": declines, "helped": None if kind == "harmful" else not declines,
            })  # fmt: skip
    return made


def fill(services: Services, answers: int) -> None:
    made = rows(answers)
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in made:
        cells.setdefault((row["variant"], row["kind"]), []).append(row)
    results = tuple(result_of(mine, None) for mine in cells.values())
    services.store.save_evaluation(Evaluation("evaluation", results, tuple(made), {}, "refusal phrases"))


def acts(services: Services) -> dict[str, Callable[[int], object]]:
    """What a person presses; each takes the number of the repeat."""

    def page(sought: Sought, number: int = 0) -> object:
        return page_html(services, "evaluation", sought, number)

    return {
        "next page": lambda n: page(Sought(), n),
        "page in the middle, models differ": lambda n: page(Sought(wanted="differ"), n + 5),
        "kind and outcome": lambda n: page(Sought(kind="helpful", wanted="refused"), n % 3),
        "a number opened": lambda n: page(Sought(number=Number("sft", "harmful", "complied", "yes")), n % 3),
        "a topic, longest first": lambda n: page(Sought(part=("topic", f"topic {n % 12}"), order="longest")),
        "search, one request": lambda n: page(Sought(search=f"find{n * 2 + 1}")),
        "search, one in 1,000": lambda n: page(Sought(search="zeppelin"[: 8 - n % 3])),
    }


def timed(act: Callable[[int], object], number: int) -> float:
    began = time.process_time()
    act(number)
    return 1000 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=200)
    parser.add_argument("--many", type=int, default=100_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        opened = []
        for number in (told.few, told.many):
            services = open_services(AppSettings(home=str(Path(folder) / str(number)), model="scripted"))
            fill(services, number)
            opened.append(services)
        few, many = (acts(services) for services in opened)
        first = [timed(found["next page"], 0) for found in (few, many)]
        print(f"opened: {first[0]:.1f} ms, {first[1]:.0f} ms")
        print(f"| act | {told.few:,} answers | {told.many:,} answers | ratio |\n|---|---|---|---|")
        for name in few:
            times = [[], []]  # type: ignore[var-annotated]
            for number in range(REPEATS):
                for side, found in enumerate((few, many)):
                    times[side].append(timed(found[name], number))
            small, large = (statistics.median(found) for found in times)
            print(f"| {name} | {small:.2f} ms | {large:.2f} ms | {large / small:.2f} |")
        for services in opened:
            services.close()


if __name__ == "__main__":
    main()
