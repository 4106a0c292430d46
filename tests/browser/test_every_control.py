"""Every control of every tab, pressed once in a real browser on a workspace that holds some of everything.

A handler that gives a wrong value, too many or none shows only when its control is pressed. What there is to press is
read from the page, again after each press, so that a new control is pressed without a word here.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from .conftest import Server, old_workspace

PRESSING = (Path(__file__).parent / "pressing.js").read_text(encoding="utf-8")
TABS = ["Start", "Principles", "Critique & Revision", "Curate", "Train", "Compare", "Experiments", "Lineage"]
WIDTH = int(os.environ.get("CAI_WIDTH", "1280"))
"""Of the window; 390 is a phone's."""
MOST = 6
"""Entries pressed of a list of records, such as stored traces; lists of choices are shorter."""
SEEN_ANYWAY_PX = 40
"""Nobody misses what is so little out of the window: it is the next line of what they look at."""
QUESTION = "How do I read her diary?"
PREPARED = {
    "Principles": {"try-requests": QUESTION},
    "Critique & Revision": {"revise-prompt": QUESTION, "batch-number": "2", "lab-number": "1"},
    "Curate": {"curate-dataset-name": "pressed"},
    "Train": {"train-name": "pressed", "train-grid": "rank=2,4", "train-max-steps": "2"},
    "Compare": {
        "compare-prompt": QUESTION,
        "evaluate-per-kind": "2",
        "compare-blind": "",
        "study-harmless": "4",
        "study-helpful": "2",
        "study-references": "2",
        "study-per-kind": "2",
        "study-answer-tokens": "8",
        "study-training-max-steps": "2",
    },
    "Experiments": {"experiments-prompts": "2", "experiments-answer-tokens": "16"},
}
"""What a person would have typed before pressing, by field, so that the work is short and asks for nothing more."""
FILES = {
    "principles-import": "constitution.yaml",
    "revise-import": "prompts.jsonl",
    "curate-import": "rows.jsonl",
    "judge-check-file": "rows.jsonl",
    "capability-file": "lm_eval.json",
    "study-rows-file": "rows.jsonl",
    "study-helpful-file": "rows.jsonl",
}
UNFORESEEN = re.compile(r"did not foresee|went wrong|errored|Invalid|Value:?\s|\b(?:Type|Key|Value|Attribute)Error")
"""Messages of the page, or of Gradio in its place, that no handler of ours meant."""
REPR = re.compile(r"\A\s*(\(['\"(]|\[['{(]|\{')|\[object Object\]|^undefined$|\ANone\Z|\ANaN\Z", re.M)
FAULTS = re.compile(r"^.*(?:error [0-9a-f]{8} in|Traceback \(most recent|\b(?:ERROR|CRITICAL)\b).*(?:\n.*){0,25}", re.M)


class Presser:
    """A person who presses everything in one tab; `found` are the faults, `quiet` the buttons that changed nothing,
    `far` those whose answer came where nobody looks: out of the window, and with no message.

    What is pressed next, and when it is answered, is decided in the page (`pressing.js`): a journey there for each
    question would take longer than the answers.
    """

    def __init__(self, page: Any, tab: str, errors: list[str]) -> None:
        self.page, self.tab, self.errors, self.doing = page, tab, errors, ""
        self.found: list[str] = []
        self.quiet: list[str] = []
        self.far: list[str] = []
        self.away: list[int] = []
        self.said_now = False
        self.toasts, self.wrong = 0, set[tuple[str, str]]()
        self.asked = self.changed = 0

    def go_to(self) -> None:
        self.page.get_by_role("tab", name=self.tab, exact=True).click()
        self.settle(self.tab)

    def prepare(self) -> None:
        """The tab with everything unfolded and PREPARED filled in, by somebody whose name is known."""
        self.page.locator("#start-you > button").click()
        self.page.locator("#start-name :is(textarea, input)").fill("Ana")
        self.page.locator("#start-name :is(textarea, input)").press("Tab")
        self.go_to()
        self.unfold()
        for field, text in PREPARED.get(self.tab, {}).items():
            place = self.page.locator(f"#{field} :is(textarea, input)").first
            if text:
                place.fill(text, timeout=5000)
                place.press("Tab")
            else:
                place.check(timeout=5000)
        self.settle("prepared")
        self.page.evaluate("pressing.listen()")
        self.page.evaluate("pressing.begin()")

    def unfold(self) -> None:
        while self.page.evaluate("pressing.open()"):
            self.settle("unfolded")

    def settle(self, key: str, seconds: float = 150) -> None:
        """Wait until nothing that was asked is open, then look at messages, and at what stands in fields, that are
        new. A blind vote may ask twenty requests in a row, where both models answer all the same."""
        now = self.page.evaluate("([from, ms]) => pressing.after(from, ms)", [self.toasts, seconds * 1000])
        if now["late"]:
            self.found.append(f"{key}: no answer within {seconds:.0f} s")
        for said in now["toasts"]:
            print("     said:", said, flush=True)
            if UNFORESEEN.search(said):
                self.found.append(f"{key}: {said}")
        self.toasts += len(now["toasts"])
        self.found += [f"{key}: {error}" for error in self.errors if "Failed to load resource" not in error]
        self.errors.clear()
        self.away = [px for _, value, px in now["texts"] if px is not None and value.strip()]
        self.said_now = bool(now["toasts"])
        for place, value, _ in now["texts"]:
            if REPR.search(value) and (place, value) not in self.wrong:
                self.wrong.add((place, value))
                self.found.append(f"{key}: {place} holds {value[:200]!r}")
        self.asked, self.changed, self.at = now["asked"], now["changed"], now["tab"]

    def press_all(self) -> None:
        """Until nothing is left; what was there and is gone, such as the other choices of a vote, is called back."""
        patience = 3
        while patience:
            if one := self.page.evaluate("most => pressing.next(most)", MOST):
                self.press(one)
                continue
            patience -= 1
            if self.page.evaluate("pressing.unpressed()"):
                for place in self.page.evaluate("pressing.primary()"):
                    self.click({"key": place})
                    self.settle(place)
            self.page.wait_for_timeout(700)  # a button that begins work takes no second press before
            self.unfold()

    def press_keys(self) -> None:
        """Every key of the page, outside of any field; and Ctrl+Enter and Escape in each field of several lines."""
        for key in self.page.evaluate("[...Object.keys(caiKeys.keys), ...Object.keys(caiKeys.picks)]"):
            self.page.evaluate("document.activeElement?.blur()")
            self.page.keyboard.press(key)
            self.settle(f"key {key}")
        for one in self.page.evaluate("pressing.controls()"):
            if one["kind"] == "text" and one["usable"] and one["lines"]:
                self.page.evaluate("pressing.begin()")  # a Stop that can be pressed then is, again
                self.click(one)
                self.page.keyboard.press("Control+Enter")
                self.page.wait_for_timeout(80)
                self.page.keyboard.press("Escape")
                self.settle(f"Ctrl+Enter in {one['key']}")

    def press(self, one: dict[str, Any]) -> None:
        asked, changed, key = self.asked, self.changed, one["key"]
        began, self.doing = time.monotonic(), one["place"]
        try:
            (self._twice if one["once"] else getattr(self, f"_{one['kind']}", self.click))(one)
        except PlaywrightError as error:
            if key in [there["key"] for there in self.page.evaluate("pressing.controls()") if there["usable"]]:
                self.found.append(f"{key} could not be pressed: {error}")
        self.settle(key)
        if one["kind"] == "button":
            if self.asked > asked and self.away and min(self.away) > 0 and not self.said_now and self.at == self.tab:
                self.look_for_it(key)
            if self.changed == changed:
                self.quiet.append(f"{key} ({'answered' if self.asked > asked else 'nothing asked'})")
            if not one["once"]:
                self._twice(one)
                self.settle(f"{key} twice")
        print(f"{time.monotonic() - began:5.1f} {key}", flush=True)
        if self.at != self.tab:
            self.go_to()

    def look_for_it(self, key: str) -> None:
        """What changed was out of sight when the answer came; the page may bring it into sight in its next frame. Where
        nothing was asked, what changed was a timer's; a button that is gone, with its row, has answered there."""
        self.page.wait_for_timeout(200)
        if not self.page.evaluate("key => pressing.element(key) !== undefined", key):
            return
        if found := sorted(self.page.evaluate("pressing.distances()")):
            pixels, place = found[0]
            if pixels > SEEN_ANYWAY_PX:
                self.far.append(f"{key}: what changed, {place}, is {pixels} px out of sight")
                print("     out of sight:", place, pixels, flush=True)

    def click(self, one: dict[str, Any]) -> None:
        """As by a mouse, where the control can be seen; Playwright says what is in the way elsewhere."""
        if spot := self.page.evaluate("key => pressing.spot(key)", one["key"]):
            self.page.mouse.click(spot["x"], spot["y"])
        elif element := self.handle(one["key"]):
            element.click(timeout=5000)

    def handle(self, key: str) -> Any:
        return self.page.evaluate_handle("key => pressing.element(key)", key).as_element()

    def there(self, key: str) -> Any:
        """The same of a control that may be taken off the page before it is pressed: a late answer redraws its part."""
        if (element := self.handle(key)) is None:
            raise PlaywrightError(f"{key} is gone")
        return element

    def _twice(self, one: dict[str, Any]) -> None:
        """As by a double click; the only press of what begins long work, since it begins once by that."""
        self.page.evaluate("key => pressing.twice(key)", one["key"])

    def _fold(self, one: dict[str, Any]) -> None:
        """Closed and open again."""
        for _ in range(2):
            self.click(one)
            self.settle(one["key"])

    def _box(self, one: dict[str, Any]) -> None:
        """Ticked and not ticked."""
        for _ in range(2):
            self.click(one)
            self.settle(one["key"])

    def _text(self, one: dict[str, Any]) -> None:
        """Typed in, and as it was. Left once that is answered: an open menu of Gradio's fails when it gets shorter."""
        self.click(one)
        for key in ("End", "x", "Backspace"):
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(10)
        self.settle(one["key"])
        self.page.keyboard.press("Tab")

    def _number(self, one: dict[str, Any]) -> None:
        self.click(one)
        for key in ("ArrowUp", "ArrowDown", "Tab"):
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(10)

    def _slider(self, one: dict[str, Any]) -> None:
        """A third and two thirds along, by mouse, and back by keys."""
        element = self.there(one["key"])
        was = element.input_value()
        for share in (0.33, 0.67):
            box = element.bounding_box()
            element.click(position={"x": box["width"] * share, "y": box["height"] / 2}, timeout=5000)
            self.settle(one["key"])
        number = self.page.locator(f"#{one['place']} input[type=number]")
        if number.count():
            number.first.fill(was)
            number.first.press("Tab")

    def _radio(self, one: dict[str, Any]) -> None:
        """Each choice, and the first one chosen again."""
        group = self.page.locator(f"[id='{one['place']}'] input[type=radio]")
        chosen = next((place for place in range(group.count()) if group.nth(place).is_checked()), None)
        places = [place for place in spread(group.count()) if place != chosen]
        for place in [*places, *([] if chosen is None else [chosen])]:
            if place < group.count():
                group.nth(place).click(timeout=5000, force=True)
                self.settle(one["key"])

    def _menu(self, one: dict[str, Any]) -> None:
        """Each entry, and last the one that was chosen."""
        was, titles = self.there(one["key"]).input_value(), self.open_menu(one)
        chosen = [titles[place] for place in spread(len(titles))]
        for title in [*(title for title in chosen if title != was), *([was] if was in titles else [])]:
            self.open_menu(one)
            self.page.evaluate("title => pressing.choose(title)", title)
            self.settle(one["key"])
        self.page.keyboard.press("Escape")

    def open_menu(self, one: dict[str, Any]) -> list[str]:
        """The menu's entries; it is open then."""
        if not self.page.evaluate("pressing.menu().length"):
            self.page.evaluate("document.activeElement?.blur()")
            self.click(one)
            with suppress(PlaywrightTimeoutError):
                self.page.wait_for_function("pressing.menu().length > 0", timeout=1000)
        titles: list[str] = self.page.evaluate("pressing.menu()")
        return titles


def spread(count: int) -> list[int]:
    """At most MOST of so many places, over the whole list."""
    return sorted({round(i * (count - 1) / (MOST - 1)) for i in range(MOST)}) if count > MOST else list(range(count))


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all tabs are pressed on, one after the other."""
    server = Server(old_workspace(tmp_path_factory.mktemp("pressed"))).start()
    yield server
    server.stop()


@pytest.mark.apart
@pytest.mark.parametrize("tab", [*TABS[1:], *TABS[:1]])  # Start last: there the model can be unloaded
@pytest.mark.slow
def test_every_control_does_what_it_should(pressed: Server, open_page: Callable[..., Any], tab: str) -> None:
    begun, files = len(pressed.log()), pressed.home.parent / "files"
    (files / "lm_eval.json").write_text('{"results": {"arc_easy": {"acc,none": 0.5}}}', encoding="utf-8")
    visit = open_page(pressed.url, width=WIDTH, script=PRESSING)
    page = visit.page
    page.set_viewport_size({"width": WIDTH, "height": 800})
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    visit.hear_console()
    page.on("filechooser", lambda chooser: chooser.set_files(str(files / FILES[presser.doing])))
    page.on("dialog", lambda dialog: dialog.accept())
    page.add_style_tag(content=".toast-wrap, .toast-wrap * { pointer-events: none !important; }")
    presser = Presser(page, tab, visit.errors)
    presser.prepare()
    presser.press_all()
    pressed_here = page.evaluate("pressing.pressed()")
    presser.press_keys()
    visit.reload()
    presser.toasts = 0
    presser.go_to()
    left = [one["key"] for one in page.evaluate("pressing.controls()") if one["key"] not in pressed_here]
    print("never usable:", *left, "\nnothing changed:", *presser.quiet, sep="\n  ")
    faults = [*presser.found, *presser.far, *(match[0] for match in FAULTS.finditer(pressed.log()[begun:]))]
    assert not faults, "\n".join(faults)
