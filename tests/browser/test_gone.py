"""What a control points to was just put away, in another tab of the browser: a sentence, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit
from .test_every_control import FAULTS, PRESSING, UNFORESEEN
from .test_guided_run import go_to, unfold
from .test_handover import choose

TOLD = """() => { window.told = []; new MutationObserver((seen) => seen.forEach((m) => m.addedNodes.forEach((node) => {
  const toast = node instanceof Element && (node.matches('.toast-body') ? node : node.querySelector('.toast-body'));
  if (toast) window.told.push(toast.innerText);
}))).observe(document.body, { childList: true, subtree: true }); }"""
LEFT_ALONE = {"train-push", "train-job", "train-merge", "train-start", "train-check", "train-sweep", "train-variants"}
"""Buttons that ask other machines, write a model, or begin work."""


def open_train(visit: Visit) -> Any:
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    page.evaluate(TOLD)
    go_to(page, "Train")
    for panel in ("train-use", "train-list"):
        unfold(page, panel)
    return page


def name_of(page: Any) -> str:
    return str(page.locator("#train-run input").input_value()).split(" · ")[0]


@pytest.mark.slow
def test_a_run_that_is_renamed_put_away_and_brought_back(full: Server, open_page: Callable[..., Visit]) -> None:
    """In one tab all menus follow; in another, whatever still points to the run says so in a sentence."""
    begun = len(full.log())
    first, second = open_page(full.url), open_page(full.url, script=PRESSING)
    page, other = open_train(first), open_train(second)
    titles = page.locator("#train-from").locator("input")
    adapter = run_with_adapter(page)
    choose(other, "train-run", adapter)
    page.locator("#train-rename input, #train-rename textarea").first.fill("renamed")
    page.locator("#train-save-name").click()
    expect(page.locator("#train-run input")).to_have_value(re.compile("^renamed · "))
    choose(page, "train-from", "renamed")
    expect(titles).to_have_value(re.compile("^renamed"))

    other.locator("#train-run input").click()
    page.locator("#train-trash").click()
    expect(page.locator("#train-run input")).not_to_have_value(re.compile("^renamed · "))
    expect(titles).not_to_have_value(re.compile("^renamed"))
    other.keyboard.press("Escape")
    for button in other.locator("#tab-train button[id^=train-], [id^=train-] > button[id]").all():
        key = button.get_attribute("id") or ""
        if key not in LEFT_ALONE and button.is_visible() and button.is_enabled():
            button.click()
            other.evaluate("pressing.settled()")
            go_to(other, "Train")
    choose(page, "train-restore", "renamed")
    page.locator("#train-bring-back").click()
    expect(page.locator("#train-run input")).to_have_value(re.compile("^renamed · "))
    expect(page.locator("#train-live")).to_be_in_viewport()
    log = full.log()[begun:]
    assert not FAULTS.search(log), FAULTS.search(log)[0]
    assert "_look was not called" not in log
    told = [*page.evaluate("window.told"), *other.evaluate("window.told")]
    assert not [said for said in told if UNFORESEEN.search(said) or "damaged" in said], told
    assert page.evaluate("window.told") == []
    assert first.errors == [] and second.errors == []


def run_with_adapter(page: Any) -> str:
    """A run that can be compared; it is chosen."""
    page.locator("#train-run input").click()
    names = [text.split(" · ")[0].replace("✓", "").strip() for text in page.get_by_role("option").all_inner_texts()]
    page.keyboard.press("Escape")
    for name in names:
        choose(page, "train-run", name)
        page.wait_for_timeout(400)
        if page.locator("#train-to-compare").is_visible():
            return name
    raise AssertionError("no run of the workspace has an adapter")
