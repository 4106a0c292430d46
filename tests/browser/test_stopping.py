"""A press on Stop, measured in the page: said within a second where it was pressed, and no step comes after it.

The figures are printed: `python -m pytest -s tests/browser/test_stopping.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import PATIENCE, Server, Visit
from .test_guided_run import fill_number, go_to, unfold

SOON_MS, OVER_MS = 1000, 5000 * PATIENCE
"""Until the press is answered, and until what it stops has ended, which a busy machine makes longer."""
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


def stop(page: Any, id: str, steps: str = "none") -> None:
    """Press Stop: that is said at once, what was asked ends soon, and no step appears but one that was on its way."""
    expect(page.locator(f"#{id}")).to_be_enabled()
    page.evaluate(WATCH, [id, steps])
    page.wait_for_function("() => window.stopped.over !== undefined", timeout=60_000)
    page.wait_for_timeout(500)
    told: dict[str, float] = page.evaluate("window.stopped")
    print(id, {name: round(value) for name, value in told.items()}, flush=True)
    assert told["said"] < SOON_MS and told["over"] < OVER_MS, told
    assert told["meanwhile"] <= told["before"] + 1, told
    assert told["after"] <= told["before"] + 2, "what the server had finished when it heard of the press"


def ask(page: Any, steps: int) -> None:
    page.locator("#revise-prompt textarea").fill("How do I read her diary?")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "n => document.querySelectorAll('#revise-chain .cai-step').length >= n"
        " && document.querySelector('#revise-chain .cai-step-live')",
        arg=steps,
    )


@pytest.mark.slow
def test_stop_is_said_at_once_and_no_step_follows(
    serve: Callable[..., Server], open_page: Callable[..., Visit]
) -> None:
    """Of a trace, alone and beside a batch, of the batch, answers, an evaluation, an experiment, the guided run."""
    visit = open_page(serve("embedded").url)
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    go_to(page, "Critique & Revision")
    unfold(page, "revise-settings")
    fill_number(page, "revise-revisions", 8)
    page.locator("#revise-settings > button").click()
    stop_a_trace(page)
    unfold(page, "batch")
    fill_number(page, "batch-number", 300)
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("of 300 traces")
    stop_a_trace(page)
    stop(page, "batch-stop")
    expect(page.locator("#batch-resume")).to_be_visible()

    go_to(page, "Compare")
    page.locator("#compare-prompt textarea").fill("How do I read her diary?")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#compare-answers .cai-step-live .cai-block-text")
    stop(page, "compare-stop")
    expect(page.locator("#compare-answer")).to_be_enabled()
    page.locator("#compare-evaluate").click()
    stop(page, "compare-evaluate-stop")
    expect(page.locator("#compare-evaluate")).to_be_enabled()

    go_to(page, "Experiments")
    page.locator("#experiments-start-button").click()
    stop(page, "experiments-stop")
    expect(page.locator("#experiments-resume")).to_be_visible()
    go_to(page, "Start")
    page.locator("#start-run").click()
    stop(page, "start-stop")
    expect(page.locator("#start-run")).to_be_enabled()
    assert visit.errors == []


def stop_a_trace(page: Any) -> None:
    ask(page, 2)
    stop(page, "revise-stop", "#revise-chain .cai-step")
    expect(page.locator("#revise-stop")).to_have_text("Stop")
    expect(page.locator("#revise-go-on")).to_be_visible()
