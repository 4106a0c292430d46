"""What axe-core finds on every tab with all panels open, light and dark, what keyboard and phone reach, and charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import Server, Visit
from .test_every_control import PRESSING, TABS

OUT_OF_REACH = """() => [...document.querySelectorAll("#tabs > [role=tabpanel]")].find((one) => one.checkVisibility())
  .querySelectorAll("button, input, textarea, [role=button], [contenteditable]").values()
  .filter((one) => one.checkVisibility() && one.getClientRects().length && !one.disabled && one.tabIndex < 0)
  .map((one) => one.outerHTML.slice(0, 160)).toArray()"""
"""Controls of the open tab that can be seen and pressed, but not come to with the Tab key."""
BROKEN = """() => [...document.querySelectorAll(".cai-table td, .cai-table th")].filter((one) => one.checkVisibility())
  .flatMap((cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [], range = document.createRange();
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[^\\s/–-]{2,24}/g)) {
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const tops = [...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top));
      if (new Set(tops).size > 1) broken.push(word[0]);
    }
    return broken;
  })"""
"""Words of tables that stand on two lines."""


def faults(page: Any, place: str) -> list[str]:
    """What axe finds, a line for each element."""
    return [
        f"{place}: {rule['id']} ({rule['impact']}) {' '.join(map(str, node['target']))}\n    {node['html'][:160]}\n    "
        + "; ".join(one["message"] for one in (*node["any"], *node["all"], *node["none"]))
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


def go_to(page: Any, tab: str) -> None:
    """The tab with every panel and every list of details open."""
    page.get_by_role("tab", name=tab, exact=True).click()
    page.wait_for_function("pressing.idle()")
    while page.evaluate("pressing.open()"):
        page.wait_for_function("pressing.idle()")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.slow
def test_axe_finds_nothing_on_any_tab_in_light_or_dark_and_all_is_in_reach(
    full: Server, open_page: Callable[..., Visit]
) -> None:
    page: Any = open_page(full.url, script=PRESSING).page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    page.add_style_tag(content="* { transition: none !important; }")  # a colour on its way to another is no finding
    found = []
    for tab in TABS:
        go_to(page, tab)
        for look in ("light", "dark"):
            page.evaluate("dark => document.body.classList.toggle('dark', dark)", look == "dark")
            found += faults(page, f"{tab}, {look}")
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark", "and so scroll bars"
        found += [f"{tab}, no Tab key: {control}" for control in page.evaluate(OUT_OF_REACH)]
    page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("Train", "Compare"):
        go_to(page, tab)
        found += faults(page, f"{tab}, phone")
        found += [f"{tab}, phone, broken word: {word}" for word in page.evaluate(BROKEN)]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not found, "\n".join(found)


def is_said_once(page: Any, button: str, place: str) -> None:
    """A result is said to screen readers, by a region that outlives it, and not again when it is drawn again."""
    page.evaluate(
        """() => {
        window.said = [];
        const region = document.getElementById("cai-said");
        const heard = () => { if (region.textContent) said.push(region.textContent); };
        new MutationObserver(heard).observe(region, { childList: true });
        }"""
    )
    page.locator(button).click()
    page.wait_for_function("said.length > 0")
    page.evaluate("place => { const box = document.querySelector(place); box.innerHTML = box.innerHTML; }", place)
    page.wait_for_timeout(500)
    said = page.evaluate("said")
    shown = " ".join(" ".join(page.locator(f"{place} [data-said]").all_inner_texts()).split())
    assert said == [shown]


def test_charts_are_read_by_pointer_and_keys_and_saved(
    full: Server, open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = open_page(full.url, script=PRESSING)
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    go_to(page, "Train")
    page.locator("#train-runs button[data-field=train-open]", has_text="Tiny SFT").click()
    expect(page.locator("#train-live [data-run]").first).to_contain_text("Tiny SFT")
    chart, tip = page.locator("#train-charts .cai-chart").first, page.locator("#cai-chart-tip")
    chart.locator(".cai-chart-plot").hover(position={"x": 2, "y": 40})
    expect(tip).to_contain_text("step 1")
    expect(tip).to_contain_text("loss: ")
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    chart.locator(".cai-chart-plot").focus()
    page.keyboard.press("End")
    expect(tip).to_contain_text("step 3")
    page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("step 2")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    plot = chart.locator(".cai-chart-plot")
    plot.focus()
    page.evaluate("document.querySelectorAll('#train-axis input')[1].click()")  # as new values would: drawn anew
    expect(chart.locator(".cai-chart-x")).to_contain_text("epoch")
    expect(plot).to_be_focused()
    page.locator("#train-axis").get_by_text("epoch").click()
    expect(chart.locator(".cai-chart-x")).to_contain_text("epoch")
    for kind, begins in (("csv", b'epoch,loss,"loss, held out"\r\n'), ("png", b"\x89PNG")):
        with page.expect_download() as saved:
            chart.locator(f"[data-chart-save={kind}]").click()
        saved.value.save_as(tmp_path / kind)
        assert saved.value.suggested_filename == f"loss-lower-is-better.{kind}"
        assert (tmp_path / kind).read_bytes().startswith(begins)
    page.locator("#train-runs button", has_text="Run").first.click()
    expect(page.locator("#train-runs th").first).to_have_attribute("aria-sort", "ascending")
    for field in ("#train-name :is(input, textarea)", "#train-dataset input", "#train-rank input"):
        page.locator(field).first.focus()
        ring = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid 2px" in ring, (field, ring)
    page.locator("#train-smooth input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(chart).to_contain_text("mean of 2")
    is_said_once(page, "#train-check", "#train-checked")
    page.locator("#train-method").get_by_text("DPO").click()
    expect(page.locator("#train-changed")).to_contain_text("DPO with this preset changes")
    assert visit.errors == [] and visit.foreign == []
