"""Everything of a tab is pressed while the answer to another press streams in: the page ends as if one had waited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit, old_workspace
from .test_every_control import FAULTS, PRESSING, UNFORESEEN
from .test_guided_run import fill_number, go_to, unfold

SLOW = [str(Path(__file__).with_name("slow_app.py"))]
QUESTION = "How do I read her diary?"
LEFT_ALONE = ("batch-start", "batch-resume", "lab-", "study-", "evaluate", "judge-", "capability-", "import", "link")
"""Work of its own that takes long, files, and the clipboard."""
LIVE = ".cai-step-live"
PRESS = """key => {
  const one = pressing.element(key);
  if (!one || one.disabled || !one.checkVisibility()) return false;
  one.click();
  if (one.type === "checkbox" || one.matches(".label-wrap")) setTimeout(() => pressing.element(key)?.click(), 60);
  return true;
}"""
"""A box is ticked and not ticked again, so that there is still somebody to ask; what is folded is open again."""


def rounds(page: Any) -> None:
    unfold(page, "revise-settings")
    fill_number(page, "revise-revisions", 8)


def pressable(page: Any, run: str, stop: str) -> list[str]:
    """Buttons and choices of the tab, but for those two and for what puts something away."""
    found = page.evaluate("pressing.controls()")
    kinds = ("button", "radio", "box", "fold")
    sound = [one for one in found if one["kind"] in kinds and not one["danger"] and one["place"] not in (run, stop)]
    return [one["key"] for one in sound if not any(word in one["place"] for word in LEFT_ALONE)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tab", "prompt", "run", "stop", "prepare"),
    [
        ("Critique & Revision", "revise-prompt", "revise-run", "revise-stop", rounds),
        ("Compare", "compare-prompt", "compare-answer", "compare-stop", lambda page: None),
    ],
)
def test_presses_during_an_answer(
    serve: Callable[..., Server],
    open_page: Callable[..., Visit],
    tmp_path: Path,
    tab: str,
    prompt: str,
    run: str,
    stop: str,
    prepare: Callable[[Any], None],
) -> None:
    site = serve("scripted", home=old_workspace(tmp_path), program=SLOW)
    visit = open_page(site.url, script=PRESSING)
    page: Any = visit.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.add_style_tag(content=".toast-wrap, .toast-wrap * { pointer-events: none !important; }")
    go_to(page, tab)
    page.evaluate("pressing.settled()")
    prepare(page)
    while page.evaluate("pressing.open()"):
        page.evaluate("pressing.settled()")
    pressed = 0
    for key in pressable(page, run, stop):
        if not page.locator(f"#{stop}").is_enabled():
            page.locator(f"#{prompt} textarea").fill(QUESTION)
            page.locator(f"#{run}").click()
            page.locator(f"#{stop}:enabled").wait_for()
        there = page.evaluate(PRESS, key)
        pressed += there
        print("pressed" if there else "not there", key, flush=True)
        page.wait_for_timeout(150)
        go_to(page, tab)
    page.evaluate("stop => document.getElementById(stop).click()", stop)  # the answer may end by itself just now
    page.evaluate("pressing.settled(60000)")
    expect(page.locator(f"#{stop}")).to_be_disabled()
    expect(page.locator(f"#{run}")).to_be_enabled()
    assert page.locator(LIVE).count() == 0, "something still looks as if it were being written"
    assert pressed > 8
    said = page.evaluate("pressing.seen.toasts")
    print(tab, pressed, *said, sep="\n  ", flush=True)
    assert not [one for one in said if UNFORESEEN.search(one)], said
    assert not FAULTS.search(site.log()), FAULTS.search(site.log())
    assert visit.errors == []
