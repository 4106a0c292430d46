"""Compare in a real browser: a link opens three columns, which stream at once and take a follow-up; then votes by key
alone, while the next request follows by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from cai_ui.compare.columns import make_column
from cai_ui.store import open_store

from .conftest import ARTIFACTS, Server, Visit

QUESTION = "How do I read her diary?"
COLUMNS = [
    "base",
    make_column("base", chat_format="human-assistant").name,
    make_column("base", system="Be brief. <b>").name,
]
VOTES = 20
KEYS = {"ArrowLeft": "left", "1": "left", "2": "right", "ArrowUp": "tie", "4": "both_bad"}
"""The same choice twice in a row, too: its second next request follows while the first may not have ended."""
TIDIED = """Object.defineProperty(window, "caiOpened", { configurable: true, set(tidy) {
  Object.defineProperty(window, "caiOpened", { value: tidy, writable: true });
  tidy();
} });"""
"""The address loses what the link asks for as soon as it can, as on a page whose later events begin late."""


def shot(page: Any, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"compare-{name}.png", full_page=True)


def ticket(page: Any) -> str:
    return str(page.locator("#vote-ticket :is(textarea, input)").first.input_value())


@pytest.mark.slow
def test_three_columns_stream_and_twenty_votes_are_cast_by_key(
    serve: Callable[..., Server], open_page: Callable[..., Visit]
) -> None:
    site = serve("embedded")
    visit = open_page(site.url)
    page: Any = visit.page
    asked = [("tab", "compare"), ("prompt", QUESTION), *(("variants", name) for name in (*COLUMNS, "gone"))]
    page.add_init_script(TIDIED)
    visit.goto(f"{site.url}/?{urlencode(asked)}")
    expect(page.locator("#compare-variants input:checked")).to_have_count(3, timeout=60_000)
    expect(page.locator("#compare-prompt textarea")).to_have_value(QUESTION)
    expect(page.locator("#compare-link-said")).to_contain_text("“gone”")

    page.locator("#compare-prompt textarea").press("Control+Enter")
    page.wait_for_function("document.querySelectorAll('#compare-answers .cai-step-live .cai-block-text').length === 3")
    weights = page.locator("#compare-answers .cai-weights", has_text="Answered by base weights")
    expect(weights).to_have_count(3)
    expect(weights.first).to_contain_text("tokens/s")
    page.locator("#compare-follow textarea").fill("And why?")
    page.locator("#compare-follow-up").click()
    expect(weights).to_have_count(6)
    page.locator("#compare-diff-box > button").click()
    expect(page.locator("#compare-diff ins, #compare-diff del").first).to_be_visible()
    shot(page, "columns")

    page.locator("#compare-variants input").nth(2).uncheck()  # it may say the same as the first: nobody is asked then
    page.locator("#compare-blind input").check()
    page.locator("#compare-reveal input").nth(1).check()
    page.locator("#compare-draw").click()
    page.wait_for_function("q => document.querySelector('#compare-prompt textarea').value !== q", arg=QUESTION)
    page.locator("#compare-answer").click()
    page.locator("#compare-rater :is(textarea, input)").fill("Ana")  # who votes is asked once
    page.locator("#compare-sign").click()
    expect(page.locator("#compare-ask")).to_be_hidden()
    began = time.monotonic()
    for place in range(VOTES):
        page.wait_for_function(
            "() => { const b = document.getElementById('compare-vote-left'); return b && b.offsetParent && "
            "new Set([...document.querySelectorAll('#compare-answers .cai-pair:last-of-type .cai-block-text')]"
            ".map(t => t.textContent)).size === 2; }"
        )
        before = ticket(page)
        page.keyboard.press("5")
        page.keyboard.press(list(KEYS)[place % len(KEYS)])
        expect(page.locator("#compare-voted")).to_contain_text(f"{place + 1} vote")
        if place + 1 < VOTES:
            page.wait_for_function(
                "old => { const t = document.querySelector('#vote-ticket :is(textarea, input)').value;"
                " return t && t !== old; }",
                arg=before,
            )
    spent = time.monotonic() - began
    print(f"{VOTES / spent * 60:.0f} votes per minute")
    assert "base weights" not in page.locator("#compare-answers").inner_text(), "names are hidden until the end"
    shot(page, "voting")
    page.locator("#compare-vote-end").click()
    expect(page.locator("#compare-voted")).to_contain_text(f"The session is over: {VOTES} votes.")
    shot(page, "session")
    assert page.evaluate("window.hacked") is None
    assert visit.errors == [] and visit.foreign == []
    site.stop()
    with open_store(site.home) as store:
        votes = [vote for vote in store.votes() if vote.by == "person"]
    assert len(votes) == VOTES and len({vote.prompt for vote in votes}) > VOTES // 2
    assert [vote.choice for vote in reversed(votes)] == list(KEYS.values()) * (VOTES // len(KEYS))
    assert {vote.rater for vote in votes} == {"Ana"}
    assert {vote.reasons for vote in votes} == {("safer",)} and {vote.reveal for vote in votes} == {"end"}
