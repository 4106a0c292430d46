"""What one key of grading costs on an evaluation of many answers: `python -m tests.benchmarks.grading [ANSWERS]`.

A sample of all answers, a person who grades by key, and what the page asks after each: the next answer, the counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cai_ui.config.app import AppSettings
from cai_ui.config.compare import GradingSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import grading
from cai_ui.records import Evaluation

KEYS = 20
KINDS = ("harmful", "helpful", "twin")


def rows(number: int) -> tuple[dict[str, Any], ...]:
    """Answers of two variants to requests of three kinds, of about 600 characters each."""
    return tuple(
        {
            "prompt_id": f"set-{n // 2}", "prompt": f"Request {n // 2} about something", "kind": KINDS[n // 2 % 3],
            "variant": ("base", "tuned")[n % 2], "answer": f"Answer {n}. " + "It goes on for a while. " * 24,
            "finish": "end", "outcome": "complied", "complied": True, "helped": None, "refused": False, "tokens": 150,
        }
        for n in range(number)
    )  # fmt: skip


def main(number: int) -> None:
    """Print seconds of the opening and of each key."""
    with tempfile.TemporaryDirectory() as folder:
        services = open_services(AppSettings(home=str(Path(folder) / "home"), model="scripted"))
        try:
            _measure(services, number)
        finally:
            services.close()


def _measure(services: Services, number: int) -> None:
    services.store.save_evaluation(Evaluation("many", (), rows(number), {}, "rules"))
    grading.keep_settings(services, GradingSettings(sample=min(number, 100_000)))
    began = time.perf_counter()
    shown = grading.next_to_grade(services, "many", "Ana")
    grading.progress(services, "many", "Ana")
    opened, taken = time.perf_counter() - began, []
    for place in range(KEYS):
        assert shown is not None
        began = time.perf_counter()
        grading.grade(services, "many", shown.key, "Ana", "refused", f"event-{place}")
        shown = grading.next_to_grade(services, "many", "Ana")
        grading.progress(services, "many", "Ana")
        taken.append(time.perf_counter() - began)
    print(f"{number:,} answers: opened in {opened:.2f} s; a key takes {statistics.median(taken) * 1000:.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
