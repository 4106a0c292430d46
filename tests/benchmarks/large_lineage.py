"""What a lineage costs in a small and in a very large workspace: the same questions to both, and the ratio.

Run: python -m tests.benchmarks.large_lineage [--few 200] [--many 100000] [--database-url URL-WITH-{name}]

So many examples under the principles of one constitution, all of them rows of one frozen dataset, which a run learnt
from whose adapter answered in an evaluation. Times are medians of milliseconds (of the
processor; with PostgreSQL, of the clock), the two workspaces in turn; "first" is
the first question after a start, which reads what the others are answered from.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from cai_ui.pipeline.constitution.shipped import keep_shipped
from cai_ui.pipeline.lineage.walking import lineage
from cai_ui.records import Dataset, Evaluation, Message, Prompt, Run, TrainingExample, VariantResult, make_example
from cai_ui.records.comparison import Rate
from cai_ui.records.lineage import Place
from cai_ui.store import Store, open_store
from cai_ui.store.encoding import batches

REPEATS = 15
WEIGHTS = "ad" * 32


def fill(store: Store, rows: int) -> dict[str, Place]:
    """The workspace, and where to ask."""
    keep_shipped(store)
    version = store.versions()[0]
    ids = [one.id for one in version.constitution.principles]
    made = []
    for n in range(rows):
        prompt = Prompt(f"p{n}", f"Question number {n}, and what to do about it?", "harmful")
        told = {"principle_ids": (ids[n % len(ids)],), "constitution_hash": version.hash, "source": "s"}
        said = (Message("user", prompt.text),)
        made.append(make_example(said, "Sure.", f"Better not, {n}.", prompt=prompt, **told))  # type: ignore[arg-type]
    for page in batches(made, 5_000):
        store.add_examples(page)
    learnt = tuple(TrainingExample(one.conversation, one.revision, one.id, "s") for one in made)
    data = store.save_dataset(Dataset("all", learnt, (), (), (), {}, (version.hash,), {}), "me")
    store.create_run(Run("run-1", "one", "sft", "done", data.hash, {}, "me", "", adapter="run-1", adapter_hash=WEIGHTS))
    answer = {"prompt_id": "p", "prompt": "?", "kind": "harmful", "variant": "run-1", "answer": "No.",
              "adapter_hash": WEIGHTS, "outcome": "refused", "tokens": 2}  # fmt: skip
    none = Rate(0, 0)
    result = VariantResult("run-1", "harmful", none, none, none, None, WEIGHTS)
    store.save_evaluation(Evaluation("ev-1", (result,), (answer,), {}, "rules"))
    return {
        "a principle, forward": Place("principle", f"{version.hash}/{ids[1]}"),
        "a constitution, forward": Place("constitution", version.hash),
        "an example": Place("example", made[rows // 2].id),
        "a row of a dataset": Place("row", f"{data.hash}/sft_train/{rows // 2}"),
        "a dataset": Place("dataset", data.hash),
        "a run": Place("run", "run-1"),
        "an answer, back": Place("answer", "ev-1/0"),
    }


def cost(store: Store, place: Place, wall: bool) -> float:
    clock = time.perf_counter if wall else time.process_time
    began = clock()
    lineage(store, place)
    return (clock() - began) * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=200)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--database-url", default="", help="of PostgreSQL, with {name} for the database: small, large")
    parsed = parser.parse_args()
    wall = bool(parsed.database_url)  # what a server computes is not in this process
    with tempfile.TemporaryDirectory() as folder:
        urls = [parsed.database_url.format(name=name) or None for name in ("small", "large")]
        stores = [open_store(Path(folder) / name, url) for name, url in zip(("small", "large"), urls, strict=True)]
        try:
            places = [fill(store, rows) for store, rows in zip(stores, (parsed.few, parsed.many), strict=True)]
            print("| question | few | many | ratio |\n|---|---|---|---|")
            name = "a principle, forward"
            firsts = [cost(store, place[name], wall) for store, place in zip(stores, places, strict=True)]
            print(f"| first | {firsts[0]:.1f} | {firsts[1]:.1f} | |")
            for name in places[0]:
                times: tuple[list[float], list[float]] = ([], [])
                for _ in range(REPEATS):
                    for kept, store, place in zip(times, stores, places, strict=True):
                        kept.append(cost(store, place[name], wall))
                few, many = (statistics.median(one) for one in times)
                print(f"| {name} | {few:.1f} | {many:.1f} | {many / few:.2f} |", flush=True)
        finally:
            for store in stores:
                store.close()


if __name__ == "__main__":
    main()
