"""What axe-core finds on every tab with all panels open, light and dark, and what the keyboard reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from .conftest import Server, Visit
from .test_every_control import PRESSING, TABS


def faults(page: Any, place: str) -> list[str]:
    """What axe finds, a line for each element."""
    return [
        f"{place}: {rule['id']} ({rule['impact']}) {' '.join(map(str, node['target']))}\n    {node['html'][:160]}\n    "
        + "; ".join(one["message"] for one in (*node["any"], *node["all"], *node["none"]))
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


def unfold(page: Any) -> None:
    """Every panel and every list of details open."""
    while page.evaluate("pressing.open()"):
        page.wait_for_function("pressing.idle()")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def test_axe_finds_nothing_on_any_tab_in_light_or_dark(full: Server, open_page: Callable[..., Visit]) -> None:
    page: Any = open_page(full.url, script=PRESSING).page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    page.add_style_tag(content="* { transition: none !important; }")  # a colour on its way to another is no finding
    found = []
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_function("pressing.idle()")
        unfold(page)
        for look in ("light", "dark"):
            page.evaluate("dark => document.body.classList.toggle('dark', dark)", look == "dark")
            found += faults(page, f"{tab}, {look}")
    assert not found, "\n".join(found)
