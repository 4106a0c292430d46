"""Markup, over-long text and half characters in every text field of the page, in a real browser.

Nothing may run, nobody else may be asked for anything, what was typed is shown as text, and the page works on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server, Visit, shot
from .test_every_control import PRESSING

MARKUP = '<img src=x onerror="alert(1)"><img src="http://elsewhere.example/x.png"><b>bold</b> ![x](http://elsewhere.example/y.png)'
SHORT = "<img src=x onerror=alert(1)>"


def visit(open_page: Callable[..., Visit], url: str) -> tuple[Visit, list[str]]:
    """A page, and what its dialogs said."""
    opened = open_page(url, script=PRESSING)
    dialogs: list[str] = []

    def dismiss(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    opened.page.on("dialog", dismiss)  # type: ignore[attr-defined]
    opened.page.wait_for_selector("#model-status[data-state=ready]")  # type: ignore[attr-defined]
    return opened, dialogs


def go(page: Any, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.evaluate("pressing.settled()")


def unfold(page: Any, box: str) -> None:
    page.locator(f"#{box} > button.label-wrap, #{box} button.label-wrap").first.click()
    page.evaluate("pressing.settled()")


def type_into(page: Any, field: str, text: str) -> None:
    """Fill a field and leave it, as a person who pastes."""
    box = page.locator(f"#{field} textarea, #{field} input").first
    box.fill(text)
    box.blur()
    page.evaluate("pressing.settled()")


def sees(page: Any, place: str, text: str) -> None:
    """Wait until the place shows the text as it was typed."""
    page.locator(f"#{place}", has_text=text).first.wait_for()


def write_principle(page: Any) -> None:
    go(page, "Principles")
    for field in ("name", "critique", "revision", "tags"):
        type_into(page, f"principles-{field}", SHORT if field in ("name", "tags") else MARKUP)
    unfold(page, "principles-about")
    type_into(page, "principles-title", SHORT)
    type_into(page, "principles-description", MARKUP)
    type_into(page, "principles-note", MARKUP)
    page.click("#principles-save")
    sees(page, "masthead", SHORT)
    sees(page, "principles-list", SHORT)


def run_chain(page: Any) -> None:
    go(page, "Critique & Revision")
    type_into(page, "revise-prompt", MARKUP)
    page.click("#revise-run")
    page.wait_for_selector("#revise-after", state="visible")
    type_into(page, "revise-text", MARKUP)
    page.click("#revise-keep")
    sees(page, "revise-chain", MARKUP)
    page.click("#revise-send")
    page.wait_for_selector("#revise-note .cai-notice-good")


def judge(page: Any, folder: Path) -> None:
    go(page, "Curate")
    sees(page, "curate-card", MARKUP)
    file = folder / f"{SHORT}.jsonl"
    rows = [{"prompt": f"{MARKUP} {n}", "chosen": f"{MARKUP} better", "rejected": f"{MARKUP} worse"} for n in range(3)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    unfold(page, "curate-import-box")
    page.set_input_files("#curate-import-box input[type=file]", str(file))
    sees(page, "curate-import-report", MARKUP)
    page.click("#curate-import-take")
    page.wait_for_selector("#curate-import-report .cai-notice-good")
    assert "3 new in the queue" in page.inner_text("#curate-import-report")
    page.click("#curate-who")
    type_into(page, "curate-rater", SHORT)
    page.click("#curate-sign")
    sees(page, "curate-who", SHORT)
    page.fill("#curate-text textarea", MARKUP)
    page.evaluate("pressing.settled()")
    page.click("#curate-accept")
    sees(page, "curate-history", "<img src=x")
    page.click("#curate-accept")
    page.evaluate("pressing.settled()")
    unfold(page, "curate-filter")
    type_into(page, "curate-search", "<b>bold</b>")
    page.click("#curate-bulk")
    sees(page, "curate-bulk-note", "<b>bold</b>")
    unfold(page, "curate-data")
    type_into(page, "curate-dataset-name", SHORT)
    page.click("#curate-freeze")
    sees(page, "curate-datasets", SHORT)


def ask_all(page: Any) -> None:
    go(page, "Train")
    type_into(page, "train-name", SHORT)
    page.click("#train-start")
    page.wait_for_selector(".toast-body")
    go(page, "Compare")
    type_into(page, "compare-prompt", MARKUP)
    page.click("#compare-answer")
    sees(page, "compare-answers", MARKUP)
    page.wait_for_selector("#compare-answers .cai-weights:has-text('Answered by')")


def load_folder(page: Any) -> None:
    go(page, "Start")
    unfold(page, "start-you")
    type_into(page, "start-name", SHORT)
    unfold(page, "model-panel")
    page.click("#model-choice input")
    page.get_by_role("option", name="A model folder on this computer").click()
    type_into(page, "model-folder", SHORT)
    page.click("#model-load")
    page.wait_for_selector("#model-status[data-state=failed]")
    sees(page, "model-about", SHORT)


@pytest.mark.slow
def test_markup_is_text_in_every_field_of_every_tab(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    opened, dialogs = visit(open_page, serve("scripted").url)
    page: Any = opened.page
    write_principle(page)
    run_chain(page)
    judge(page, tmp_path)
    ask_all(page)
    load_folder(page)
    shot(page, "hostile-text")
    assert page.locator("img[src=x], img[src*=elsewhere]").count() == 0
    assert (dialogs, opened.foreign, opened.errors) == ([], [], [])


PUT = """([field, text]) => { const box = document.querySelector(`#${field} textarea`);
  box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})); }"""
BAD = {"at most": "'x'.repeat(5000000)", "NUL": "'a\\u0000b'", "half of a character": "'a\\ud800b'", "empty": "' \\n '"}


@pytest.mark.slow
def test_text_that_cannot_be_kept_gets_a_sentence_and_the_page_works_on(
    scripted_url: str, open_page: Callable[..., Visit]
) -> None:
    opened, dialogs = visit(open_page, scripted_url)
    page: Any = opened.page
    for tab, field, button in (("Critique & Revision", "revise-prompt", "revise-run"),
                               ("Compare", "compare-prompt", "compare-answer")):  # fmt: skip
        go(page, tab)
        for words, text in BAD.items():
            page.evaluate(f"({PUT})(['{field}', {text}])")
            page.click(f"#{button}")
            page.wait_for_selector(f".toast-body:has-text('{words}')", timeout=60_000)
            page.locator(".toast-close").first.click()
            page.wait_for_selector(".toast-body", state="detached")
            page.wait_for_timeout(700)  # a second press that soon would be taken for a double click
    go(page, "Critique & Revision")
    type_into(page, "revise-prompt", "How do I bake bread?")
    page.click("#revise-run")
    page.wait_for_selector("#revise-after", state="visible")
    assert (dialogs, opened.errors) == ([], [])
