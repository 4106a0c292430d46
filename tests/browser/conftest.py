"""A real server in a process of its own and a real headless Chromium.

Without Chromium these tests are skipped with a reason; `CAI_BROWSER=required` turns that into a failure.
Screenshots go to the folder `CAI_ARTIFACTS` (default: `artifacts/`, ignored by git).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cai_ui.engine.weights.sources import EMBEDDED, hash_weights
from cai_ui.records import Example, Message, Prompt, make_example

ROOT = Path(__file__).resolve().parents[2]
OLD = ROOT / "tests" / "store" / "workspace_2026_11"
FIRST_BASE = "8b689968f0af083a4ae69b1b15d843dcf214cb74f4fe440fd607756e20aff7e1"
"""Of the embedded model's first version, on which OLD was made."""
ARTIFACTS = Path(os.environ.get("CAI_ARTIFACTS", ROOT / "artifacts"))
PATIENCE = float(os.environ.get("CAI_PATIENCE", "1"))
"""How many times as long to wait for the page as usual, where others use the machine, too."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

CUT_OFF = re.compile(r"AbortError|Connection errored out|network error|404: Not Found|Failed to load resource")
"""What a page says about its own open events when it is left: each depends on how far the event was."""


VISITS = pytest.StashKey[list["Visit"]]()
SAID = """new MutationObserver(() => {
  for (const one of document.querySelectorAll(".toast-body")) if (one.innerText) window.caiToasts[one.innerText] = true;
}).observe(document, { childList: true, subtree: true }); window.caiToasts = {};"""
"""Toasts are gone by the time that a test fails."""


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """What stood on the pages when a test failed is told with it: where it runs, nobody may see a picture."""
    report = yield
    if report.when == "call" and report.failed:
        report.sections += [("page", visit.told()) for visit in item.stash.get(VISITS, [])]
    return report


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """The app as a person starts it: `python app.py`, with a home folder of its own."""

    home: Path
    model: str = "embedded"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    program: list[str] = field(default_factory=lambda: ["app.py"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Server:
        log = (self.home.parent / f"{self.home.name}.log").open("ab")
        command = [
            sys.executable,
            *self.program,
            "--port",
            str(self.port),
            "--home",
            str(self.home),
            "--model",
            self.model,
        ]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        for _ in range(int(600 * PATIENCE)):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url, timeout=2):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.stop()
        raise AssertionError("The server did not come up:\n" + self.log()[-3000:])

    def log(self) -> str:
        return (self.home.parent / f"{self.home.name}.log").read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would: no chance to tidy up."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve(model)` starts a server on a fresh home; all are stopped at the end.

    `program` is another program than app.py that takes the same flags.
    """
    started: list[Server] = []

    def start(model: str = "embedded", home: Path | None = None, program: list[str] | None = None) -> Server:
        server = Server(home or tmp_path / "home", model)
        server.program = program or server.program
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


def idle(page: Any) -> None:
    """Wait until the browser has nothing to do for a while: Gradio takes back what is typed in the moment in which it
    puts a tab on the page (6.31), sooner than a person gets to a field."""
    page.evaluate(
        """async () => {
          const idle = () => new Promise((done) => requestIdleCallback(done));
          for (let times = 0; times < 4; times++) { await idle(); await new Promise((done) => setTimeout(done, 200)); }
        }"""
    )


def to_judge(number: int) -> list[Example]:
    """That many examples for a queue."""
    return [
        make_example(
            (Message("user", f"Question {n}?"),), "Sure.", f"Better not, {n}.", prompt=Prompt(f"p{n}", f"Question {n}?")
        )
        for n in range(number)
    ]


def old_workspace(folder: Path) -> Path:
    """A workspace with something in every table, and runs with their adapters; files to choose are beside it.

    It was made on weights that are no longer shipped, which leaves its adapters out of every menu; here it counts as
    made on those that are. What becomes of another base: tests/store/test_old_workspace.py.
    """
    with tarfile.open(OLD / "workspace.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    shipped = hash_weights(EMBEDDED)
    for file in [folder / "workspace.sql", *folder.rglob("*.json"), *folder.rglob("*.yaml")]:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(FIRST_BASE, shipped), encoding="utf-8")
    with sqlite3.connect(folder / "workspace" / "cai.db") as raw:
        raw.executescript((folder / "workspace.sql").read_text(encoding="utf-8"))
    raw.close()
    return folder / "workspace"


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on such a workspace, shared by tests that take nothing from it which another one needs."""
    server = Server(old_workspace(tmp_path_factory.mktemp("full"))).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CAI_BROWSER") == "required":
            pytest.fail("Chromium is required here (CAI_BROWSER=required) and was not found.")
        pytest.skip("Chromium was not found; install it to run the tests in a real browser.")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(
        timeout=30_000 * PATIENCE
    )  # five seconds are too few for two cores with a model, a server and a browser
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def scripted_url(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the scripted model, for tests that ask nothing of its home.

    A visitor without a name finds there what the one before left.
    """
    server = Server(tmp_path_factory.mktemp("shared") / "home", "scripted").start()
    yield server.url
    server.stop()


@dataclass
class Visit:
    """A page plus what a person would not see: script errors and requests to other hosts."""

    page: object
    errors: list[str]
    foreign: list[str]

    def reload(self) -> None:
        """As F5; back once the page takes input again."""
        self._leave_by(lambda: self.page.reload())  # type: ignore[attr-defined]

    def goto(self, url: str) -> None:
        """As an address typed in; back once the page there takes input."""
        self._leave_by(lambda: self.page.goto(url))  # type: ignore[attr-defined]

    def hear_console(self) -> None:
        """From now on an error that a script writes to the console counts, too."""
        self.page.on(  # type: ignore[attr-defined]
            "console", lambda said: self.errors.append(said.text) if said.type == "error" else None
        )

    def told(self) -> str:
        """Address, errors, toasts, what has the focus, and the text of the open tab, shortened."""
        page: Any = self.page
        try:
            page.set_default_timeout(5_000)
            shot(page, f"failed-{time.time_ns()}")
            seen = page.evaluate(
                "() => [Object.keys(window.caiToasts).join(' | '), document.activeElement?.id,"
                " [...document.querySelectorAll('[role=tabpanel]')].find(one => one.offsetParent)?.innerText]"
            )
        except Exception as error:  # the browser itself may be what failed
            return f"cannot be asked: {error}"
        toasts, focus, text = (" ".join(str(one or "").split()) for one in seen)
        return f"{page.url}\nerrors: {self.errors[:5]}\ntoasts: {toasts[:500]}\nfocus: {focus}\n{text[:2500]}"

    def _leave_by(self, go: Callable[[], object]) -> None:
        """Gradio closes its connection when a page is left, and what is still open then, a timer's event at least,
        says so as an error. Any other error of the old page stays, and every one of the new."""
        page: Any = self.page
        page.evaluate("window.pressing?.settled()")
        left, before = [], len(self.errors)
        page.once("framenavigated", lambda _: left.append(len(self.errors)))
        go()
        page.wait_for_selector("html.cai-ready")
        old = slice(before, left[0])
        self.errors[old] = [error for error in self.errors[old] if not CUT_OFF.search(error)]


@pytest.fixture
def open_page(chromium: object, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visit]]:
    """`open_page(url, width, dark)` opens a fresh visitor (own storage) and records what goes wrong.

    `script` runs before the page's own.
    The page is given out once it takes input, that is, once it shows what the person had left.
    """
    contexts = []
    visits = request.node.stash.setdefault(VISITS, [])

    def go(url: str, width: int = 1280, dark: bool = False, script: str = "") -> Visit:
        context = chromium.new_context(  # type: ignore[attr-defined]
            viewport={"width": width, "height": 900 if width > 600 else 844}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(SAID + script)
        visit = Visit(page, [], [])
        visits.append(visit)
        page.on("pageerror", lambda error: visit.errors.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else visit.foreign.append(r.url))
        page.set_default_timeout(60_000 * PATIENCE)
        page.goto(url + ("/?__theme=dark" if dark else "/?__theme=light"))
        page.wait_for_selector("html.cai-ready")
        return visit

    yield go
    for context in contexts:
        context.close()


def shot(page: object, name: str) -> None:
    """Keep a full-page screenshot for people to look at."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name}.png"), full_page=True)  # type: ignore[attr-defined]


@pytest.fixture
def screenshot() -> Callable[[object, str], None]:
    """`screenshot(page, name)` keeps a full-page picture."""
    return shot
