"""What the queue costs with few and with very many examples: the same acts on both, and the ratio.

Run: python tests/benchmarks/large_queue.py [--few 200] [--many 182831] [--steps 1] [--keep FOLDER]

Rows are synthetic: every request has a draft and `steps` revisions, each of which is an example (a chain of the
program gives one example, with its last revision). Times are medians of
the processor's milliseconds that a press costs on the server (a busy machine does not change them), without Gradio and
the browser, which cost the same on both. The last line is by the clock and holds the wait for the disk.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cai_ui.config import AppSettings
from cai_ui.pipeline import QueueFilter, open_services
from cai_ui.records import Decision, Example, Message, Prompt, make_example
from cai_ui.store import open_store
from cai_ui.web import judging
from cai_ui.web.session import Session
from cai_ui.web.tabs import curate_filter, curate_view

RATER = "Ana"
REPEATS = 15
_WORDS = [f"{a}{b}{c}" for a in "bdfglmnprst" for b in ("a", "ei", "o", "um", "ist") for c in ("", "ra", "len", "ti")]
_WEIGHTS = [1 / (place + 2) for place in range(len(_WORDS))]


def examples(requests: int, steps: int, seed: int = 7) -> Iterator[list[Example]]:
    """Examples in lists of some thousands. One request in 1,000 holds the word "zeppelin"."""
    chance = random.Random(seed)
    made: list[Example] = []
    for number in range(requests):
        said = chance.choices(_WORDS, _WEIGHTS, k=90)
        text = f"{' '.join(said[:14])} {number}{' zeppelin' if number % 1000 == 7 else ''}?"
        prompt = Prompt(f"p{number}", text, chance.choice(["harmful", "helpful"]), source=f"source {number % 5}")
        answer = " ".join(said[14:70])
        for step in range(steps):
            said[20 + step * 8 : 26 + step * 8] = chance.choices(_WORDS, _WEIGHTS, k=6)
            made.append(
                make_example(
                    (Message("user", text),), answer, f"{' '.join(said[14:70])} {step}.", prompt=prompt,
                    critique=" ".join(said[70:]), principle_ids=(f"p{number % 16}",), source=prompt.source,
                )
            )  # fmt: skip
        if len(made) >= 5_000:
            yield made
            made = []
    yield made


def fill(home: Path, requests: int, steps: int) -> None:
    with open_store(home) as store:
        if store.counts().total:
            return
        began = time.perf_counter()
        for chunk in examples(requests, steps):
            store.add_examples(chunk)
        print(f"  {requests * steps:,} examples added in {time.perf_counter() - began:.0f} s", flush=True)
        ids = store.open_ids(limit=1_000)
        for number, id in enumerate(ids[:: max(1, len(ids) // 100)]):
            store.decide(Decision(f"first-{number}", id, "accept", "Ben"), 0)


def acts(home: Path) -> dict[str, float]:
    """Median milliseconds of each act."""
    services = open_services(AppSettings(home=str(home), model="scripted"))
    store = services.store
    try:
        session = Session(RATER, "page")
        everything, open_ones = QueueFilter("all"), QueueFilter("open")
        place = None

        def shown(filter: QueueFilter, view: judging.View) -> None:
            curate_view.shown(services, session, filter, view)

        def opened() -> None:
            nonlocal place
            curate_filter.menus(services)
            view = judging.resume(services, RATER, open_ones, "")
            shown(open_ones, view)
            place = view.place

        def decided() -> None:
            nonlocal place
            assert place is not None
            view = judging.judge(services, RATER, open_ones, place, "reject")
            shown(open_ones, view)
            place = view.place

        def filtered(filter: QueueFilter) -> Callable[[], None]:
            return lambda: shown(filter, judging.show(services, RATER, filter, 0))

        def kept() -> None:
            item = store.next_open(None, RATER, open_ones)
            assert item is not None
            numbers.append(len(numbers))
            id, rev = item.example.id, item.rev
            began = time.perf_counter()
            store.decide(Decision(f"kept-{RATER}-{time.time_ns()}", id, "accept", RATER), rev)
            times.append(1000 * (time.perf_counter() - began))

        numbers: list[int] = []
        times: list[float] = []
        found = {
            "open the page": median(opened),
            "judge and see the next": median(decided),
            "take back": median(lambda: shown(open_ones, judging.undo(services, RATER, open_ones))),
            "filter by source": median(filtered(QueueFilter("open", source="source 3"))),
            "filter by kind and length": median(filtered(QueueFilter("all", kind="harmful", words=(10, None)))),
            "filter by principle": median(filtered(QueueFilter("open", principle="p3"))),
            "random order": median(filtered(QueueFilter("open", order="random"))),
            "least certain first": median(filtered(QueueFilter("open", order="uncertain"))),
            "search a rare word": median(filtered(QueueFilter("all", search="zeppelin"))),
            "search a frequent word": median(filtered(QueueFilter("all", search="dara"))),
            "search what is not there": median(filtered(QueueFilter("all", search="quixotic"))),
            "jump to the middle": median(
                lambda: shown(everything, judging.show(services, RATER, everything, store.counts().total // 2))
            ),
        }
        for _ in range(REPEATS):
            kept()
        return {**found, "decision in the store (clock)": statistics.median(times)}
    finally:
        services.close()


def median(act: Callable[[], object]) -> float:
    act()
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        act()
        times.append(1000 * (time.process_time() - began))
        if sum(times) > 10_000:
            break
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--few", type=int, default=200)
    parser.add_argument("--many", type=int, default=182_831)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the databases here, and use them again")
    parsed = parser.parse_args()
    folder = parsed.keep or Path(tempfile.mkdtemp())
    results = []
    for name, requests, steps in (("few", parsed.few, 1), ("many", parsed.many, parsed.steps)):
        home = folder / name
        fill(home, requests, steps)
        results.append(acts(home))
    print(f"| act | {parsed.few:,} rows (ms) | {parsed.many * parsed.steps:,} rows (ms) | ratio |\n|---|---|---|---|")
    for act, few in results[0].items():
        print(f"| {act} | {few:.1f} | {results[1][act]:.1f} | {results[1][act] / few:.2f} |")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
