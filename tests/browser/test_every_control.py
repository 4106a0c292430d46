"""Every control of every tab, pressed once in a real browser on a workspace that holds some of everything.

A handler that gives a wrong value, too many or none shows only when its control is pressed. What there is to press is
read from the page, again after each press, so that a new control is pressed without a word here.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from .conftest import Server

PRESSING = (Path(__file__).parent / "pressing.js").read_text(encoding="utf-8")
TABS = ["Start", "Principles", "Critique & Revision", "Curate", "Train", "Compare", "Experiments"]
MOST = 6
"""Entries pressed of a list of records, such as stored traces; lists of choices are shorter."""
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
    "study-rows-file": "rows.jsonl",
    "study-helpful-file": "rows.jsonl",
}
UNFORESEEN = re.compile(r"did not foresee|went wrong|errored|Invalid|Value:?\s|\b(?:Type|Key|Value|Attribute)Error")
"""Messages of the page, or of Gradio in its place, that no handler of ours meant."""
REPR = re.compile(r"\A\s*(\(['\"(]|\[['{(]|\{')|\[object Object\]|^undefined$|\ANone\Z|\ANaN\Z", re.M)
FAULTS = re.compile(r"^.*(?:error [0-9a-f]{8} in|Traceback \(most recent|\b(?:ERROR|CRITICAL)\b).*(?:\n.*){0,25}", re.M)


class Presser:
    """A person who presses everything in one tab; `found` are the faults, `quiet` the buttons that changed nothing."""

    def __init__(self, page: Any, tab: str, errors: list[str]) -> None:
        self.page, self.tab, self.errors, self.doing = page, tab, errors, ""
        self.pressed, self.seen, self.lists = set[str](), dict[str, str](), Counter[str]()
        self.found: list[str] = []
        self.quiet: list[str] = []
        self.toasts, self.wrong = 0, set[tuple[str, str]]()

    def go_to(self) -> None:
        self.page.get_by_role("tab", name=self.tab, exact=True).click()
        self.settle()

    def prepare(self) -> None:
        """The tab with everything unfolded and PREPARED filled in."""
        self.go_to()
        self.unfold()
        for field, text in PREPARED.get(self.tab, {}).items():
            place = self.page.locator(f"#{field} :is(textarea, input)").first
            if text:
                place.fill(text, timeout=5000)
                place.press("Tab")
            else:
                place.check(timeout=5000)
        self.settle()

    def unfold(self) -> None:
        while self.page.evaluate("pressing.open()"):
            self.settle()

    def settle(self, seconds: float = 60) -> None:
        """Wait until nothing that was asked is open; a Stop that can be pressed meanwhile is."""
        end = time.monotonic() + seconds
        quiet = 0
        while quiet < 2 and time.monotonic() < end:
            self.page.wait_for_timeout(25)
            quiet = quiet + 1 if self.page.evaluate("pressing.idle()") else 0
            if not quiet:
                for one in self.controls():
                    if one["usable"] and one["place"].endswith("stop") and one["key"] not in self.pressed:
                        with suppress(PlaywrightError):  # the work may end by itself meanwhile
                            self.click(one, 1000)
        if quiet < 2:
            self.found.append(f"no answer within {seconds:.0f} s")

    def controls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("pressing.controls()")
        self.seen.update({one["key"]: one["kind"] for one in found})
        return found

    def following(self) -> dict[str, Any] | None:
        """What to press next: Stop buttons first, then fields before buttons, and last what puts something away."""
        open = [one for one in self.controls() if one["usable"] and one["key"] not in self.pressed]
        open = [one for one in open if not one["listed"] or self.lists[one["place"]] < MOST]
        return min(open, key=self.rank, default=None)

    def rank(self, one: dict[str, Any]) -> int:
        if one["place"].endswith("stop"):
            return 0
        if one["kind"] == "fold":
            return 4
        return 3 if one["danger"] else 2 if one["kind"] == "button" else 1

    def press_all(self) -> None:
        """Until nothing is left; what was there and is gone, such as the other choices of a vote, is called back."""
        patience = 3
        while patience:
            if one := self.following():
                self.press(one)
                continue
            patience -= 1
            if {key for key, kind in self.seen.items() if kind == "button"} - self.pressed:
                for place in self.page.evaluate("pressing.primary()"):
                    self.click({"key": place})
                    self.settle()
            self.page.wait_for_timeout(700)
            self.unfold()

    def press_keys(self) -> None:
        """Every key of the page, outside of any field; and Ctrl+Enter and Escape in each field of several lines."""
        for key in self.page.evaluate("[...Object.keys(caiKeys.keys), ...Object.keys(caiKeys.picks)]"):
            self.page.evaluate("document.activeElement?.blur()")
            self.page.keyboard.press(key)
            self.settle()
            self.check(f"key {key}")
        for one in self.controls():
            if one["kind"] == "text" and one["usable"] and one["lines"]:
                self.click(one)
                self.page.keyboard.press("Control+Enter")
                self.page.wait_for_timeout(80)
                self.page.keyboard.press("Escape")
                self.settle()
                self.check(f"Ctrl+Enter in {one['key']}")

    def press(self, one: dict[str, Any]) -> None:
        before, asked = self.page.evaluate("pressing.look()"), self.page.evaluate("pressing.seen.asked")
        self.lists[one["place"]] += one["listed"]
        began, self.doing = time.monotonic(), one["place"]
        try:
            (self._twice if one["once"] else getattr(self, f"_{one['kind']}", self.click))(one)
        except PlaywrightError as error:
            if one["key"] in [there["key"] for there in self.controls() if there["usable"]]:
                self.found.append(f"{one['key']} could not be pressed: {error}")
        self.pressed.add(one["key"])
        self.settle()
        self.check(one["key"])
        if one["kind"] == "button":
            if self.page.evaluate("pressing.look()") == before:
                said = "answered" if self.page.evaluate("pressing.seen.asked") > asked else "nothing asked"
                self.quiet.append(f"{one['key']} ({said})")
            if not one["once"]:
                self._twice(one)
                self.settle()
                self.check(f"{one['key']} twice")
        print(f"{time.monotonic() - began:5.1f} {one['key']}", flush=True)
        if self.page.evaluate("document.querySelector('[role=tab][aria-selected=true]').innerText.trim()") != self.tab:
            self.go_to()

    def handle(self, key: str) -> Any:
        return self.page.evaluate_handle("key => pressing.element(key)", key).as_element()

    def click(self, one: dict[str, Any], patience_ms: int = 5000) -> None:
        if element := self.handle(one["key"]):
            element.click(timeout=patience_ms)
        self.pressed.add(one["key"])

    def _twice(self, one: dict[str, Any]) -> None:
        """As by a double click; the only press of what begins long work, since it begins once by that."""
        self.page.evaluate("key => pressing.twice(key)", one["key"])

    def _fold(self, one: dict[str, Any]) -> None:
        """Closed and open again."""
        for _ in range(2):
            self.click(one)
            self.page.wait_for_timeout(100)

    def _box(self, one: dict[str, Any]) -> None:
        """Ticked and not ticked."""
        for _ in range(2):
            self.click(one)
            self.settle()

    def _text(self, one: dict[str, Any]) -> None:
        """Typed in, and as it was. Left once that is answered: an open menu of Gradio's fails when it gets shorter."""
        self.click(one)
        for key in ("End", "x", "Backspace"):
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(30)
        self.settle()
        self.page.keyboard.press("Tab")

    def _number(self, one: dict[str, Any]) -> None:
        self.click(one)
        for key in ("ArrowUp", "ArrowDown", "Tab"):
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(30)

    def _slider(self, one: dict[str, Any]) -> None:
        """A third and two thirds along, by mouse, and back by keys."""
        element = self.handle(one["key"])
        was = element.input_value()
        for share in (0.33, 0.67):
            box = element.bounding_box()
            element.click(position={"x": box["width"] * share, "y": box["height"] / 2}, timeout=5000)
            self.settle()
            self.check(one["key"])
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
                self.settle()
                self.check(one["key"])

    def _menu(self, one: dict[str, Any]) -> None:
        """Each entry, and last the one that was chosen."""
        was, titles = self.handle(one["key"]).input_value(), self.open_menu(one)
        chosen = [titles[place] for place in spread(len(titles))]
        for title in [*(title for title in chosen if title != was), *([was] if was in titles else [])]:
            self.open_menu(one)
            self.page.evaluate("title => pressing.choose(title)", title)
            self.settle()
            self.check(one["key"])
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

    def check(self, key: str) -> None:
        """Messages, and what stands in fields, since the last look."""
        toasts = self.page.evaluate("pressing.seen.toasts")
        for said in toasts[self.toasts :]:
            print("     said:", said, flush=True)
            if UNFORESEEN.search(said):
                self.found.append(f"{key}: {said}")
        self.toasts = len(toasts)
        self.found += [f"{key}: {error}" for error in self.errors if "Failed to load resource" not in error]
        self.errors.clear()
        for place, value in self.page.evaluate("pressing.texts()"):
            if REPR.search(value) and (place, value) not in self.wrong:
                self.wrong.add((place, value))
                self.found.append(f"{key}: {place} holds {value[:200]!r}")


def spread(count: int) -> list[int]:
    """At most MOST of so many places, over the whole list."""
    return sorted({round(i * (count - 1) / (MOST - 1)) for i in range(MOST)}) if count > MOST else list(range(count))


@pytest.mark.parametrize("tab", TABS)
def test_every_control_does_what_it_should(
    full: Server, open_page: Callable[..., Any], tab: str, tmp_path: Path
) -> None:
    visit = open_page(full.url, script=PRESSING)
    page = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    page.on("console", lambda said: visit.errors.append(said.text) if said.type == "error" else None)
    page.on("filechooser", lambda chooser: chooser.set_files(str(tmp_path / "files" / FILES[presser.doing])))
    page.on("dialog", lambda dialog: dialog.accept())
    page.add_style_tag(content=".toast-wrap { pointer-events: none !important; }")
    presser = Presser(page, tab, visit.errors)
    presser.prepare()
    presser.press_all()
    presser.press_keys()
    visit.reload()
    presser.toasts = 0
    presser.go_to()
    presser.check("reload")
    left = [one["key"] for one in presser.controls() if one["key"] not in presser.pressed]
    print("never usable:", *left, "\nnothing changed:", *presser.quiet, sep="\n  ")
    faults = [*presser.found, *(match[0] for match in FAULTS.finditer(full.log()))]
    assert not faults, "\n".join(faults)
