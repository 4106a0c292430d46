"""What stands on one line stands at one height, what stays in sight hides what passes below, and no time is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit

HEIGHTS = """boxes => boxes.flatMap(box => [...box.children].filter(one => one.matches('button, a')).map(one => {
  const own = one.getBoundingClientRect(), style = getComputedStyle(one);
  return [one.innerText, Math.round(own.height), style.marginTop, style.marginBottom].join(' ');
}))"""
OVER = """async () => {
  const over = new Set();
  for (let y = 0; y < document.documentElement.scrollHeight; y += 20) {
    scrollTo(0, y);
    await new Promise(done => requestAnimationFrame(done));
    for (const bar of ['curate-bar', 'curate-dock'].map(id => document.getElementById(id))) {
      const box = bar.getBoundingClientRect();
      for (let x = box.left + 4; x < box.right; x += 15) for (let at = box.top + 3; at < box.bottom; at += 6) {
        const seen = document.elementFromPoint(x, at);
        if (seen && !seen.closest('#curate-bar, #curate-dock') && !seen.contains(bar)) over.add(seen.innerText);
      }
    }
  }
  return [...over];
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_links_are_level_and_nothing_shows_through_the_bars(
    full: Server, open_page: Callable[..., Visit], width: int
) -> None:
    visit = open_page(full.url, width)
    page: Any = visit.page
    leads = page.locator(".cai-leads")
    leads.first.wait_for()
    said = leads.evaluate_all(HEIGHTS)
    assert any("The dataset" in one for one in said) and all(one.endswith(" 0px 0px") for one in said), said
    assert len({one.rsplit(" ", 3)[1] for one in said}) == 1, said
    page.get_by_role("tab", name="Curate", exact=True).click()
    head = page.locator("#curate-card .cai-case-head")
    head.wait_for()
    page.locator("#curate-filter > button").first.click()
    assert all(one.endswith(" 0px 0px") for one in head.evaluate_all(HEIGHTS))
    assert page.evaluate(OVER) == []


def test_a_phone_shows_when_a_decision_was_saved(full: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(full.url, 390)
    page: Any = visit.page
    page.get_by_role("tab", name="Curate", exact=True).click()
    page.locator("#curate-card .cai-case-head").wait_for()
    page.locator("#curate-who").click()
    page.locator("#curate-rater :is(textarea, input)").fill("Somebody")
    page.locator("#curate-sign").click()
    expect(page.locator("#curate-ask")).to_be_hidden()
    page.locator("#curate-skip").click()
    said = page.locator("#curate-saved p")
    expect(said).to_contain_text("saved")
    assert said.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
    page.locator("#curate-undo").click()
    expect(said).to_contain_text("ndone")
