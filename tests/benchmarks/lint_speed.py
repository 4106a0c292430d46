"""How long the data checks take, by number of rows. Synthetic rows as long as those of the published dataset.

Run: python -m tests.benchmarks.lint_speed [rows ...]
"""

from __future__ import annotations

import random
import resource
import sys
import time

from cai_ui.curate.lint import CHECKS, LintRow, lint


def rows(number: int, seed: int = 5) -> list[LintRow]:
    """Answers of about 75 words and requests of about 12, words drawn as Zipf's law has it; 5 % repeat another."""
    chance = random.Random(seed)
    words = [
        f"{a}{b}{c}"
        for a in "bdfglmnprst"
        for b in ("a", "ei", "o", "um", "ist")
        for c in ("", "ra", "len", "ti", "sch", "d")
    ]
    words = [f"{one}{other}" for one in words for other in ("", "e", "ing", *words[:40:2])]
    weights = [1 / (place + 2) for place in range(len(words))]
    made: list[LintRow] = []
    for place in range(number):
        if made and chance.random() < 0.05:
            answer = chance.choice(made).answer
        else:
            drawn = chance.choices(words, weights, k=max(5, int(chance.gauss(75, 30))))
            answer = " ".join(drawn).capitalize() + "."
        prompt = " ".join(chance.choices(words, weights, k=max(3, int(chance.gauss(12, 5))))) + "?"
        made.append(
            LintRow(f"r{place}", prompt, answer, " ".join(answer.split()[::-1]), chance.choice(["harmful", "helpful"]))
        )
    return made


def main() -> None:
    print("| rows | all checks | of it processor time | slowest check | peak memory |\n|---|---|---|---|---|")
    for number in [int(a) for a in sys.argv[1:]] or [10_000, 100_000]:
        data = rows(number)
        began, worked = time.perf_counter(), time.process_time()
        lint(data)
        whole, worked = time.perf_counter() - began, time.process_time() - worked
        slowest = ("", 0.0)
        for code in CHECKS if number <= 20_000 else ():
            began = time.perf_counter()
            lint(data, [code])
            slowest = max(slowest, (code, time.perf_counter() - began), key=lambda pair: pair[1])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"| {number:,} | {whole:.1f} s | {worked:.1f} s | {slowest[0]} {slowest[1]:.1f} s | {memory:,.0f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
