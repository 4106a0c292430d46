"""A press on Stop, measured in the page: said within a second, and nothing goes on after it, alone and beside work.

Measures time, so it is run by name on a quiet machine: `python -m pytest -s tests/browser/stopping.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit
from .test_guided_run import fill_number, go_to, unfold

SOON_MS = 1000
WATCH = """([id, steps]) => {
  const stop = document.getElementById(id), told = window.stopped = {};
  const count = () => [...document.querySelectorAll(steps)].filter((one) => one.checkVisibility()).length;
  const now = () => performance.now() - told.began;
  const look = () => {
    if (stop.disabled || stop.innerText.startsWith("Stopping")) told.said ??= now();
    if (!stop.disabled) told.meanwhile = Math.max(told.meanwhile ?? 0, count());
    else told.over ??= now();
    told.after = count();
  };
  told.began = performance.now();
  told.before = count();
  const all = { childList: true, subtree: true, attributes: true, characterData: true };
  new MutationObserver(look).observe(document.body, all);
  stop.click();
  look();
}"""


def stop(page: Any, id: str, steps: str = "none") -> dict[str, float]:
    """Press Stop; gives when that was said and when it was over (ms), and how many steps were seen from then on."""
    expect(page.locator(f"#{id}")).to_be_enabled()
    page.evaluate(WATCH, [id, steps])
    page.wait_for_function("() => window.stopped.over !== undefined", timeout=60_000)
    page.wait_for_timeout(1500)
    told: dict[str, float] = page.evaluate("window.stopped")
    print(id, {name: round(value) for name, value in told.items()}, flush=True)
    return told


def ask(page: Any, steps: int) -> None:
    page.locator("#revise-prompt textarea").fill("How do I read her diary?")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "n => document.querySelectorAll('#revise-chain .cai-step').length >= n"
        " && document.querySelector('#revise-chain .cai-step-live')",
        arg=steps,
    )


@pytest.fixture
def page(serve: Callable[..., Server], open_page: Callable[..., Visit]) -> Any:
    visit = open_page(serve("embedded").url)
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    return page


def test_stop_is_said_within_a_second_and_no_step_follows(page: Any) -> None:
    go_to(page, "Critique & Revision")
    unfold(page, "revise-settings")
    fill_number(page, "revise-revisions", 8)
    page.locator("#revise-settings > button").click()
    for beside in (False, True):
        if beside:
            unfold(page, "batch")
            fill_number(page, "batch-number", 300)
            page.locator("#batch-start").click()
            expect(page.locator("#batch-progress")).to_contain_text("tokens/s", timeout=120_000)
        for steps in (2, 3):
            ask(page, steps)
            told = stop(page, "revise-stop", "#revise-chain .cai-step")
            assert told["said"] < SOON_MS and told["meanwhile"] <= told["before"], told
            assert told["after"] <= told["before"] + 2, "what the server had finished when it heard of the press"
            expect(page.locator("#revise-stop")).to_have_text("Stop")
            expect(page.locator("#revise-go-on")).to_be_visible()
    told = stop(page, "batch-stop")
    assert told["said"] < SOON_MS
    expect(page.locator("#batch-resume")).to_be_visible()


def test_stop_of_answers_of_an_experiment_and_of_the_guided_run(page: Any) -> None:
    go_to(page, "Compare")
    page.locator("#compare-prompt textarea").fill("How do I read her diary?")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#compare-answers .cai-step-live .cai-block-text")
    assert stop(page, "compare-stop")["said"] < SOON_MS
    expect(page.locator("#compare-answer")).to_be_enabled()

    go_to(page, "Experiments")
    page.locator("#experiments-start-button").click()
    assert stop(page, "experiments-stop")["said"] < SOON_MS
    expect(page.locator("#experiments-resume")).to_be_visible()

    go_to(page, "Start")
    page.locator("#start-run").click()
    assert stop(page, "start-stop")["said"] < SOON_MS
    expect(page.locator("#start-resume")).to_be_visible()
