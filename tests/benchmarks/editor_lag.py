"""How long the Principles tab takes with 1, 50 and 200 principles, from the key to what is shown, in a real browser.

    python -m tests.benchmarks.editor_lag

Needs Chromium. Prints a table: milliseconds (median and longest) until the list shows what was searched for, until
another principle is in the editor, until an edit is acknowledged as kept, and the longest time that the page's own
thread was held up while somebody typed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, Server

SIZES = (1, 50, 200)
TIMES = 7
WATCH = """() => { window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach(
    e => { window.longest = Math.max(window.longest, e.duration); })).observe({entryTypes: ['longtask']}); }"""
UNTIL = """([action, condition]) => new Promise(done => {
    const until = new Function('return ' + condition), began = performance.now();
    const look = () => until() ? done(performance.now() - began) : requestAnimationFrame(look);
    new Function(action)(); look(); })"""
"""Do something and give the milliseconds until a condition holds, both read in the page itself."""


def principles(count: int) -> str:
    """A file with so many principles."""
    rows = [
        {
            "id": f"p{i}",
            "name": f"Principle {i}",
            "critique_request": f"Name fault number {i} of the response, or say that nothing is wrong.",
            "revision_request": f"Rewrite it without fault {i}, and say why. If nothing was wrong, keep it.",
        }
        for i in range(count)
    ]
    return json.dumps({"name": f"many{count}", "principles": rows})


def measure(page: Any, count: int) -> dict[str, list[float]]:
    """Milliseconds of each action, several times."""
    kept: dict[str, list[float]] = {"search": [], "open": [], "edit": []}
    type_in = (
        "const box = document.querySelector('{0}'); box.value = {1}; box.dispatchEvent(new Event('input', {{bubbles: "
        "true}}));"
    )
    rows = "document.querySelectorAll('#principles-list label')"
    for time in range(TIMES):
        for words, shown in ((f"fault number {count - 1} ", 1), ("", count)):
            action = type_in.format("#principles-search input, #principles-search textarea", json.dumps(words))
            kept["search"].append(page.evaluate(UNTIL, [action, f"{rows}.length === {shown}"]))
        other = (time * 7 + 1) % count
        kept["open"].append(
            page.evaluate(
                UNTIL,
                [
                    f"{rows}[{other}].click();",
                    f"document.querySelector('#principles-editing input, #principles-editing textarea').value "
                    f"=== 'p{other}'",
                ],
            )
        )
        text = f"Name fault {time} of principle {other}."
        action = type_in.format("#principles-critique textarea", json.dumps(text))
        before = json.dumps(page.inner_text("#principles-state"))
        kept["edit"].append(
            page.evaluate(UNTIL, [action, f"document.querySelector('#principles-state').innerText !== {before}"])
        )
        page.wait_for_timeout(1100)  # the acknowledgement names the second
    page.evaluate(WATCH)
    page.locator("#principles-critique textarea").press_sequentially(" Be brief about it, please.", delay=60)
    kept["held up"] = [page.evaluate("window.longest")]
    return kept


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    print("| principles | search | open another | edit kept | page held up while typing |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home", "scripted").start()
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(server.url)
            page.get_by_role("tab", name="Principles").click()
            page.wait_for_selector("#principles-list label")
            page.locator("#principles-files > button").click()
            for count in SIZES:
                path = Path(folder) / f"many{count}.json"
                path.write_text(principles(count), encoding="utf-8")
                page.locator("input[type=file][accept*='csv']").first.set_input_files(str(path))
                page.wait_for_selector("#principles-files-note .cai-notice-good")
                page.wait_for_function(
                    "n => document.querySelectorAll('#principles-list label').length === n", arg=count
                )
                found = measure(page, count)
                cells = [f"{statistics.median(ms):.0f} ms (longest {max(ms):.0f})" for ms in found.values()]
                print(f"| {count} | {' | '.join(cells)} |")
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
