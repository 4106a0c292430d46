"""A long mixed load on one server: raters, training, batches, backups; what grows, what is slow, what is lost.

Run: python -m tests.benchmarks.soak --minutes 120 --clients 8 --home FOLDER [--out FILE.json] [--port 7941]
     ... --kill-every 60       the server is killed (SIGKILL) and started again, again and again
     ... --slow-readers 50     so many connections beside that take the page byte by byte

The server is a process of its own with the page, the embedded model, and threads that train, run batches and back up
without pause. Each client is a page: it has a session, keeps what its fields would hold, and presses the buttons of
Curate by Gradio's own protocol. It edits with a text that nobody else writes; at the end every acknowledged decision
is looked for in the database, under its rater and with its own text.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES, PAUSE_S, LOOK_S = 6_000, 1.0, 10.0  # examples at least: one for each second of each rater
EDIT_SHARE = 0.3
FAULTS = (RuntimeError, OSError, ValueError, http.client.HTTPException)


def serve(home: Path, port: int, cache_gb: float, model: str, examples: int) -> None:
    """The page, and beside it training, batches and backups one after the other; with the scripted model, which starts
    at once and cannot be trained, backups alone."""
    from cai_ui.config.app import AppSettings
    from cai_ui.engine.memory import few_heaps
    from cai_ui.pipeline import open_services
    from cai_ui.pipeline.backing_up import BackingUp
    from cai_ui.web.app import build_app, launch_arguments
    from cai_ui.web.patience import launch

    few_heaps()  # as app.py does
    services = open_services(AppSettings(home=str(home), model=model, port=port, cache_gb=cache_gb))
    if not services.store.counts().total:
        _fill(services.store, examples)
    page = build_app(services)
    launch(page, server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, **launch_arguments(services))
    services.engine(300)
    BackingUp(services.store, hours=1 / 60, keep=3, look_s=5)
    for work in (_train, _batches) if model != "scripted" else ():
        threading.Thread(target=_again, args=(work, services), daemon=True).start()
    print("ready", flush=True)
    page.block_thread()


def _fill(store: Any, examples: int) -> None:
    from cai_ui.records import Message, Prompt, make_example

    store.add_examples(
        [
            make_example(
                (Message("user", f"Question {n}?"),), f"Bad {n}. " * 20, f"Good {n}. " * 20,
                prompt=Prompt(f"p{n}", f"Question {n}?", "harmful" if n % 2 else "helpful"), source="soak",
            )
            for n in range(examples)
        ]
    )  # fmt: skip


def _again(work: Any, services: Any) -> None:
    while True:
        try:
            work(services)
        except Exception as error:  # it goes on, and the number of these is reported
            print(f"background: {type(error).__name__}: {error}", flush=True)
            time.sleep(2)


def _train(services: Any) -> None:
    from cai_ui.config.curate import DatasetSettings
    from cai_ui.config.train import TrainSettings
    from cai_ui.pipeline.curate.datasets import freeze_dataset

    if services.store.counts().done < 40:
        time.sleep(2)
        return
    name = secrets.token_hex(4)
    data = freeze_dataset(services, name, DatasetSettings(), "soak")
    run = services.jobs.submit("sft", data.hash, TrainSettings(max_steps=20, batch_size=4, save_steps=10), "soak", name)
    print(f"run {services.jobs.wait(run.id).state}", flush=True)


def _batches(services: Any) -> None:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.revise import RevisionSettings
    from cai_ui.pipeline.constitution.constitutions import current_constitution
    from cai_ui.pipeline.revise.batch import start_batch

    asked = [f"How do I read diary {secrets.token_hex(3)}?" for _ in range(4)]
    start_batch(services, asked, current_constitution(services).hash, RevisionSettings(), Sampling(max_new_tokens=60))
    services.batch.wait(600)
    print(f"batch {services.batch.snapshot().state}", flush=True)


@dataclass
class Page:
    """A page without a browser: what its components hold, and its events by what triggers them."""

    port: int
    rater: str
    values: dict[int, Any] = field(default_factory=dict)
    session: str = field(default_factory=lambda: secrets.token_hex(6))

    def open(self) -> None:
        config = json.loads(self._ask("GET", "/config"))
        self.ids = {block["props"].get("elem_id"): block["id"] for block in config["components"]}
        self.values = {block["id"]: block["props"].get("value") for block in config["components"]}
        self.events = config["dependencies"]
        for block in config["components"]:
            if block["type"] == "browserstate":
                self.values[block["id"]] = self.rater
        loads = [event for event in self.events if any(trigger == "load" for _, trigger in event["targets"])]
        first = next(event for event in loads if len(event["outputs"]) == 2 and event["inputs"])
        self.run(first)
        for event in self.events:
            if event.get("trigger_after") == first["id"]:
                self.run(event)

    def press(self, name: str) -> None:
        button = self.ids[name]
        self.run(next(event for event in self.events if [button, "click"] in event["targets"] and event["backend_fn"]))

    def run(self, event: dict[str, Any]) -> None:
        """Send an event with what its inputs hold, and take in what comes back. RuntimeError for a refusal."""
        body = {"data": [self.values.get(id) for id in event["inputs"]], "fn_index": event["id"],
                "session_hash": self.session, "trigger_id": None}  # fmt: skip
        self._ask("POST", "/gradio_api/queue/join", json.dumps(body))
        stream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        stream.request("GET", f"/gradio_api/queue/data?session_hash={self.session}")
        answer = stream.getresponse()
        try:
            for line in answer:
                if not line.startswith(b"data:"):
                    continue
                message = json.loads(line[5:])
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(str(message["output"].get("error"))[:300])
                    self._take(event["outputs"], message["output"]["data"])
                    return
        finally:
            stream.close()
        raise RuntimeError("the stream ended")

    def _take(self, outputs: list[int], data: list[Any]) -> None:
        for id, value in zip(outputs, data, strict=True):
            if isinstance(value, dict) and value.get("__type__") == "update":
                if "value" in value:
                    self.values[id] = value["value"]
            else:
                self.values[id] = value

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {said[:200]!r}")
            return said
        finally:
            connection.close()

    def shown(self) -> str:
        """The example on the card."""
        found = re.search(r'data-example="([^"]+)"', str(self.values.get(self.ids["curate-card"]) or ""))
        return found[1] if found else ""


@dataclass
class Told:
    """What the clients saw."""

    took: list[tuple[float, float]] = field(default_factory=list)
    decided: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def rate(port: int, number: int, until: float, told: Told) -> None:
    """A rater at work: rater, example and own text of each acknowledged decision are noted."""
    page, chance, count = Page(port, f"rater-{number}"), random.Random(number), 0
    _reopened(page, until)
    while time.monotonic() < until:
        example, text = page.shown(), ""
        if not example:
            return
        if chance.random() < EDIT_SHARE:
            count += 1
            text = f"canary {number} {count} {secrets.token_hex(6)}"
            page.values[page.ids["curate-text"]] = text
        began = time.monotonic()
        try:
            page.press("curate-accept")
            told.took.append((began, time.monotonic() - began))
            told.decided.append((page.rater, example, text))
        except FAULTS as error:
            told.refused.append(str(error))
            _reopened(page, until)
        time.sleep(chance.uniform(0.3, 1.7) * PAUSE_S)


def _reopened(page: Page, until: float) -> None:
    """Open the page, once the server answers."""
    while time.monotonic() < until:
        try:
            page.session = secrets.token_hex(6)
            page.open()
            return
        except FAULTS:
            time.sleep(0.5)


def sip(port: int, until: float) -> None:
    """Take the layout of the page, which is more than the buffers of a connection hold, one byte a second."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 600) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.sendall(b"GET /config HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while time.monotonic() < until and reader.recv(1):
            time.sleep(1)


def used(pid: int) -> dict[str, int]:
    """Resident bytes, threads and open files of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    number = {name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1]) for name in ("VmRSS", "Threads")}  # type: ignore[index]
    return {"bytes": 1024 * number["VmRSS"], "threads": number["Threads"],
            "handles": len(list(Path(f"/proc/{pid}/fd").iterdir()))}  # fmt: skip


def slope(points: list[tuple[float, int]]) -> float:
    """Of the line of least squares through the second half of the points, by hour."""
    points = points[len(points) // 2 :]
    middle, mean = (sum(column) / len(points) for column in zip(*points, strict=True))
    spread = sum((x - middle) ** 2 for x, _ in points)
    return 3600 * sum((x - middle) * (y - mean) for x, y in points) / spread if spread else 0.0


def lost_and_crossed(home: Path, told: Told) -> tuple[int, int]:
    """Acknowledged decisions that the log does not have, and texts that stand under another rater or example."""
    from cai_ui.store import open_store

    with open_store(home) as store, store._db.read() as connection:
        assert store.check() == []
        rows = connection.exec_driver_sql("SELECT rater, example_id, text FROM events").all()
    there = {(row[0], row[1]) for row in rows}
    mine = {text: (rater, example) for rater, example, text in told.decided if text}
    crossed = sum(row[2] in mine and mine[row[2]] != (row[0], row[1]) for row in rows)
    crossed += sum(
        bool(row[2]) and str(row[2]).startswith("canary") and row[2].split()[1] != row[0][6:] for row in rows
    )
    return sum((rater, example) not in there for rater, example, _ in told.decided), crossed


def started(asked: argparse.Namespace, log: Path) -> subprocess.Popen[bytes]:
    """A server that answers."""
    command = [sys.executable, "-m", "tests.benchmarks.soak", "--serve", "--home", str(asked.home)]
    for name in ("port", "cache_gb", "model", "minutes", "clients"):
        command += [f"--{name.replace('_', '-')}", str(getattr(asked, name))]
    with log.open("a") as file:
        server = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
    before = log.read_text().count("ready\n")
    while log.read_text().count("ready\n") == before:
        if server.poll() is not None:
            raise SystemExit(f"the server did not start: {log}")
        time.sleep(0.5)
    return server


def soak(asked: argparse.Namespace) -> dict[str, Any]:
    home, port, log = asked.home, asked.port, asked.home.with_name(f"{asked.home.name}.log")
    log.write_text("")
    server = started(asked, log)
    told, start, kills = Told(), time.monotonic(), 0
    points: list[tuple[float, dict[str, int]]] = []
    until = start + 60 * asked.minutes
    threads = [threading.Thread(target=rate, args=(port, n, until, told)) for n in range(asked.clients)]
    threads += [threading.Thread(target=sip, args=(port, until)) for _ in range(asked.slow_readers)]
    for thread in threads:
        thread.start()
    born = time.monotonic()
    while time.monotonic() < until and server.poll() is None:
        points.append((time.monotonic() - start, used(server.pid)))
        time.sleep(min(LOOK_S, asked.kill_every or LOOK_S))
        if asked.kill_every and time.monotonic() - born > asked.kill_every:
            server.kill()
            server.wait()
            kills, server, born = kills + 1, started(asked, log), time.monotonic()
    for thread in threads:
        thread.join(180)
    alive = server.poll() is None
    server.terminate()
    server.wait(120)
    said = log.read_text()
    took = sorted(seconds for _, seconds in told.took)
    lost, crossed = lost_and_crossed(home, told)
    return {
        "minutes": asked.minutes, "clients": asked.clients, "slow readers": asked.slow_readers, "kills": kills,
        "server lived": alive,
        "acknowledged": len(told.decided), "refused": len(told.refused), "refusals": sorted(set(told.refused))[:5],
        "lost": lost, "crossed": crossed, "p50 s": took[len(took) // 2], "p95 s": took[int(len(took) * 0.95)],
        "slowest s": took[-1],
        "an hour more": {what: slope([(at, now[what]) for at, now in points]) for what in points[0][1]},
        "first": points[0][1], "last": points[-1][1],
        "runs": len(re.findall(r"^run done", said, re.M)), "batches": len(re.findall(r"^batch done", said, re.M)),
        "background errors": re.findall(r"^background: (.*)$", said, re.M)[:5],
        "backups": len(list((home / "backups").glob("*.db"))), "tracebacks": said.count("Traceback"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--home", type=Path, required=True, help="a new folder")
    parser.add_argument("--port", type=int, default=7941)
    parser.add_argument("--kill-every", type=float, default=0, help="seconds; 0: it is never killed")
    parser.add_argument("--cache-gb", type=float, default=1.0, help="of the prefix cache, which fills up to this")
    parser.add_argument("--model", default="embedded", help="scripted: it starts at once, for many kills")
    parser.add_argument("--slow-readers", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.serve:
        examples = max(EXAMPLES, int(60 * parsed.minutes * parsed.clients))
        serve(parsed.home, parsed.port, parsed.cache_gb, parsed.model, examples)
        return
    found = json.dumps(soak(parsed), indent=1)
    print(found)
    if parsed.out:
        parsed.out.write_text(found)


if __name__ == "__main__":
    main()
