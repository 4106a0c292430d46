"""A day of labelling in a real browser: remarks, rows, other keys, at a desk and by finger on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Message, Prompt, make_example
from cai_ui.store import open_store

from .conftest import Server, Visit, shot
from .test_guided_run import sign, unfold
from .test_labelling import counted, press, shown, to_curate, wait_for_another

LONG = "and why it may harm somebody else, step by step " * 40


@pytest.fixture
def uneven(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A queue of short and long examples in turn."""
    examples = [
        make_example(
            (Message("user", f"Question {n}?" + LONG * (n % 2)),), f"Sure, {n}." + LONG * (n % 2),
            f"Better not, {n}." + LONG * (n % 3), prompt=Prompt(f"p{n}", f"Question {n}?", "harmful"),
            critique="It helps with something harmful.", source="made up",
        )
        for n in range(12)
    ]  # fmt: skip
    with open_store(tmp_path / "home") as store:
        store.add_examples(examples)
    return serve("scripted", tmp_path / "home")


def top_of(page: Any, id: str) -> int:
    return round(page.locator(f"#{id}").bounding_box()["y"])


def swipe(page: Any, by: int) -> None:
    """As a finger over the card: `by` pixels to the right."""
    page.evaluate(
        """by => {
        const card = document.querySelector("#curate-card article"), x = 200, y = 500;
        const touch = (x) => new Touch({ identifier: 1, target: card, clientX: x, clientY: y });
        const tell = (kind, touches, changed) => card.dispatchEvent(
          new TouchEvent(kind, { bubbles: true, touches, changedTouches: changed }));
        tell("touchstart", [touch(x)], [touch(x)]);
        tell("touchend", [], [touch(x + by)]);
        }""",
        by,
    )


def remark(page: Any) -> None:
    """A comment and a highlighted passage, and guidelines beside the example; then a decision, and it taken back."""
    unfold(page, "curate-raters")
    page.locator("#curate-guidelines-text textarea").fill("# Be kind\n\n![far](http://far.example/x.png)")
    page.locator("#curate-guidelines-save").click()
    expect(page.locator("#curate-guidelines h1")).to_have_text("Be kind")
    assert page.locator("#curate-guidelines img").count() == 0
    page.evaluate(
        """() => {
        const words = document.querySelector("#curate-card [data-part=revision] .cai-diff-text");
        const added = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
        while (added.nextNode()) if (added.currentNode.data.includes("Better")) break;
        const range = new Range();
        range.setStart(added.currentNode, added.currentNode.data.indexOf("Better"));
        range.setEnd(added.currentNode, added.currentNode.data.indexOf("Better") + 6);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        }"""
    )
    page.keyboard.press("m")
    expect(page.locator("#curate-marks q")).to_have_text("Better")
    page.wait_for_function("[...CSS.highlights.get('cai-spans')].map(String).join() === 'Better'")
    page.locator("#curate-note textarea").fill("Too stern.")
    expect(page.locator("#curate-remarked")).to_contain_text("Saved")
    page.locator("#curate-note textarea").press("Control+Enter")
    before = press(page, "r")
    expect(page.locator("#curate-marks q")).to_have_count(0)
    page.keyboard.press("u")
    page.locator(f'#curate-card article[data-example="{before}"]').wait_for()
    expect(page.locator("#curate-note textarea")).to_have_value("Too stern.")
    for hidden in ("curate-spans", "curate-key", "curate-place", "curate-picked"):
        expect(page.locator(f"#{hidden}")).to_be_hidden()
    shot(page, "labelling-remarks")
    press(page, "r")


def in_rows(page: Any) -> None:
    """Two rows of the table decided together and taken back by one undo."""
    judged = int(page.locator("#curate-counts").inner_text().split()[0])
    unfold(page, "curate-table-box")
    boxes = page.locator("#curate-table [data-pick]")
    boxes.first.click()
    boxes.nth(1).click(modifiers=["Shift"])
    shot(page, "labelling-table")
    page.locator("#curate-table-reject").click()
    expect(page.locator("#curate-table-said")).to_contain_text("2 examples rejected")
    counted(page, judged + 2)
    expect(page.locator("#curate-table [data-pick]:checked")).to_have_count(0)
    page.locator("#curate-undo").click()
    counted(page, judged)


@pytest.mark.slow
def test_a_day_of_labelling_at_a_desk_and_on_a_phone(uneven: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(uneven.url)
    page: Any = visit.page
    to_curate(page)
    first = shown(page)
    page.keyboard.press("r")
    field = page.locator("#curate-rater :is(textarea, input)")
    expect(field).to_be_focused()
    field.fill("Ana")
    field.press("Enter")
    wait_for_another(page, first)
    expect(page.locator("#curate-counts")).to_contain_text("1 of 12 judged · 1 today")

    page.keyboard.press("c")
    expect(page.locator("details[data-keep=why]")).to_have_attribute("open", "")
    places = set()
    for key in "arfs":
        places.add((top_of(page, "curate-accept"), top_of(page, "curate-reject")))
        press(page, key)
        expect(page.locator("details[data-keep=why]")).to_have_attribute("open", "")
    assert len(places) == 1 and places.pop()[0] < 900, "the buttons stand still, in sight"
    assert not page.locator("#curate-ask").is_visible(), "the name is asked once"

    page.keyboard.press("b")
    page.mouse.move(5, 5)
    blurred = "getComputedStyle(document.querySelector('#curate-text textarea')).filter"
    page.wait_for_function(f"{blurred} !== 'none'")
    expect(page.locator("#curate-blur")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")

    page.keyboard.press("?")
    page.locator("[data-rebind=accept]").click()
    page.keyboard.press("z")
    expect(page.locator("#curate-key-list")).to_contain_text("Z")
    here = shown(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    page.keyboard.press("z")
    wait_for_another(page, here)
    expect(page.locator("#curate-saved")).to_contain_text("Accepted")
    shot(page, "labelling-desk")

    remark(page)
    in_rows(page)
    at = shown(page)
    visit.reload()
    expect(page.locator("#tab-curate-button")).to_have_attribute("aria-selected", "true")
    page.locator(f'#curate-card article[data-example="{at}"]').wait_for()

    phone = open_page(uneven.url, width=390, dark=True)
    page = phone.page
    phone.goto(f"{uneven.url}/?tab=curate&item={first}")
    page.locator(f'#curate-card article[data-example="{first}"]').wait_for()
    expect(page.locator("#curate-card")).to_contain_text("rejected")
    phone.goto(f"{uneven.url}/?tab=curate&item={at}")
    page.locator(f'#curate-card article[data-example="{at}"]').wait_for()
    sign(page, "Ben")
    places = set()
    for by, said in ((120, "Accepted"), (-120, "Rejected"), (120, "Accepted")):
        places.add(top_of(page, "curate-accept"))
        before = shown(page)
        swipe(page, by // 3)
        swipe(page, by)
        wait_for_another(page, before)
        expect(page.locator("#curate-saved")).to_contain_text(said)
    assert len(places) == 1 and places.pop() < 844
    shot(page, "labelling-phone")
    assert [one.errors + one.foreign for one in (visit, phone)] == [[], []]
    uneven.stop()
    with open_store(uneven.home) as store:
        assert store.counts().done == 10 and store.check() == []
        noted = [decision for _, decision in store.decided() if decision.note]
        assert [(one.note, [(span.part, span.start, span.text) for span in one.spans]) for one in noted] == [
            ("Too stern.", [("revision", 0, "Better")])
        ]
