"""Back and Forward go between the tabs that a person opened, and no further than these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Visit


def opened(page: Any, tab: str, entries: int) -> None:
    """The tab is open, the address names it, and so many entries are in the history."""
    expect(page.get_by_role("tab", name=tab, exact=True)).to_have_attribute("aria-selected", "true")
    page.wait_for_function(
        "tab => (new URLSearchParams(location.search).get('tab') ?? 'start') === tab", arg=tab.lower()
    )
    assert page.evaluate("history.length") == entries


@pytest.mark.parametrize("width", [1280, 390])
def test_back_and_forward_go_between_tabs(scripted_url: str, open_page: Callable[..., Visit], width: int) -> None:
    """Seen: Curate, Train, Back, and the page was left."""
    visit = open_page(scripted_url, width)
    page: Any = visit.page
    first = page.evaluate("history.length")
    for number, tab in enumerate(("Curate", "Train", "Compare"), 1):
        page.get_by_role("tab", name=tab, exact=True).click()
        opened(page, tab, first + number)
        page.get_by_role("tab", name=tab, exact=True).click()
    for tab in ("Train", "Curate", "Start"):
        page.go_back()
        opened(page, tab, first + 3)
    page.go_forward()
    opened(page, "Curate", first + 3)
    visit.reload()
    opened(page, "Curate", first + 3)
    page.go_forward()
    opened(page, "Train", first + 3)
    page.evaluate("history.back(); history.back()")
    opened(page, "Start", first + 3)
    page.locator("#start-by-hand").click()
    opened(page, "Principles", first + 1)
    page.go_back()
    opened(page, "Start", first + 1)
    assert visit.errors == []


@pytest.mark.parametrize("asked", ["?tab=curate", "?item=gone"])
def test_a_link_to_a_tab_makes_no_entry_of_its_own(
    scripted_url: str, open_page: Callable[..., Visit], asked: str
) -> None:
    visit = open_page(scripted_url)
    page: Any = visit.page
    before = page.evaluate("history.length")
    visit.goto(f"{scripted_url}/{asked}")
    opened(page, "Curate", before + 1)
