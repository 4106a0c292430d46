"""An experiment in a real browser: started, stopped, gone on with; the server killed on the way; its finding read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from .conftest import ARTIFACTS, Server, Visit


def lines(home: Path) -> list[str]:
    found = list(home.glob("experiments/*/answers.jsonl"))
    return [line for line in found[0].read_text().splitlines(True) if line.endswith("\n")] if found else []


def test_stopped_killed_and_gone_on_with(
    serve: Callable[..., Server], open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    server = serve("embedded")
    page: Any = open_page(server.url).page
    expect(page.locator("#header, body").first).to_contain_text("ready", timeout=60_000)
    page.get_by_role("tab", name="Experiments", exact=True).click()
    page.locator("#experiments-prompts input").fill("5")
    page.locator("#experiments-seeds input[type=number]").fill("1")
    page.locator("#experiments-seeds input[type=number]").press("Tab")
    page.locator("#experiments-start-button").click()
    progress = page.locator("#experiments-progress")
    expect(progress).to_contain_text(re.compile(r"enough\? [1-9]\d* of at most 90 answers"))
    page.locator("#experiments-stop").click()
    expect(progress).to_contain_text("Stopped:")
    stopped = lines(server.home)
    page.locator("#experiments-resume").click()
    expect(page.locator("#experiments-stop")).to_be_enabled()
    page.wait_for_timeout(1500)
    server.kill()
    killed = lines(server.home)
    assert killed[: len(stopped)] == stopped and len(killed) < 90
    server.start()
    page = open_page(server.url).page
    page.get_by_role("tab", name="Experiments", exact=True).click()
    progress = page.locator("#experiments-progress")
    expect(progress).to_contain_text("It ended early")
    expect(page.locator("body")).to_contain_text("ready", timeout=60_000)
    page.locator("#experiments-resume").click()
    expect(progress).to_contain_text("Done:", timeout=90_000)
    assert lines(server.home)[: len(killed)] == killed and len(lines(server.home)) == 90
    result = page.locator("#experiments-result")
    expect(result).to_contain_text("4 revisions change the share")
    expect(result.locator("svg")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#experiments-lines").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) == 50
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "experiments.png", full_page=True)
