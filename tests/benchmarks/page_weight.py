"""What the page weighs, beside a bare page of Gradio in the same browser.

    python tests/benchmarks/page_weight.py [runs]

Prints, for both: seconds and processor seconds until the server answers, seconds until a browser can be used, requests,
bytes of the layout, script memory, and the events of a minute in which nobody does anything. The two take turns, so
that what else the machine does falls on both.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.browser.conftest import FLAGS, free_port  # noqa: E402

BARE = """import gradio as gr
with gr.Blocks() as page: gr.Textbox(elem_id='tabs')
page.launch(server_port={port}, quiet=True)"""
IDLE_S = 20


def programs(home: str) -> dict[str, tuple[list[str], str]]:
    """Command and the sign that the page can be used, by name."""
    ours = ["app.py", "--home", home, "--model", "embedded", "--port", "{port}"]
    return {"bare Gradio": (["-c", BARE], "#tabs textarea"), "workbench": (ours, "html.cai-ready")}


def measure(command: list[str], sign: str, chromium: Any) -> dict[str, float]:
    """One start of the server and one opening of its page."""
    port = free_port()
    began = time.monotonic()
    server = subprocess.Popen(
        [sys.executable, *(part.replace("{port}", str(port)) for part in command)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        html = first_answer(f"http://127.0.0.1:{port}")
        sent = page_sent(f"http://127.0.0.1:{port}")
        up, busy = time.monotonic() - began, processor_seconds(server.pid)
        time.sleep(15)  # a model that is being loaded is no part of the page
        return {
            "server up, s": up,
            "of the processor, s": busy,
            "page as sent, KB": sent,
            **layout(html),
            **opened(port, sign, chromium),
        }
    finally:
        server.terminate()
        server.wait(30)


def first_answer(url: str) -> str:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.05)


def page_sent(url: str) -> float:
    """Thousands of bytes of the page to a browser, which takes it compressed."""
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return len(answer.read()) / 1000


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def layout(html: str) -> dict[str, float]:
    """Bytes of the layout in the page as it is served, and how much of it are styles and scripts."""
    found = re.search(r"window\.gradio_config = (.*?);</script>", html, re.DOTALL)
    config = json.loads(found[1]) if found else {}
    parts = {name: len(json.dumps(config.get(name), separators=(",", ":"))) for name in ("components", "dependencies")}
    return {"layout, KB": len(found[1]) / 1000 if found else 0.0, **{f"{k}, KB": v / 1000 for k, v in parts.items()}}


def opened(port: int, sign: str, chromium: Any) -> dict[str, float]:
    """A second opening, as the first one fills the browser's cache for neither."""
    page = chromium.new_page()
    requests: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    began = time.monotonic()
    page.goto(f"http://127.0.0.1:{port}")
    page.wait_for_selector(sign)
    usable = time.monotonic() - began
    page.wait_for_timeout(4000)
    asked, before = len(requests), len([url for url in requests if "queue/join" in url])
    heap = page.evaluate("() => performance.memory ? performance.memory.usedJSHeapSize : 0")
    page.wait_for_timeout(1000 * IDLE_S)
    events = len([url for url in requests if "queue/join" in url]) - before
    page.close()
    return {
        "usable, s": usable, "requests": asked, "events at opening": before, "script memory, MB": heap / 1e6,
        "events a minute, idle": events * 60 / IDLE_S,
    }  # fmt: skip


def main(runs: int) -> None:
    from playwright.sync_api import sync_playwright

    measured: dict[str, list[dict[str, float]]] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for _ in range(runs):
            for name, (command, sign) in programs(home).items():
                measured.setdefault(name, []).append(measure(command, sign, chromium))
        chromium.close()
    print(f"{'':24}" + "".join(f"{name:>14}" for name in measured) + f"{'ratio':>8}")
    for what in next(iter(measured.values()))[0]:
        bare, ours = (statistics.median(run[what] for run in of) for of in measured.values())
        print(f"{what:24}{bare:14.2f}{ours:14.2f}" + (f"{ours / bare:8.2f}" if bare else ""))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
