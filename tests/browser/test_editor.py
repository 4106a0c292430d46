"""The Principles tab in a real browser: two hundred principles, every import format, bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server, Visit

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
TRANSCRIPT = (
    "\n\nHuman: May I read her diary?\n\nAssistant: Yes, take it.\n\nCritiqueRequest: Name it.\n\nCritique: It invades "
    "her privacy.\n\nRevisionRequest: Mend it.\n\nRevision: No, ask her.\n\nHuman:"
)
LONG = "principles:\n  - id: a\n    critique_request: " + "x" * 2_000_000 + "\n"
BAD_FILES = (
    ("bomb.yaml", "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchor or alias"),
    ("object.yaml", "principles: !!python/object/apply:os.system [x]\n", "YAML tag"),
    ("twice.json", '{"principles": [], "principles": []}', "there twice"),
    ("same.csv", "id,critique_request\na,Name it.\na,Name another.\n", "Two principles have the id"),
    ("many.csv", "critique_request\n" + "Name it.\n" * 10_000, "10,000 principles"),
    ("long.yaml", LONG, "at most"),
    ("nul.yaml", 'principles:\n  - id: a\n    critique_request: "a\\0b"\n', "control character"),
)


def _open_editor(open_page: Callable[..., Visit], url: str, **look: Any) -> Visit:
    visit = open_page(url, **look)
    page: Any = visit.page
    page.get_by_role("tab", name="Principles").click()
    page.wait_for_selector("#principles-list label")
    if not page.locator("#principles-import").is_visible():
        page.locator("#principles-files > button").click()
    return visit


def _import(page: Any, path: Path) -> None:
    page.locator("input[type=file][accept*='csv']").first.set_input_files(str(path))


def _rows(page: Any, count: int) -> None:
    page.wait_for_function("n => document.querySelectorAll('#principles-list label').length === n", arg=count)


def _row(page: Any, place: int, text: str) -> None:
    """Wait until the list says this at a place, and the editor is where the list is."""
    page.wait_for_function(
        "([n, text]) => document.querySelectorAll('#principles-list label')[n]?.innerText.startsWith(text)",
        arg=[place, text],
    )


def _field(page: Any, name: str) -> Any:
    return page.locator(f"#principles-{name} textarea, #principles-{name} input").first


def _in_editor(page: Any, name: str) -> None:
    page.wait_for_function(
        "name => document.querySelector('#principles-name textarea, #principles-name input').value === name", arg=name
    )


def _state(page: Any, words: str) -> None:
    page.wait_for_function("w => document.querySelector('#principles-state').innerText.includes(w)", arg=words)


def _choose(page: Any, menu: str, words: str) -> None:
    page.locator(f"#{menu} input").click()
    page.get_by_role("option").filter(has_text=words).first.click()


@pytest.mark.slow
def test_two_hundred_principles_are_changed_and_the_change_is_saved_compared_and_taken_back(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps(MANY), encoding="utf-8")
    visit = _open_editor(open_page, serve("scripted").url)
    page: Any = visit.page
    _import(page, path)
    _rows(page, 200)

    _field(page, "critique").press_sequentially(" Be brief about it.", delay=40)  # as fast as a person types
    _state(page, "changed Principle 0")
    assert _field(page, "critique").input_value().endswith("nothing is wrong. Be brief about it.")

    _field(page, "search").fill("fault number 150")
    _rows(page, 1)
    page.locator("#principles-list label").first.click()
    _in_editor(page, "Principle 150")
    page.locator("#principles-delete").click()
    _rows(page, 199)
    page.locator("#principles-undo").click()
    _rows(page, 200)

    page.locator("#principles-list label").nth(5).click()  # no more than 200 fit
    _in_editor(page, "Principle 5")
    page.locator("#principles-delete").click()
    _rows(page, 199)
    page.locator("#principles-list label").nth(3).click()
    _in_editor(page, "Principle 3")
    page.locator("#principles-down").click()
    _row(page, 4, "Principle 3")
    page.locator("#principles-up").click()
    _row(page, 3, "Principle 3")
    page.locator("#principles-duplicate").click()
    _in_editor(page, "Principle 3 (copy)")
    _row(page, 4, "Principle 3 (copy)")
    page.locator("#principles-on input").click()
    _row(page, 4, "Principle 3 (copy) · off")
    for left in (199, 198):
        page.locator("#principles-delete").click()
        _rows(page, left)
    page.locator("#principles-add").click()
    _in_editor(page, "New principle")
    _field(page, "name").fill("<b>Mine</b>")
    _row(page, 198, "<b>Mine</b>")

    visit.reload()
    page.get_by_role("tab", name="Principles").click()
    _choose(page, "principles-version", "many")
    _row(page, 198, "<b>Mine</b>")  # the draft is there
    _field(page, "note").fill("one more")
    page.locator("#principles-save").click()
    _state(page, "no unsaved changes")
    page.locator("#principles-history > button").click()
    page.get_by_text("one more").first.wait_for()
    page.wait_for_selector("#history-changes .cai-notice")  # the newest against the one it was made from
    _choose(page, "history-older", "imported from a file")
    _choose(page, "history-newer", "one more")
    page.wait_for_selector("#history-changes ins")
    said = page.inner_text("#history-changes")
    assert "<b>Mine</b>" in said and "Be brief about it." in said and page.locator("#history-changes b").count() == 0
    page.locator("#history-restore").click()
    _row(page, 199, "Principle 199")
    _state(page, "removed <b>Mine</b>")
    assert visit.errors == [] and visit.foreign == []


@pytest.mark.slow
def test_every_format_is_imported_and_a_bad_file_changes_nothing(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = _open_editor(open_page, serve("scripted").url)
    page: Any = visit.page
    for name, (text, shown) in FILES.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        _import(page, path)
        _row(page, 0, shown)
    path = tmp_path / "transcripts.json"
    path.write_text(json.dumps([TRANSCRIPT]), encoding="utf-8")
    _import(page, path)
    page.locator("#principles-files-note", has_text="transcripts.json: read as").wait_for()
    before = page.locator("#principles-version input").input_value()
    for name, text, words in BAD_FILES:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        _import(page, path)
        page.locator(".toast-body", has_text=words).wait_for()
        assert not page.inner_text("#principles-files-note").strip(), "what was said of the file before"
    assert page.locator("#principles-version input").input_value() == before
    page.locator("#principles-add").click()
    _in_editor(page, "New principle")
    assert visit.errors == []


@pytest.mark.slow
def test_the_editor_fits_the_window(
    scripted_url: str, open_page: Callable[..., Visit], screenshot: Callable[..., None]
) -> None:
    for width, dark in ((1280, True), (390, False)):
        page: Any = _open_editor(open_page, scripted_url, width=width, dark=dark).page
        page.locator("#principles-history > button").click()
        page.locator("#history-restore").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(page, f"editor-{width}-{'dark' if dark else 'light'}")


@pytest.mark.slow
def test_two_windows_and_a_request_that_is_too_long_lose_nothing(
    serve: Callable[..., Server], open_page: Callable[..., Visit], screenshot: Callable[[object, str], None]
) -> None:
    url = serve("scripted").url
    one, other = _open_editor(open_page, url), _open_editor(open_page, url)
    a: Any = one.page
    b: Any = other.page
    _field(a, "critique").fill("Is it honest?")
    _state(a, "Draft kept")
    _field(b, "revision").fill("Rewrite it honestly.")
    _state(b, "Draft kept")
    _field(a, "note").fill("both")
    a.locator("#principles-save").click()
    _state(a, "no unsaved changes")
    assert _field(a, "critique").input_value() == "Is it honest?"
    assert _field(a, "revision").input_value() == "Rewrite it honestly."
    a.locator("#principles-told", has_text="Revision request").wait_for()

    _field(b, "critique").press_sequentially(" B", delay=60)
    b.locator("#principles-told", has_text="Is it honest?").wait_for()
    _field(b, "critique").fill("x" * 2_550)
    _field(b, "revision").fill("Shorter.")
    b.locator("#principles-findings", has_text="at most 2,000 fit").wait_for()
    _state(b, "Unsaved changes")
    b.locator("#principles-save").click()
    b.locator(".toast-body", has_text="at most 2,000 fit").wait_for()
    assert b.locator(".toast-body").count() == 1
    screenshot(b, "editor-too-long")
    b.locator("#principles-list label").nth(1).click()
    b.wait_for_function("document.querySelector('#principles-revision textarea').value !== 'Shorter.'")
    b.locator("#principles-list label").nth(0).click()
    b.wait_for_function("document.querySelector('#principles-revision textarea').value === 'Shorter.'")
    assert len(_field(b, "critique").input_value()) == 2_550
    b.locator("#principles-weight input").fill("")
    b.locator("#principles-findings", has_text="Not kept in the draft").wait_for()
    _field(b, "critique").fill("Is it short?")
    b.locator("#principles-weight input").fill("2")
    b.locator("#principles-findings", has_text="at most 2,000 fit").wait_for(state="hidden")
    b.locator("#principles-save").click()
    _state(b, "no unsaved changes")
    assert _field(b, "revision").input_value() == "Shorter."
    assert one.errors == other.errors == []
