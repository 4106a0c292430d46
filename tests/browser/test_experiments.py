"""An experiment in a real browser: started, the server killed in the middle of it, and gone on with to its finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit, shot
from .test_guided_run import fill_number, go_to

FAR = re.compile(r"(\d[\d,]*) of at most")


def answered(page: Any) -> int:
    """How many answers the page says there are."""
    found = FAR.search(page.locator("#experiments-progress").inner_text())
    assert found, page.locator("#experiments-progress").inner_text()
    return int(found[1].replace(",", ""))


@pytest.mark.slow
def test_an_experiment_goes_on_after_kill_9(serve: Callable[..., Server], open_page: Callable[..., Visit]) -> None:
    server = serve("embedded")
    visit = open_page(server.url)
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    go_to(page, "Experiments")
    fill_number(page, "experiments-prompts", 12)
    page.locator("#experiments-start-button").click()
    page.wait_for_function(
        "() => +(/(\\d+) of at most/.exec(document.getElementById('experiments-progress').innerText)?.[1] ?? 0) >= 10",
        timeout=120_000,
    )
    before = answered(page)
    page.close()  # it would look for the server by itself
    server.kill()

    visit = open_page(server.start().url)
    page = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    go_to(page, "Experiments")
    expect(page.locator("#experiments-resume")).to_be_visible()
    kept = answered(page)
    assert kept >= before - 1, f"{before} answers were told of, {kept} are there"
    page.locator("#experiments-resume").click()
    result = page.locator("#experiments-result")
    expect(page.locator("#experiments-progress")).to_contain_text("Done", timeout=240_000)
    expect(result.locator("svg").first).to_be_visible()
    expect(result).to_contain_text("95 %")
    shot(page, "experiment-after-kill")
    assert visit.foreign == []
