"""Labelling in a real browser: by keyboard alone, with an edit, undo and redo, a reload, a second rater, a conflict.

`CAI_DECISIONS=50` makes it the long version and prints decisions per minute; the default is short.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Message, Prompt, make_example
from cai_ui.store import QueueFilter, Store, open_store

expect.set_options(timeout=30_000)
NUMBER = int(os.environ.get("CAI_DECISIONS", "8"))
KEYS = ["a", "r", "f", "s", "t", "g"]
VERDICTS = {"a": "accept", "r": "reject", "f": "flip", "s": "skip", "t": "tie", "g": "flag"}
HARSH = '<img src=x onerror="window.hacked=1">'


def fill(home: Path, number: int) -> None:
    with open_store(home) as store:
        store.add_examples(
            [
                make_example(
                    (Message("user", f"Question {i}? {HARSH}"),),
                    f"Sure, this is how it is done, number {i}.",
                    f"Better not, number {i}, and here is what helps instead." if i % 4 else f"Human: no, number {i}.",
                    prompt=Prompt(f"p{i}", f"Question {i}?", "harmful"),
                    critique="The answer helps with something harmful.",
                    source="made up",
                )
                for i in range(number)
            ]
        )


def to_curate(page: Any) -> None:
    page.get_by_role("tab", name="Curate").click()
    expect(page.locator("#curate-card article")).to_be_visible()


def shown(page: Any) -> str:
    return str(page.locator("#curate-card article").get_attribute("data-example"))


def press(page: Any, key: str) -> str:
    """Press a key that decides, and wait until the next example is there; gives the one that was decided."""
    before = shown(page)
    page.keyboard.press(key)
    expect(page.locator(f'#curate-card article:not([data-example="{before}"])')).to_be_visible()
    return before


def rename(page: Any, name: str) -> None:
    box = page.locator("#curate-rater input, #curate-rater textarea").first
    box.fill(name)
    box.blur()
    page.wait_for_timeout(600)


def decided(home: Path) -> dict[str, tuple[str, str, str | None]]:
    with open_store(home) as store:
        return {
            item.example.id: (item.decision.verdict, item.decision.rater, item.decision.text)
            for item in store.queue(QueueFilter("done"), 1000)
            if item.decision
        }


@pytest.fixture
def site(serve: Callable[..., Any], tmp_path: Path) -> Any:
    fill(tmp_path / "home", NUMBER + 6)
    return serve("scripted", tmp_path / "home")


def test_labelling_by_keyboard(site: Any, open_page: Callable[..., Any]) -> None:
    visit = open_page(site.url)
    page = visit.page
    to_curate(page)
    began, expected = time.monotonic(), {}
    for number in range(NUMBER):
        key = KEYS[number % len(KEYS)]
        expected[press(page, key)] = VERDICTS[key]
    took = time.monotonic() - began
    print(f"{NUMBER} decisions in {took:.1f} s: {60 * NUMBER / took:.0f} per minute, {NUMBER} key presses, no click")

    edited = shown(page)
    page.keyboard.press("2")
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("My own words: ask a friend, s and u and r.")
    expect(page.locator("#curate-saved")).to_contain_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f'#curate-card article:not([data-example="{edited}"])')).to_be_visible()
    expect(page.locator("#curate-saved")).to_contain_text("Edited · saved")

    for _ in range(5):
        said = page.locator("#curate-saved").inner_text()
        page.keyboard.press("u")
        page.wait_for_function("t => document.querySelector('#curate-saved').innerText !== t || true", arg=said)
        page.wait_for_timeout(400)
    expect(page.locator("#curate-counts")).to_contain_text(f"{NUMBER + 1 - 5} of")
    page.reload()
    to_curate(page)
    for _ in range(5):
        page.keyboard.press("y")
        page.wait_for_timeout(400)
    expect(page.locator("#curate-counts")).to_contain_text(f"{NUMBER + 1} of")
    page.keyboard.press("?")
    expect(page.locator("#curate-key-list")).to_have_attribute("open", "")
    assert page.evaluate("window.hacked") is None
    assert visit.errors == [] and visit.foreign == []
    site.stop()
    found = decided(site.home)
    assert {id: verdict for id, (verdict, _, _) in found.items() if id != edited} == expected
    assert found[edited] == ("edit", "local", "My own words: ask a friend, s and u and r.")


def test_two_raters_a_conflict_and_one_click_from_a_finding_to_its_rows(
    site: Any, open_page: Callable[..., Any]
) -> None:
    ana, ben = open_page(site.url).page, open_page(site.url).page
    for page, name in ((ana, "Ana"), (ben, "Ben")):
        to_curate(page)
        rename(page, name)
    same = shown(ana)
    if shown(ben) != same:  # leases give them different ones; Ben goes back to Ana's on purpose
        ben.keyboard.press("k")
        expect(ben.locator(f'#curate-card article[data-example="{same}"]')).to_be_visible()
    press(ana, "r")
    ben.keyboard.press("e")
    ben.keyboard.press("Control+A")
    ben.keyboard.type("Ben's words.")
    ben.keyboard.press("Control+Enter")
    expect(ben.locator("#curate-saved")).to_contain_text("was rejected by Ana")
    expect(ben.locator("#curate-saved")).to_contain_text("Ben's words.")
    expect(ben.locator("#curate-text textarea")).to_have_value("Ben's words.")

    ana.locator("#curate-history [data-curate]").first.click()
    expect(ana.locator(f'#curate-card article[data-example="{same}"]')).to_be_visible()
    ana.locator("#curate-checks > button").click()
    ana.locator("#curate-check").click()
    ana.locator('[data-curate="finding:role-label"]').click()
    expect(ana.locator("#curate-card")).to_contain_text("Speaker's name in the answer")
    site.stop()
    with open_store(site.home) as store:
        assert store.item(same).decision.rater == "Ana"
        assert_sound(store)


def assert_sound(store: Store) -> None:
    assert store.check() == []
