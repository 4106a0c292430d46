"""A menu that is open while its list gets shorter, since a run was put away: it goes on, typed in or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit, old_workspace
from .test_gone import open_train, run_with_adapter


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
