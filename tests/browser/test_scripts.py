"""The page's own scripts on a small page without a server: which part of a tab gets a key, and what a Stop says at
once."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.web import hotkeys

PAGE = """
<div id="tabs"><button role="tab">Compare</button>
<div id="tab-compare">
  <div id="compare-answers">Answers</div>
  <div id="compare-ballot"><button id="compare-vote-left">Left</button><button id="compare-vote-tie">Tie</button></div>
  <div id="grading" class="takes-keys"><div id="grading-card">An answer</div>
    <button id="grade-complied">Complied</button><button id="grade-undo">Undo</button>
    <div id="grade-harm">{}</div></div>
  <button id="revise-stop">Stop</button>
  <div id="revise-chain"><div>{}</div></div>
</div></div>
""".format(
    "".join(f'<label><input type="radio" name="harm">{n}</label>' for n in range(5)),
    "".join(f'<section class="cai-step">{n}</section>' for n in range(3)),
)
HEARD = """() => { window.heard = []; for (const one of document.querySelectorAll('button[id], input'))
  one.addEventListener('click', () => window.heard.push(one.id || 'harm ' + one.parentElement.textContent)); }"""


@pytest.fixture
def page(chromium: Any) -> Any:
    page = chromium.new_page()
    page.route(
        "http://page.test/",
        lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=hotkeys.head() + PAGE),
    )
    page.goto("http://page.test/")
    page.evaluate(HEARD)
    yield page
    page.close()


def heard(page: Any, *keys: str) -> list[str]:
    for key in keys:
        page.keyboard.press(key)
    found: list[str] = page.evaluate("window.heard.splice(0)")
    return found


def test_keys_go_to_the_part_that_was_used(page: Any) -> None:
    page.locator("#compare-answers").click()
    assert heard(page, "1", "3", "c", "u") == ["compare-vote-left", "compare-vote-tie"]
    page.locator("#grading-card").click()
    assert heard(page, "1", "3", "c", "ArrowLeft") == ["harm 1", "harm 3", "grade-complied"]
    page.locator("#compare-answers").click()
    assert heard(page, "c", "4") == []
    page.locator("#compare-vote-tie").focus()
    assert heard(page, "1") == ["compare-vote-left"]


def test_in_a_tab_that_was_just_opened_keys_go_where_they_are_of_use(page: Any) -> None:
    page.get_by_role("tab").click()
    page.evaluate("document.activeElement.blur()")
    assert heard(page, "c") == ["grade-complied"]
    page.locator("#grading").evaluate("box => box.remove()")
    assert heard(page, "1", "c") == ["compare-vote-left"]


def test_that_something_stops_is_said_at_once_and_until_it_has(page: Any) -> None:
    stop = page.locator("#revise-stop")
    stop.click()
    assert stop.inner_text() == "Stopping …"
    stop.click()
    assert stop.inner_text() == "Stopping …"
    page.evaluate("document.getElementById('revise-stop').disabled = true")
    page.wait_for_function("document.getElementById('revise-stop').innerText === 'Stop'")
