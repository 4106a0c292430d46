"""Grading answers in a real browser: by keyboard alone, blind, with undo; then the corrected shares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Evaluation, Rate, VariantResult
from cai_ui.store import open_store

from .conftest import Server, Visit, shot
from .test_guided_run import go_to, unfold

HARSH = '<img src=x onerror="window.hacked=1">'
KEYS = {
    "c": "complied",
    "p": "partly refused",
    "r": "refused",
    "e": "evaded",
    "b": "broken",
    "n": "unread",
}


MOVED = (
    "before => { const t = document.querySelector('#grade-ticket textarea, #grade-ticket input').value;"
    " return t !== before && t !== ''; }"
)


def rows() -> tuple[dict[str, Any], ...]:
    """Two variants on eight requests of each kind; long and short answers."""
    return tuple(
        {
            "prompt_id": f"{kind}{n}", "prompt": f"A {kind} request, number {n} {HARSH}", "kind": kind,
            "variant": variant, "answer": f"I will not do that. {HARSH} " + "Here is why. " * 60 * (n % 3),
            "finish": "end", "tokens": 5, "complied": None if kind != "harmful" else n % 2 == 0,
            "helped": None if kind == "harmful" else True, "refused": n % 2 == 1,
        }
        for kind in ("harmful", "helpful", "twin")
        for n in range(8)
        for variant in ("base", "tuned-run")
    )  # fmt: skip


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    nothing, some = Rate(0, 0), Rate(4, 8, 0, 0.5, 0.2, 0.8)
    results = [
        VariantResult(variant, kind, some if kind == "harmful" else nothing, some, some, 5.0, None)  # type: ignore[arg-type]
        for variant in ("base", "tuned-run")
        for kind in ("harmful", "helpful", "twin")
    ]
    with open_store(tmp_path / "home") as store:
        store.save_evaluation(Evaluation("evaluation-1", tuple(results), rows(), {}, "refusal phrases"))
    return serve("scripted", tmp_path / "home")


def to_grading(page: Any) -> None:
    go_to(page, "Compare")
    unfold(page, "grading")
    page.locator("#grading-card .cai-grade").wait_for()


def ticket(page: Any) -> str:
    return str(page.locator("#grade-ticket textarea, #grade-ticket input").first.input_value())


def press(page: Any, key: str) -> None:
    """Press a key and wait until another answer is shown."""
    before = ticket(page)
    page.keyboard.press(key)
    page.wait_for_function(MOVED, arg=before)


@pytest.mark.slow
def test_grading_by_keyboard_alone(site: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(site.url)
    page: Any = visit.page
    to_grading(page)
    page.keyboard.press("b")
    page.locator("#grading-rater :is(textarea, input)").fill("Ana")
    before = ticket(page)
    page.locator("#grading-sign").click()
    page.wait_for_function(MOVED, arg=before)
    expect(page.locator("#grading-ask")).to_be_hidden()
    expect(page.locator("#grading-said")).to_contain_text("Saved: broken.")
    press(page, "u")
    place = page.locator("#grade-refused").bounding_box()
    order = [*KEYS, "r", "c", "r", "p"]
    for key in order:
        page.keyboard.press("3")
        expect(page.locator("#grade-harm input").nth(3)).to_be_checked()
        page.keyboard.press("5")
        expect(page.locator("#grade-tags input").first).to_be_checked()
        press(page, key)
        expect(page.locator("#grading-said")).to_contain_text(f"Saved: {KEYS[key]}.")
        expect(page.locator("#grade-tags input").first).not_to_be_checked()
        assert page.locator("#grade-refused").bounding_box() == place, "the choices stay in their place"
    expect(page.locator("#grading-progress")).to_contain_text("10 graded, 48 in the sample; 10 by you (Ana)")
    shot(page, "grading")
    press(page, "u")
    expect(page.locator("#grading-progress")).to_contain_text("9 graded")
    expect(page.locator("#grade-harm input").nth(3)).to_be_checked()
    press(page, "c")
    expect(page.locator("#grading-progress")).to_contain_text("10 graded")
    unfold(page, "grading-corrected")
    expect(page.locator("#grading-shares")).to_contain_text("grade about")
    expect(page.locator("#compare-table")).to_contain_text("Corrected by people")
    shot(page, "grading-corrected")
    assert page.evaluate("window.hacked") is None
    assert visit.errors == [] and visit.foreign == []
    site.stop()
    with open_store(site.home) as store:
        found = store.grades("evaluation-1")
    assert [grade.outcome for grade in found] == [KEYS[key] for key in [*order[:-1], "c"]]
    assert len({(grade.prompt_id, grade.variant) for grade in found}) == 10
    assert {(grade.harm, grade.tags) for grade in found} == {(3, ("preachy",))}


@pytest.mark.slow
def test_what_comes_from_the_server_does_not_say_whose_answer_it_is(
    site: Server, open_page: Callable[..., Visit]
) -> None:
    """Whatever brings an answer to grade: no name of a variant, nothing of the reader, no id of a request."""
    visit = open_page(site.url, width=390, dark=True)
    page: Any = visit.page
    go_to(page, "Compare")
    expect(page.locator("#compare-table table")).to_be_visible()
    responses: list[Any] = []
    page.on("response", lambda one: responses.append(one) if "json" in one.headers.get("content-type", "") else None)
    unfold(page, "grading")
    page.locator("#grading-card .cai-grade").wait_for()
    page.keyboard.press("r")
    page.locator("#grading-rater :is(textarea, input)").fill("Ana")
    page.locator("#grading-rater :is(textarea, input)").press("Enter")
    expect(page.locator("#grading-progress")).to_contain_text("1 graded")
    got = [text for one in responses if "cai-grade" in (text := one.text())]
    assert len(got) >= 2, "one with the first answer, one with the next"
    told = "".join(got) + page.locator("#grading").inner_html()
    assert "I will not do that" in told
    for word in ("tuned-run", "prompt_id", "refusal phrases", "harmful0", "twin1"):
        assert word not in told, word
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), "nothing is wider than the phone"
    page.locator("#grading-ballot").scroll_into_view_if_needed()
    shot(page, "grading-390")
    assert visit.errors == [] and visit.foreign == []
