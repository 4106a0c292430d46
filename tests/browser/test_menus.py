"""Menus under real hands: left without a choice, typed in, open while their list gets shorter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit, old_workspace
from .test_gone import open_train, run_with_adapter
from .test_guided_run import fill_number, go_to, unfold
from .test_handover import choose
from .test_labelling import shown, to_curate, wait_for_another

ID = "id => window.gradio_config.components.find((one) => one.props.elem_id === id).id"


def options(page: Any) -> list[str]:
    return [text.replace("✓", "").strip() for text in page.get_by_role("option").all_inner_texts()]


@pytest.mark.parametrize("menu", ["train-several", "train-run"])
@pytest.mark.slow
def test_a_list_that_gets_shorter_while_it_is_open(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path, menu: str
) -> None:
    visit = open_page(serve("scripted", home=old_workspace(tmp_path)).url)
    page = open_train(visit)
    name = run_with_adapter(page)
    field = page.locator(f"#{menu} input")
    field.click()
    before = options(page)
    assert len(before) > 2 and any(entry.startswith(name) for entry in before)

    # the answer to a press comes while the menu is open
    page.evaluate("document.getElementById('train-trash').click()")
    expect(page.get_by_role("option")).to_have_count(len(before) - 1)
    left = options(page)
    assert not any(entry.startswith(name) for entry in left)
    if menu == "train-several":
        field.press_sequentially(left[-1][:4])
        expect(page.get_by_role("option").filter(has_text=left[-1]).first).to_be_visible()
    page.get_by_role("option").filter(has_text=left[-1]).last.dispatch_event("mousedown")
    if menu == "train-several":
        expect(page.locator(f"#{menu} .token")).to_contain_text([left[-1]])
    else:
        expect(field).to_have_value(left[-1])
    assert visit.errors == []


def leave(page: Any, menu: str, by: str) -> None:
    """Open a menu and leave it as it was."""
    page.locator(f"#{menu} input").click()
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press(by)
    page.evaluate("document.activeElement?.blur()")
    expect(page.get_by_role("option")).to_have_count(0)


@pytest.mark.slow
def test_a_menu_that_is_left_without_a_choice_changes_nothing(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    """Each put something back: the preset's settings over those that were typed, and the first example of the queue."""
    visit = open_page(serve("scripted", home=old_workspace(tmp_path)).url)
    page: Any = visit.page
    sent: list[str] = []
    preset = page.evaluate(ID, "train-preset")
    page.on("request", lambda one: sent.append(one.post_data or "") if "/queue/join" in one.url else None)
    go_to(page, "Train")
    unfold(page, "train-settings")
    fill_number(page, "train-epochs", 7)
    epochs = page.locator("#train-epochs input[type=number]")
    expect(page.locator("#train-changed")).to_contain_text("7")
    for by in ("Escape", "Tab"):
        leave(page, "train-preset", by)
    page.wait_for_timeout(500)
    expect(epochs).to_have_value("7")
    choose(page, "train-preset", "7B model, all linear layers")
    expect(epochs).not_to_have_value("7")
    sent.clear()
    choose(page, "train-preset", "One pass, constant rate")
    page.wait_for_timeout(500)
    asked = [one for one in sent if json.loads(one)["trigger_id"] == preset]  # others are timers'
    assert len(asked) == 1, "a choice is sent once"

    to_curate(page)
    page.keyboard.press("Escape")
    first = shown(page)
    page.keyboard.press("j")
    wait_for_another(page, first)
    here = shown(page)
    unfold(page, "curate-filter")
    for menu in ("curate-kind", "curate-source", "curate-status"):
        leave(page, menu, "Escape")
        leave(page, menu, "Tab")
    page.wait_for_timeout(500)
    assert shown(page) == here
    assert visit.errors == []


@pytest.mark.slow
def test_a_menu_that_takes_any_text_takes_what_was_typed(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    """Enter took the first entry that held the text; an arrow still leads to it. Among several, the text is told."""
    visit = open_page(serve("scripted", home=old_workspace(tmp_path)).url)
    page: Any = visit.page

    def takes_text(menu: str) -> None:
        field = page.locator(f"#{menu} input")
        field.click()
        expect(page.get_by_role("option").first).to_be_visible()
        entry = options(page)[-1]
        typed = entry[:3].lower()  # a whole name or value would be that entry
        for keys, taken in (("ArrowDown", "Enter"), None), (("Enter",), typed):
            field.fill("")
            field.press_sequentially(typed)
            expect(page.get_by_role("option").first).to_be_visible()
            fits = [one for one in options(page) if typed in one.lower()]
            for key in keys:
                page.keyboard.press(key)
            expect(page.get_by_role("option")).to_have_count(0)
            expect(field).to_have_value(taken or fits[0])
            field.click()

    go_to(page, "Compare")
    unfold(page, "compare-add-box")
    takes_text("compare-column")
    to_curate(page)
    unfold(page, "curate-filter")
    takes_text("curate-source")

    rows = [json.dumps({"prompt": f"Say {number}.", "response": "Yes.", "score": number}) for number in range(6)]
    (tmp_path / "scored.jsonl").write_text("\n".join(rows), encoding="utf-8")
    unfold(page, "curate-import-box")
    page.set_input_files("#curate-import-box input[type=file]", str(tmp_path / "scored.jsonl"))
    choose(page, "curate-import-label", "score")
    report = page.locator("#curate-import-report")
    expect(report).to_contain_text("Say below what they mean")
    field = page.locator("#curate-import-good input")
    field.click()
    page.keyboard.press("Enter")
    field.press_sequentially(">4.5")
    page.keyboard.press("Enter")
    expect(report).not_to_contain_text("Say below what they mean")
    assert page.locator("#curate-import-good .token").all_inner_texts() == [">4.5"]
    assert visit.errors == []
