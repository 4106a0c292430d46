"""Labelling in a real browser: by keyboard alone, with an edit, undo, redo and reload; two raters; a full disk.

`CAI_DECISIONS=50` makes the first test the long version and prints decisions per minute; the default is short.
"""

from __future__ import annotations

import json
import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Message, Prompt, make_example
from cai_ui.store import QueueFilter, open_store

from .conftest import Server, Visit, shot
from .test_guided_run import go_to, sign, unfold

NUMBER = int(os.environ.get("CAI_DECISIONS", "8"))
VERDICTS = {"a": "accept", "r": "reject", "f": "flip", "s": "skip", "t": "tie", "g": "flag"}
HARSH = '<img src=x onerror="window.hacked=1">'
NEXT_MS = """() => {
  let pressed;
  window.took = [];
  const at = () => document.querySelector('#curate-card article')?.dataset.example;
  const look = () => {
    if (!pressed || !at() || at() === pressed.id) return;
    window.took.push(performance.now() - pressed.ms);
    pressed = undefined;
  };
  addEventListener('keydown', (event) => {
    if ('arfstg'.includes(event.key)) pressed = { id: at(), ms: performance.now() };
  }, true);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
}"""
"""Keeps how long after each deciding key another example is there."""
OWN = "My own words: ask a friend; s, u and r are letters here."


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server with a queue of examples; every fourth revision begins with a speaker's name."""
    examples = [
        make_example(
            (Message("user", f"Question {n}? {HARSH}"),),
            f"Sure, this is how it is done, number {n}.",
            f"Better not, number {n}; here is what helps instead." if n % 4 else f"Human: no, number {n}.",
            prompt=Prompt(f"p{n}", f"Question {n}?", "harmful"),
            critique="The answer helps with something harmful.",
            source="made up",
        )
        for n in range(NUMBER + 6)
    ]
    with open_store(tmp_path / "home") as store:
        store.add_examples(examples)
    return serve("scripted", tmp_path / "home")


def to_curate(page: Any) -> None:
    go_to(page, "Curate")
    page.locator("#curate-card article").wait_for()


def shown(page: Any) -> str:
    return str(page.locator("#curate-card article").get_attribute("data-example"))


def wait_for_another(page: Any, than: str) -> None:
    page.locator(f'#curate-card article:not([data-example="{than}"])').wait_for()


def press(page: Any, key: str) -> str:
    """Press a key that decides and wait for the next example; gives the one that was decided."""
    before = shown(page)
    page.keyboard.press(key)
    wait_for_another(page, before)
    return before


def edit(page: Any, text: str) -> None:
    """Replace the text by keys alone, save, and leave the box."""
    page.keyboard.press("e")
    expect(page.locator("#curate-text textarea")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    expect(page.locator("#curate-text textarea")).to_have_value(text)
    page.keyboard.press("Control+Enter")


def counted(page: Any, judged: int) -> None:
    expect(page.locator("#curate-counts")).to_contain_text(re.compile(rf"^\s*{judged} of "))


def test_labelling_by_keyboard_alone(site: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(site.url)
    page: Any = visit.page
    to_curate(page)
    sign(page, "Ana")
    page.evaluate(NEXT_MS)
    began, expected, waits = time.monotonic(), {}, []
    for number in range(NUMBER):
        key = list(VERDICTS)[number % len(VERDICTS)]
        if number == NUMBER // 2:
            at, paused = shown(page), time.monotonic()
            waits += page.evaluate("window.took")
            visit.reload()
            page.locator("#curate-card article").wait_for()
            page.evaluate(NEXT_MS)
            assert shown(page) == at, "a reload continues at the same place"
            began += time.monotonic() - paused
        expected[press(page, key)] = VERDICTS[key]
    took = time.monotonic() - began
    waits = sorted([*waits, *page.evaluate("window.took")])
    print(f"{NUMBER} decisions in {took:.1f} s: {60 * NUMBER / took:.0f} per minute, one key each, no click")
    print(f"from a key to the next example: median {waits[len(waits) // 2]:.0f} ms, longest {waits[-1]:.0f} ms")

    edited = shown(page)
    page.keyboard.press("2")
    edit(page, OWN)
    wait_for_another(page, edited)
    expect(page.locator("#curate-saved")).to_contain_text("Edited · saved")
    shot(page, "labelling-edited")

    for taken in range(1, 6):
        page.keyboard.press("u")
        counted(page, NUMBER + 1 - taken)
    visit.reload()
    to_curate(page)
    counted(page, NUMBER - 4)
    for again in range(1, 6):
        page.keyboard.press("y")
        counted(page, NUMBER - 4 + again)
    page.keyboard.press("?")
    expect(page.locator("#curate-key-list")).to_have_attribute("open", "")
    assert page.evaluate("window.hacked") is None
    assert visit.errors == [] and visit.foreign == []
    site.stop()
    with open_store(site.home) as store:
        found = {item.example.id: item.decision for item in store.queue(QueueFilter("done"), 1_000)}
        assert store.check() == []
    own = found.pop(edited)
    assert own is not None and (own.verdict, own.text) == ("edit", OWN) and own.labels == ("critique-overstated",)
    assert {id: decision and decision.verdict for id, decision in found.items()} == expected


@pytest.mark.slow
def test_two_raters_decide_the_same_example_and_the_later_one_sees_both_texts(
    site: Server, open_page: Callable[..., Visit]
) -> None:
    visits = [open_page(site.url), open_page(site.url)]
    ana, ben = (visit.page for visit in visits)
    for page, name in ((ana, "Ana"), (ben, "Ben")):
        to_curate(page)
        sign(page, name)
    same = shown(ana)
    assert shown(ben) == same, "both had opened it before they had names"
    press(ana, "r")
    edit(ben, "Ben's words.")
    said = ben.locator("#curate-saved")
    expect(said).to_contain_text("was rejected by Ana while you were looking at it")
    expect(said).to_contain_text("Ben's words.")
    expect(said).to_contain_text("As it stands now")
    expect(ben.locator("#curate-text textarea")).to_have_value("Ben's words.")
    shot(ben, "labelling-conflict")
    ben.locator("#curate-text textarea").press("End")
    ben.keyboard.type(" And more.")
    expect(ben.locator("#curate-drafted")).to_contain_text("Draft saved")
    expect(said).to_contain_text("was rejected by Ana", timeout=1_000)

    assert shown(ana) != same
    ana.locator("#curate-history [data-curate]").first.click()
    ana.locator(f'#curate-card article[data-example="{same}"]').wait_for()
    unfold(ana, "curate-checks")
    ana.locator("#curate-check").click()
    ana.locator('[data-curate="finding:role-label"]').click()
    expect(ana.locator("#curate-card")).to_contain_text("Speaker's name in the answer")
    assert [visit.errors + visit.foreign for visit in visits] == [[], []]
    site.stop()
    with open_store(site.home) as store:
        stands = store.item(same).decision
        assert stands is not None and (stands.rater, stands.verdict) == ("Ana", "reject")
        assert store.text_draft(same, "Ben") == "Ben's words. And more." and store.check() == []


def test_each_reload_comes_back_to_the_filter_and_the_example(site: Server, open_page: Callable[..., Visit]) -> None:
    """The memory was mostly read before the tab was there to have one, and then written over."""
    visit = open_page(site.url)
    page: Any = visit.page
    to_curate(page)
    sign(page, "Ana")
    unfold(page, "curate-filter")
    page.locator("#curate-status input").click()
    page.get_by_role("option", name="All", exact=True).click()
    page.locator("#curate-status input").blur()
    for number in range(4):
        before = shown(page)
        page.locator("#curate-next").click()
        wait_for_another(page, before)
        at = shown(page)
        visit.reload()
        page.locator("#curate-card article").wait_for()
        unfold(page, "curate-filter")
        status = page.locator("#curate-status input").input_value()
        assert (status, shown(page)) == ("All", at), f"reload {number + 1}"
    assert visit.errors == []


def test_an_answer_that_is_lost_on_its_way_costs_no_example(site: Server, open_page: Callable[..., Visit]) -> None:
    """The key was pressed again, and led on from an example that nobody had seen."""
    page: Any = open_page(site.url).page
    to_curate(page)
    sign(page, "Ana")
    first, lost = shown(page), list[Any]()

    def lose(route: Any) -> None:
        if lost or first not in (route.request.post_data or ""):
            return route.continue_()
        lost.append(json.loads(route.fetch().text())["data"])
        route.abort()

    page.route("**/gradio_api/run/**", lose)
    page.locator("#curate-next").click()
    expect(page.locator("#cai-error")).to_contain_text("did not answer")
    assert shown(page) == first and lost
    page.locator("#curate-next").click()
    wait_for_another(page, first)
    second = shown(page)
    page.locator("#curate-prev").click()
    page.locator(f'#curate-card article[data-example="{first}"]').wait_for()
    page.evaluate("for (const _ of [1, 2]) document.getElementById('curate-next').click()")
    page.locator(f'#curate-card article:not([data-example="{first}"], [data-example="{second}"])').wait_for()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux: a limit set on another process")
@pytest.mark.slow
def test_a_full_disk_is_said_and_the_text_stays_in_the_box(site: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(site.url)
    page: Any = visit.page
    to_curate(page)
    sign(page, "Ana")
    kept = press(page, "a")
    here = shown(page)
    assert site.process is not None
    full = (site.home / "cai.db-wal").stat().st_size
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    edit(page, OWN)
    expect(page.locator("#cai-error")).to_contain_text("The decision could not be saved: the workspace's disk is full")
    expect(page.locator("#cai-error")).to_contain_text("Nothing was saved")
    expect(page.locator("#curate-text textarea")).to_have_value(OWN)
    assert shown(page) == here
    shot(page, "labelling-full-disk")
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    page.locator("#curate-text textarea").press("Control+Enter")
    wait_for_another(page, here)
    site.stop()
    with open_store(site.home) as store:
        decisions = [store.item(id).decision for id in (kept, here)]
        assert [decision and decision.verdict for decision in decisions] == ["accept", "edit"]
        assert decisions[1] is not None and decisions[1].text == OWN and store.check() == []


@pytest.mark.slow
def test_bounds_that_nobody_filled_in_leave_nothing_out(site: Server, open_page: Callable[..., Visit]) -> None:
    for width, dark in ((1280, False), (390, True)):
        filter_by_bounds(open_page(site.url, width=width, dark=dark), width)


def filter_by_bounds(visit: Visit, width: int) -> None:
    page: Any = visit.page
    to_curate(page)
    unfold(page, "curate-filter")
    unfold(page, "curate-filter-more")
    fields = page.locator("#curate-filter-more [placeholder=any]")
    expect(fields).to_have_count(6)
    assert [fields.nth(place).input_value() for place in range(6)] == [""] * 6
    page.locator("#curate-search textarea, #curate-search input").first.press_sequentially("question 3")
    expect(page.locator("#curate-card")).to_contain_text("Example 1 of 1")
    shot(page, f"curate-filter-{width}")
    for place, bound in ((0, "500"), (1, "1"), (3, "2")):
        fields.nth(place).fill(bound)
        expect(page.locator("#curate-empty")).to_contain_text("No example matches this filter")
        fields.nth(place).fill("")
        expect(page.locator("#curate-card")).to_contain_text("Example 1 of 1")
    assert visit.errors == [] and visit.foreign == []
