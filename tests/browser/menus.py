"""A menu that is open while its list gets shorter, since somebody put a run away: it goes on, typed in or not.

Run by name: `python -m pytest tests/browser/menus.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit, old_workspace
from .test_gone import open_train, run_with_adapter
from .test_handover import choose


def options(page: Any) -> list[str]:
    return [text.replace("✓", "").strip() for text in page.get_by_role("option").all_inner_texts()]


@pytest.mark.parametrize("menu", ["train-several", "train-run"])
def test_a_list_that_gets_shorter_while_it_is_open(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path, menu: str
) -> None:
    site = serve("scripted", home=old_workspace(tmp_path))
    first, second = open_page(site.url), open_page(site.url)
    page, other = open_train(first), open_train(second)
    name = run_with_adapter(page)
    field = other.locator(f"#{menu} input")
    field.click()
    before = options(other)
    assert len(before) > 2 and any(entry.startswith(name) for entry in before)

    page.locator("#train-trash").click()
    expect(other.get_by_role("option")).to_have_count(len(before) - 1)
    left = options(other)
    assert not any(entry.startswith(name) for entry in left)
    if menu == "train-several":
        field.press_sequentially(left[0][:3])
        expect(other.get_by_role("option").filter(has_text=left[0]).first).to_be_visible()
        field.press("Control+A")
        field.press("Backspace")
    last = other.get_by_role("option").filter(has_text=left[-1]).last
    last.dispatch_event("mousedown")
    if menu == "train-several":
        expect(other.locator(f"#{menu} .token")).to_contain_text([left[-1]])
    else:
        expect(field).to_have_value(left[-1])

    choose(page, "train-restore", name)
    page.locator("#train-bring-back").click()
    expect(page.locator("#train-run input")).to_have_value(re.compile(f"^{re.escape(name)} · "))
    field.click()
    expect(other.get_by_role("option")).to_have_count(len(before))
    assert first.errors == [] and second.errors == []
