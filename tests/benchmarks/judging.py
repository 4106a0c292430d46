"""Labels of pairs: all together, and one question after the other, on local weights or on a slow server.

OMP_NUM_THREADS=1 python tests/benchmarks/judging.py [--model embedded|20m|FOLDER] [--pairs 200] [--file hh.jsonl.gz]
python tests/benchmarks/judging.py --server [--latency 0.2] [--concurrency 16]

The server is a stand-in in a process of its own that answers as vLLM does and sleeps before each answer.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

from memory import resident
from shapes import Took, build_shape, table, timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--file", type=Path, help="JSON lines with chosen and rejected transcripts, instead of drafts")
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--concurrency", type=int, default=16)
    parsed = parser.parse_args()
    pairs = read_pairs(parsed.file, parsed.pairs) if parsed.file else draft_pairs(parsed.pairs)
    if parsed.server:
        print(on_a_server(parsed, pairs))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(on_weights(parsed, pairs, Path(folder)))


def on_weights(parsed: Any, pairs: list[Any], folder: Path) -> str:
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine

    name = "embedded" if parsed.model == "embedded" else str(build_shape(parsed.model, folder / "model"))
    engine: Any = load_engine(AppSettings(model=name))
    engine.score(pairs[0].conversation, ["warm"])
    before = resident()
    batched, together = timed(lambda: all_together(engine, pairs))
    grown = (resident() - before) / 2**20
    engine._cache.clear()
    single, alone = timed(lambda: one_by_one(engine, pairs))
    note = f"\nMemory added while they were asked together: {grown:.0f} MB.\n"
    return _table(f"{len(pairs)} pairs on {parsed.model}", pairs, (single, alone), (batched, together)) + note


def on_a_server(parsed: Any, pairs: list[Any]) -> str:
    from cai_ui.engine.backends.endpoint import EndpointEngine

    port: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=_serve, args=(parsed.latency, port), daemon=True)
    server.start()
    engine = EndpointEngine(f"http://127.0.0.1:{port.get()}/v1", "judge", concurrency=parsed.concurrency)
    some = pairs[: max(8, len(pairs) // 10)]
    alone_took, alone = timed(lambda: one_by_one(engine, some))
    took, together = timed(lambda: all_together(engine, pairs))
    server.terminate()
    share = len(pairs) / len(some)
    alone_took = Took(alone_took.processor * share, alone_took.clock * share)
    title = f"{len(pairs)} pairs on a server, latency {parsed.latency:.2f} s, {parsed.concurrency} in flight"
    return _table(title, pairs, (alone_took, alone), (took, together))


def _table(title: str, pairs: list[Any], alone: tuple[Took, Any], together: tuple[Took, Any]) -> str:
    apart = max(abs(one - together[1][place]) for place, one in alone[1].items())
    rows = [
        [how, f"{took.processor:.1f}", f"{took.clock:.1f}", f"{len(pairs) / took.clock:.1f}",
         f"{alone[0].processor / took.processor:.1f}", f"{alone[0].clock / took.clock:.1f}"]
        for how, took in (("one question after the other", alone[0]), ("all together", together[0]))
    ]  # fmt: skip
    columns = ["how", "processor seconds", "seconds", "pairs/s", "times faster (processor)", "times faster (clock)"]
    return table(title, columns, rows) + f"\nLargest difference of a preference: {apart:.1e}.\n"


def one_by_one(engine: Any, pairs: list[Any]) -> dict[int, float]:
    """A question waits for the answer to the one before it."""
    from cai_ui.engine.interface import ReplyScore, shares_of
    from cai_ui.judges.pairs import LETTERS
    from cai_ui.prompts import preference_question
    from cai_ui.records import Message

    found = {}
    for place, pair in enumerate(pairs):
        shares = []
        for side, answers in enumerate(((pair.revision, pair.initial), (pair.initial, pair.revision))):
            question = preference_question(pair.conversation, INSTRUCTION, *answers)
            scores = engine.score((Message("user", question),), LETTERS)
            shares.append(shares_of(tuple(ReplyScore(score, 1) for score in scores))[side])
        found[place] = sum(shares) / 2
    return found


def all_together(engine: Any, pairs: list[Any]) -> dict[int, float]:
    from cai_ui.config.answers import Sampling
    from cai_ui.curate.preferences import label_pairs
    from cai_ui.records import Principle

    principle = Principle("p", "Less harmful", INSTRUCTION, "", kind="preference")
    labels = label_pairs(engine, pairs, [principle], Sampling())
    return {place: label.preference for place, label in labels if label.preference is not None}


INSTRUCTION = "Which of these answers is less harmful?"


def draft_pairs(number: int) -> list[Any]:
    """Two draws of the embedded model for each request of its world."""
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.demo.prompt_sets import prompt_set
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message, make_example

    engine = load_engine(AppSettings(model="embedded"))
    asked = [(Message("user", p.text),) for p in prompt_set("heldout-harmful", number, 0)]
    draws = [
        engine.generate([Request(talk, Sampling(temperature=1.0, max_new_tokens=96, seed=seed)) for talk in asked])
        for seed in (1, 2)
    ]
    return [make_example(t, one.text, two.text + " Or not.") for t, one, two in zip(asked, *draws, strict=True)]


def read_pairs(path: Path, number: int) -> list[Any]:
    from cai_ui.pipeline.compare.labelled_files import read_labelled_pairs
    from cai_ui.records import make_example

    read = read_labelled_pairs(path, number).pairs
    return [make_example(one.conversation, one.worse, one.better) for one in read]


def _serve(latency: float, port: Any) -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: _talk(reader, writer, latency), "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency: float) -> None:
    """Requests of one connection, one after the other."""
    while True:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        await asyncio.sleep(latency)
        said = json.dumps(_answer(body)).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said) + said
        )


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    """Whatever the question, "(" is sure, then "A" is as likely as its hash says, and ")" is sure again."""
    turns = body["messages"]
    share = (hashlib.sha256(turns[0]["content"].encode()).digest()[0] + 1) / 258
    logs = {"A": math.log(share), "B": math.log(1 - share)}
    best = max(logs, key=lambda letter: logs[letter])
    if "prompt_logprobs" in body:
        reply = turns[1]["content"] if len(turns) > 1 else ""
        prompt: list[Any] = [None, *({"7": {"logprob": -1.5}} for _ in range(len(turns[0]["content"]) // 5))]
        given = [{"8": {"logprob": log}} for log in (0.0, logs[reply[1]], 0.0)] if reply else []
        return {"choices": [{"message": {"content": "x"}}], "prompt_logprobs": prompt + given}
    letters = [{"token": letter, "logprob": log} for letter, log in logs.items()]
    tokens = [_sure("("), {"token": best, "top_logprobs": letters}, _sure(")")]
    return {
        "choices": [{"message": {"content": f"({best})"}, "finish_reason": "stop", "logprobs": {"content": tokens}}]
    }


def _sure(sign: str) -> dict[str, Any]:
    return {"token": sign, "top_logprobs": [{"token": sign, "logprob": 0.0}]}


if __name__ == "__main__":
    main()
