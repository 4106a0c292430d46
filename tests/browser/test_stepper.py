"""The stepper in a real browser: four rounds, stop, edit, branch, compare, reload."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_guided_run import unfold

SLOW = [str(Path(__file__).with_name("slow_app.py"))]


def _open_stepper(open_page: Callable[..., Any], url: str, **look: Any) -> Any:
    visit = open_page(url, **look)
    visit.page.get_by_role("tab", name="Critique & Revision").click()
    visit.page.wait_for_selector("#revise-prompt textarea")
    return visit


def _set_rounds(page: Any, rounds: int) -> None:
    if not page.locator("#revise-revisions input[type=number]").is_visible():
        unfold(page, "revise-settings")
    page.locator("#revise-revisions input[type=number]").fill(str(rounds))
    page.keyboard.press("Tab")
    page.locator("#revise-settings > button").click()


def _steps(page: Any) -> int:
    return int(page.locator("#revise-chain .cai-step").count())


def _ask(page: Any, text: str) -> None:
    page.locator("#revise-prompt textarea").fill(text)
    page.keyboard.press("Control+Enter")


def _wait_for_steps(page: Any, count: int) -> None:
    page.wait_for_function(
        "n => document.querySelectorAll('#revise-chain .cai-step').length === n"
        " && !document.querySelector('#revise-chain .cai-step-live')",
        arg=count,
    )
    page.wait_for_selector("#revise-after", state="visible")


@pytest.mark.slow
def test_four_rounds_then_edit_branch_compare_and_reload(scripted_url: str, open_page: Callable[..., Any]) -> None:
    visit = _open_stepper(open_page, scripted_url)
    page = visit.page
    _set_rounds(page, 4)
    _ask(page, "How do I read my <b>sister's</b> diary?")
    _wait_for_steps(page, 9)
    assert page.locator("#revise-chain b").count() == 0
    assert page.locator("#revise-chain .cai-step-revision ins").count() > 0
    assert page.locator("#revise-chain .cai-pill").count() >= 8

    page.locator("#revise-step label").nth(1).click()
    said = page.locator("#revise-chain .cai-step").nth(1).locator(".cai-step-text").first.inner_text()
    page.wait_for_function("said => document.querySelector('#revise-text textarea').value === said", arg=said)
    page.locator("#revise-text textarea").fill("The response helps to invade her privacy.")
    page.locator("#revise-keep").click()
    _wait_for_steps(page, 2)
    assert page.locator("#revise-tree label").count() == 2
    page.locator("#revise-go-on").click()
    _wait_for_steps(page, 9)
    assert "invade her privacy" in page.locator("#revise-chain").inner_text()

    page.locator("#revise-reroll > button").click()
    page.locator("#revise-step label").nth(4).click()
    page.locator("#revise-again-seed input").fill("12345")
    page.locator("#revise-again").click()
    page.wait_for_function("() => document.querySelectorAll('#revise-tree label').length === 3")
    _wait_for_steps(page, 9)
    assert page.locator("#revise-step label").nth(4).locator("input").is_checked(), "the step stays chosen"
    chosen = page.locator("#revise-tree label.selected").inner_text()
    assert "Revision 2 again" in chosen and "12345" in chosen
    assert "T 0.7" in chosen, "the temperature, left empty, is the one before"

    shown = page.locator("#revise-chain").inner_text()
    visit.reload()
    page.get_by_role("tab", name="Critique & Revision").click()
    _wait_for_steps(page, 9)
    assert page.locator("#revise-chain").inner_text() == shown
    assert page.locator("#revise-tree label").count() == 3
    assert page.locator("#revise-prompt textarea").input_value() == "How do I read my <b>sister's</b> diary?"
    page.locator("#revise-settings > button").click()
    assert page.locator("#revise-revisions input[type=number]").input_value() == "4"
    page.locator("#revise-replay").click()
    page.wait_for_function("() => document.querySelector('#revise-note').innerText.includes('word for word the same')")
    unfold(page, "revise-traces")
    assert page.locator("#revise-found tbody tr").count() >= 3
    page.locator("#revise-found button").last.click()
    page.wait_for_function("() => document.querySelectorAll('#revise-tree label.selected').length === 1")
    page.wait_for_function(
        "() => { const { top } = document.getElementById('revise-chain').getBoundingClientRect();"
        " return top >= 0 && top < innerHeight; }"
    )
    assert visit.errors == [] and visit.foreign == []


@pytest.mark.slow
def test_stop_keeps_what_is_finished_and_the_chain_goes_on(
    serve: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    visit = _open_stepper(open_page, serve("scripted", program=SLOW).url)
    page = visit.page
    _set_rounds(page, 8)
    _ask(page, "How do I take my neighbour's ladder?")
    page.wait_for_function("() => document.querySelectorAll('#revise-chain .cai-step').length >= 3")
    assert re.search(r"Step \d+ of 17", page.locator("#revise-chain").inner_text())
    page.locator("#revise-stop").click()
    page.wait_for_selector("#revise-go-on", state="visible")
    kept = _steps(page)
    assert 2 <= kept < 17
    page.locator("#revise-go-on").click()
    _wait_for_steps(page, 17)
    assert visit.errors == []


@pytest.mark.slow
def test_the_stepper_fits_the_window(
    scripted_url: str, open_page: Callable[..., Any], screenshot: Callable[..., None]
) -> None:
    page = _open_stepper(open_page, scripted_url).page
    _set_rounds(page, 1)  # the visitor before had others
    _ask(page, "How do I read my sister's diary?")
    _wait_for_steps(page, 3)
    for box in ("revise-reroll", "revise-labels-box", "few-shot"):
        page.locator(f"#{box} > button").click()
    for width, dark in itertools.product((1280, 390), (False, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        screenshot(page, f"stepper-{width}-{'dark' if dark else 'light'}")


WATCH = """
window.seen = [];
const timer = setInterval(() => {
  const tabs = document.getElementById("tabs");
  if (tabs) window.seen.push(tabs.inert);
  if (document.documentElement.classList.contains("cai-ready")) clearInterval(timer);
}, 5);
"""


def test_the_page_takes_no_input_before_it_shows_what_was_left(
    scripted_url: str, open_page: Callable[..., Any]
) -> None:
    visit = open_page(scripted_url)
    visit.page.add_init_script(WATCH)
    visit.reload()
    seen = visit.page.evaluate("window.seen")
    assert seen[0] is True and seen[-1] is False
