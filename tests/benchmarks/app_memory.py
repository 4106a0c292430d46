"""Memory of the whole app in bytes, used as a person uses it: decisions and searches under Curate in a real Chromium.

Run: python -m tests.benchmarks.app_memory HOME [--model embedded] [--decisions 20]

HOME is a workspace with examples, such as large_queue.py leaves with --keep. Resident memory is what the operating
system counts for the server's process (VmRSS, VmHWM); the browser is not part of it.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

START_S = 300
AFTER_LOADING_S = 15
"""The model loads while the page is up already."""


def started(home: Path, model: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), "--home", str(home), "--model", model]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(START_S * 5):
        if process.poll() is not None:
            raise SystemExit(f"The app did not start on {home}; python app.py --home {home} says why.")
        try:
            urllib.request.urlopen(url, timeout=5)
            break
        except urllib.error.URLError:
            time.sleep(0.2)
    time.sleep(AFTER_LOADING_S)
    return process, url


def used(page: Page, decisions: int) -> None:
    page.get_by_role("tab", name="Curate", exact=True).click()
    card = page.locator("#curate-card article")
    card.wait_for()
    for key in itertools.islice(itertools.cycle("arfst"), decisions):
        before = card.get_attribute("data-example")
        page.keyboard.press(key)
        page.locator(f'#curate-card article:not([data-example="{before}"])').wait_for()
    page.locator("#curate-filter > button").first.click()
    box = page.locator("#curate-search textarea, #curate-search input").first
    for sought in ("zeppelin", "dara ba", "quixotic"):
        box.fill(sought)
        page.wait_for_timeout(1500)


def told(process: subprocess.Popen[bytes], when: str) -> None:
    status = Path(f"/proc/{process.pid}/status").read_text()
    now, most = (1024 * int(m[1]) for m in re.finditer(r"^Vm(?:RSS|HWM):\s*(\d+)", status, re.M))
    now, most = min(now, most), max(now, most)
    print(f"{when}: {now / 1e6:.0f} million bytes resident, at most {most / 1e6:.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--decisions", type=int, default=20)
    parsed = parser.parse_args()
    process, url = started(parsed.home, parsed.model)
    try:
        told(process, "with its model loaded")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(url)
            page.wait_for_selector("html.cai-ready", timeout=60_000)
            used(page, parsed.decisions)
            told(process, f"after {parsed.decisions} decisions and three searches")
            browser.close()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
