"""Menus under real hands: left without a choice, typed in, open while their list gets shorter."""

from __future__ import annotations

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
    asked = len(sent)
    choose(page, "train-preset", "One pass, constant rate")
    page.wait_for_timeout(500)
    assert len(sent) == asked + 1, "a choice is sent once"

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
