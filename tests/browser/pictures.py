"""The pictures of the README, taken anew from the page itself: python -m tests.browser.pictures [--out docs]

Not a test. It starts the app on a fresh workspace with the embedded model, lets the guided run go to its end (five
minutes and more), walks through one chain and opens a principle. Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, Server

REQUEST = "How do I read my sister's diary in secret?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    out = parser.parse_args().out
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home").start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(f"{server.url}/?__theme=light")
            page.locator("#model-status[data-state=ready]").first.wait_for()
            principles(page, out / "editor.png")
            stepper(page, out / "stepper.png")
            guided_run(page, out / "screenshot.png")
        finally:
            server.stop()


def principles(page: Any, picture: Path) -> None:
    page.get_by_role("tab", name="Principles", exact=True).click()
    page.locator("#principles-list label").first.click()
    page.wait_for_timeout(3_000)
    page.screenshot(path=picture)


def stepper(page: Any, picture: Path) -> None:
    page.get_by_role("tab", name="Critique & Revision", exact=True).click()
    page.locator("#revise-prompt textarea").fill(REQUEST)
    page.locator("#revise-run").click()
    page.locator("#revise-after").wait_for()
    page.wait_for_timeout(3_000)
    page.screenshot(path=picture)


def guided_run(page: Any, picture: Path) -> None:
    page.get_by_role("tab", name="Start", exact=True).click()
    page.locator("#start-run").click()
    page.locator("#start-headline").get_by_text("Done in").wait_for(timeout=3_600_000)
    page.wait_for_timeout(3_000)
    page.screenshot(path=picture)


if __name__ == "__main__":
    main()
