"""The Principles tab in a real browser: two hundred principles, every import format, bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LAG_MS = 500
"""Longest time the page's own thread may be held up by one keystroke with two hundred principles."""

MANY = {
    "name": "many",
    "principles": [
        {
            "id": f"p{i}",
            "name": f"Principle {i}",
            "critique_request": f"Name fault number {i} of the response, or say that nothing is wrong.",
            "revision_request": f"Rewrite it without fault {i}, and say why. If nothing was wrong, keep it.",
        }
        for i in range(200)
    ],
}
FILES: dict[str, tuple[str, str]] = {
    "own.yaml": ("principles:\n  - id: a\n    name: From YAML\n    critique_request: Name the fault.\n", "From YAML"),
    "own.json": (json.dumps({"principles": [{"id": "From-JSON", "critique_request": "Name it."}]}), "From-JSON"),
    "table.csv": ("name,critique_request\nFrom CSV,Name the fault.\n", "From CSV"),
    "anthropic.json": (
        json.dumps(
            {
                "harmful0": {
                    "prompt": ["\n\nCritiqueRequest: Name it.\n\nCritique:"],
                    "edit_request": "\n\nRevisionRequest: Mend it.\n\nRevision:",
                }
            }
        ),
        "harmful0",
    ),
    "swarm.json": (json.dumps({"constitutions": [{"critic": "Name it.", "revision": "Mend it."}]}), "Principle 1"),
    "langchain.json": (
        json.dumps([{"name": "From a list", "critique_request": "Name it.", "revision_request": "Mend it."}]),
        "From a list",
    ),
    "060_constitution.json": (
        json.dumps("1. Select the response that is kinder."),
        "Select the response that is kinder.",
    ),
}


def _open_editor(open_page: Callable[..., Any], url: str, **look: Any) -> Any:
    visit = open_page(url, **look)
    visit.page.get_by_role("tab", name="Principles").click()
    visit.page.wait_for_selector("#principles-list label")
    if not visit.page.locator("#principles-import").is_visible():
        visit.page.locator("#principles-files > button").click()
    return visit


def _import(page: Any, path: Path) -> None:
    page.locator("input[type=file][accept*='csv']").first.set_input_files(str(path))


def _rows(page: Any, count: int) -> None:
    page.wait_for_function("n => document.querySelectorAll('#principles-list label').length === n", arg=count)


def test_two_hundred_principles_are_edited_searched_moved_and_taken_back(
    serve: Callable[..., Any], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps(MANY), encoding="utf-8")
    visit = _open_editor(open_page, serve("scripted").url)
    page = visit.page
    _import(page, path)
    _rows(page, 200)
    page.evaluate(
        "() => { window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "e => { window.longest = Math.max(window.longest, e.duration); })).observe({entryTypes: ['longtask']}); }"
    )
    page.locator("#principles-critique textarea").press_sequentially(" Be brief about it, please.", delay=60)
    page.wait_for_function(
        "() => document.querySelector('#principles-state').innerText.includes('changed Principle 0')"
    )
    assert page.evaluate("window.longest") < LAG_MS
    assert page.locator("#principles-critique textarea").input_value().endswith(" Be brief about it, please.")

    page.locator("#principles-search input, #principles-search textarea").first.fill("fault number 150")
    _rows(page, 1)
    page.locator("#principles-list label").first.click()
    page.wait_for_function(
        "() => document.querySelector('#principles-name textarea, #principles-name input').value === 'Principle 150'"
    )
    page.locator("#principles-delete").click()
    _rows(page, 199)
    page.locator("#principles-undo").click()
    _rows(page, 200)
    page.reload()
    page.get_by_role("tab", name="Principles").click()
    page.wait_for_selector("#principles-list label")
    assert visit.errors == [] and visit.foreign == []


def test_every_format_is_imported_and_a_bad_file_changes_nothing(
    serve: Callable[..., Any], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    visit = _open_editor(open_page, serve("scripted").url)
    page = visit.page
    for name, (text, shown) in FILES.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        _import(page, path)
        page.wait_for_function(
            "text => document.querySelector('#principles-list label').innerText.startsWith(text)", arg=shown
        )
    before = page.locator("#principles-list").inner_text()
    for name, text, words in (
        ("bomb.yaml", "a: &a [x]\nb: [*a, *a]\n", "anchor or alias"),
        ("object.yaml", "principles: !!python/object:os.system x\n", "YAML tag"),
        ("twice.json", '{"principles": [], "principles": []}', "there twice"),
        ("many.csv", "critique_request\n" + "Name it.\n" * 10_000, "10,000 principles"),
        ("nul.yaml", 'principles:\n  - id: a\n    critique_request: "a\\0b"\n', "control character"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        _import(page, path)
        page.wait_for_function("w => document.body.innerText.includes(w)", arg=words)
    assert page.locator("#principles-list").inner_text() == before
    assert visit.errors == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_editor_fits_the_window(
    serve: Callable[..., Any], open_page: Callable[..., Any], screenshot: Callable[..., None], width: int, dark: bool
) -> None:
    page = _open_editor(open_page, serve("scripted").url, width=width, dark=dark).page
    page.locator("#principles-history > button").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    screenshot(page, f"editor-{width}-{'dark' if dark else 'light'}")
