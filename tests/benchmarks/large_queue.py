"""What the queue costs with few and with very many examples: the same acts on both, and the ratio.

Run: python -m tests.benchmarks.large_queue [--few 200] [--many 182831] [--steps 4] [--keep FOLDER]
     [--database 'postgresql+psycopg://user@host/cai_{name}']

Chains are synthetic: every request has a stored trace with a draft and `steps` critiques and revisions, and one example
with the last of them, as a batch of the program leaves it. Times are medians of the processor's milliseconds that a
press costs on the server, the two queues in turn, without Gradio and the browser, which cost the same on both. With
--database (cai_few and cai_many have to be there) all is by the clock, since another process does part of the work. The
last lines are by the clock always, and hold the wait for the disk.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import gradio as gr

from cai_ui.config.app import AppSettings
from cai_ui.pipeline import open_services
from cai_ui.records import Answer, Decision, Example, Message, Prompt, Provenance, Step, StepKind, Trace
from cai_ui.revise import to_example
from cai_ui.store import QueueFilter, Status, Store
from cai_ui.web.curate import judging, walking
from cai_ui.web.curate.filter import queue_menus
from cai_ui.web.curate.tab import CurateTab
from cai_ui.web.revise.trace_table import Sieve, list_traces, listed_help, traces_html

RATER = "Ana"
REPEATS = 25
ALL, OPEN = QueueFilter("all"), QueueFilter("open")
_WORDS = [f"{a}{b}{c}" for a in "bdfglmnprst" for b in ("a", "ei", "o", "um", "ist") for c in ("", "ra", "len", "ti")]
_WEIGHTS = [1 / (place + 2) for place in range(len(_WORDS))]


def traces(requests: int, steps: int, seed: int = 7) -> Iterator[Trace]:
    """Chains of `steps` critiques and revisions. One request in 1,000 holds the word "zeppelin"."""
    chance = random.Random(seed)
    for number in range(requests):
        said = chance.choices(_WORDS, _WEIGHTS, k=90)
        text = f"{' '.join(said[:14])} {number}{' zeppelin' if number % 1000 == 7 else ''}?"
        prompt = Prompt(f"p{number}", text, chance.choice(["harmful", "helpful"]), source=f"source {number % 5}")
        made = [_step("draft", said[14:70])]
        for step in range(steps):
            said[20 + step * 8 : 26 + step * 8] = chance.choices(_WORDS, _WEIGHTS, k=6)
            principle = f"p{(number + step) % 16}"
            made.append(_step("critique", said[70:], principle))
            made.append(_step("revision", [*said[14:70], f"{step}."], principle))
        yield Trace(f"t{number}", prompt, (Message("user", text),), "synthetic", tuple(made), number)


def _step(kind: StepKind, said: Sequence[str], principle: str | None = None) -> Step:
    text = " ".join(said)
    made_by = Provenance("synthetic", "0" * 64, None, None, 7, {"temperature": 0.7, "max_new_tokens": 256})
    request = "" if kind == "draft" else f"Write the {kind} under {principle}."
    return Step(kind, text, request, principle, Answer(text, "end", 300, len(said), made_by), seconds=1.0)


def fill(store: Store, requests: int, steps: int) -> None:
    if store.counts().total:
        return
    began = time.perf_counter()
    waiting: list[Example] = []
    for trace in traces(requests, steps):
        waiting.append(to_example(store.start_trace(trace), trace.prompt.source))
        if len(waiting) == 5_000:
            store.add_examples(waiting)
            waiting = []
    store.add_examples(waiting)
    print(f"  {requests:,} chains and examples added in {time.perf_counter() - began:.0f} s", flush=True)
    ids = store.open_ids(limit=1_000)
    for number, id in enumerate(ids[:: max(1, len(ids) // 100)]):
        store.decide(Decision(f"first-{number}", id, "accept", "Ben"), 0)


class Rater:
    """One rater at one queue, and what they do there: a name and a function for each act."""

    def __init__(self, home: Path, requests: int, steps: int) -> None:
        self.services = open_services(AppSettings(home=str(home), model="scripted"))
        began = time.process_time()
        self.services.store.counts()
        print(f"  reading the queue after the start: {1000 * (time.process_time() - began):.0f} ms", flush=True)
        fill(self.services.store, requests, steps)
        with gr.Blocks():
            self.example = CurateTab(self.services).example
        self.opened()
        # Both raters have a history to show.
        for id in self.services.store.open_ids(limit=max(0, 10 - len(self.services.store.history(RATER)))):
            self.services.store.decide(Decision(f"seen-{time.time_ns()}", id, "accept", RATER), self._rev(id))

    def _rev(self, id: str) -> int:
        return self.services.store.item(id).rev

    def acts(self) -> dict[str, Callable[[], None]]:
        middle = self.services.store.counts().total // 2
        return {
            "open the page": self.opened,
            "judge and see the next": self.decided,
            "take back": lambda: self.shown(OPEN, judging.undo(self.services, RATER, OPEN)),
            "filter by source": self.filtered(QueueFilter("open", source="source 3")),
            "filter by kind and length": self.filtered(QueueFilter("all", kind="harmful", words=(10, None))),
            "filter by principle, open": self.filtered(QueueFilter("open", principle="p3")),
            "filter by length, none fits": self.filtered(QueueFilter("all", words=(5_000, None))),
            "filter by rater": self.filtered(QueueFilter("done", rater="Ben")),
            "random order": self.filtered(QueueFilter("open", order="random")),
            "least certain first": self.filtered(QueueFilter("open", order="uncertain")),
            "search a rare word": self.searched(*("zeppelin"[:n] for n in range(3, 9))),
            "search a frequent word": self.searched(*_WORDS[:12]),
            "search two letters": self.searched(*(word[:2] for word in _WORDS[::10])),
            "search two frequent words": self.searched(*(" ".join(_WORDS[at : at + 2]) for at in range(9))),
            "search what is not there": self.searched(*(f"quixotic {n}" for n in range(9))),
            "search a word in what is judged": self.searched(*_WORDS[:12], status="done"),
            "jump to the middle": lambda: self.shown(ALL, walking.show(self.services, RATER, ALL, middle)),
            "list the newest traces": self.listed(""),
            "open the chain of an example": self.chain_opened,
        }

    def finds(self) -> dict[str, Callable[[], None]]:
        """What may take a second, so that it is done a few times only."""
        return {
            "find traces by a frequent word": self.listed("bara balen"),
            "find traces by a rare word": self.listed("zeppelin"),
        }

    def listed(self, query: str) -> Callable[[], None]:
        def event() -> None:
            traces_html(self.services, list_traces(self.services, Sieve(query)))
            listed_help(self.services, Sieve(query))

        return event

    def chain_opened(self) -> None:
        assert self.place is not None
        trace_id = self.services.store.item(self.place.example_id).example.trace_id
        assert trace_id is not None
        self.services.store.family(trace_id)

    def opened(self) -> None:
        queue_menus(self.services)
        self.shown(OPEN, walking.resume(self.services, RATER, OPEN, ""))

    def decided(self) -> None:
        assert self.place is not None
        self.shown(OPEN, judging.judge(self.services, RATER, OPEN, self.place, "reject"))

    def filtered(self, *filters: QueueFilter) -> Callable[[], None]:
        turn = itertools.cycle(filters)

        def act() -> None:
            filter = next(turn)
            self.shown(filter, walking.show(self.services, RATER, filter, 0))

        return act

    def searched(self, *words: str, status: Status = "all") -> Callable[[], None]:
        """Another word each time: what is sought twice is found in memory."""
        return self.filtered(*(QueueFilter(status, search=word) for word in words))

    def shown(self, filter: QueueFilter, view: walking.View) -> None:
        self.example.show(RATER, filter, view)
        self.place = view.place

    def kept(self) -> float:
        """Milliseconds by the clock of one decision in the store."""
        item = self.services.store.next_open(None, RATER, OPEN)
        assert item is not None
        decision = Decision(f"kept-{time.time_ns()}", item.example.id, "accept", RATER)
        began = time.perf_counter()
        self.services.store.decide(decision, item.rev)
        took = time.perf_counter() - began
        self.services.store.undo(RATER)
        return 1000 * took


def milliseconds(act: Callable[[], None], clock: Callable[[], float]) -> float:
    began = clock()
    act()
    return 1000 * (clock() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--few", type=int, default=200)
    parser.add_argument("--many", type=int, default=182_831)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="keep the workspaces here, and use them again")
    parser.add_argument("--database", help="address of a server; {name} in it becomes few and many")
    parsed = parser.parse_args()
    folder = parsed.keep or Path(tempfile.mkdtemp())
    raters = []
    for name, requests in (("few", parsed.few), ("many", parsed.many)):
        if parsed.database:
            os.environ["CAI_DATABASE_URL"] = parsed.database.format(name=name)
        raters.append(Rater(folder / name, requests, parsed.steps))
    print(f"| act | {parsed.few:,} rows (ms) | {parsed.many:,} rows (ms) | ratio |\n|---|---|---|---|")
    clock = time.perf_counter if parsed.database else time.process_time
    acts = [rater.acts() for rater in raters]
    for name in acts[0]:
        times = [[milliseconds(of_one[name], clock) for of_one in acts] for _ in range(REPEATS + 1)][1:]
        _line(name, times)
    _line("decision in the store (clock)", [[rater.kept() for rater in raters] for _ in range(REPEATS)])
    finds = [rater.finds() for rater in raters]
    for name in finds[0]:
        _line(
            f"{name} (clock)", [[milliseconds(of_one[name], time.perf_counter) for of_one in finds] for _ in range(5)]
        )
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    for rater in raters:
        rater.services.close()


def _line(name: str, times: list[list[float]]) -> None:
    few, many = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"| {name} | {few:.1f} | {many:.1f} | {many / few:.2f} |", flush=True)


if __name__ == "__main__":
    main()
