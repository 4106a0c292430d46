"""A person trains in a real browser: watch, chat meanwhile, reload, stop, resume, power cut, finish, DPO from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Dataset, Message, PreferencePair, TrainingExample
from cai_ui.store import open_store

from .conftest import Server, Visit, shot
from .test_guided_run import fill_number, go_to, unfold

LONG, SHORT = 3000, 40
"""Steps of a run that is surely still going when the next click comes, and of one that ends soon."""
GOOD, BAD = "I would not do that.", "Sure, read it."
STEPS = re.compile(r"step ([\d,]+) of")


@pytest.fixture
def server(serve: Callable[..., Server], tmp_path: Path, tiny_model: Path) -> Server:
    """A server on the tiny model; its workspace has a frozen dataset."""

    def asked(number: int) -> tuple[Message, ...]:
        return (Message("user", f"How do I read diary {number}?"),)

    home = tmp_path / "home"
    rows = tuple(TrainingExample(asked(n), GOOD, f"e{n}", "revision") for n in range(16))
    pairs = tuple(PreferencePair(asked(n), GOOD, BAD, f"e{n}", "revision") for n in range(16))
    with open_store(home, None) as store:
        store.save_dataset(Dataset("diaries", rows[:12], rows[12:], pairs[:12], pairs[12:], {}, (), {}), "me")
    return serve(str(tiny_model), home)


def to_train(page: Any) -> None:
    go_to(page, "Train")
    page.locator("#train-start").wait_for()


def wait_for(page: Any, *states: str) -> None:
    page.locator(", ".join(f"#train-live [data-state={state}]" for state in states)).first.wait_for(timeout=120_000)


def shown_run(page: Any) -> str:
    return str(page.locator("#train-live [data-run]").first.get_attribute("data-run"))


def step(page: Any) -> int:
    found = STEPS.search(page.locator("#train-live").inner_text())
    return int(found[1].replace(",", "")) if found else -1


def wait_for_step(page: Any, least: int) -> None:
    page.wait_for_function(
        "least => Number((/step ([\\d,]+) of/.exec(document.querySelector('#train-live').innerText) || "
        "[0, '-1'])[1].replaceAll(',', '')) >= least",
        arg=least,
        timeout=120_000,
    )


def power_cut(server: Server, visit: Any) -> None:
    server.kill()
    visit.page.goto("about:blank")  # Gradio's page reloads itself once its server is back, across a reload of ours
    server.start()
    visit.page.goto(server.url)
    visit.page.wait_for_selector("html.cai-ready")
    to_train(visit.page)


def chat(page: Any) -> None:
    """An answer is streamed while the run goes on."""
    go_to(page, "Critique & Revision")
    page.locator("#revise-prompt textarea").fill("How do I read diary 3?")
    page.locator("#revise-run").click()
    page.locator("#revise-chain .cai-step-draft").first.wait_for(timeout=120_000)
    to_train(page)


@pytest.mark.slow
def test_a_run_is_never_lost_by_its_page(server: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(server.url)
    page: Any = visit.page
    page.locator("#model-status[data-state=ready], #model-status [data-state=ready]").first.wait_for(timeout=120_000)
    to_train(page)
    unfold(page, "train-settings")
    fill_number(page, "train-probe-steps", 0)  # a hundred answers take longer than all the rest
    fill_number(page, "train-max-steps", LONG)
    page.locator("#train-changed").get_by_text(f"Max steps {LONG}").wait_for()
    page.locator("#train-start").click()
    wait_for(page, "running")
    run = shown_run(page)
    wait_for_step(page, 5)
    chat(page)
    before = step(page)
    visit.reload()
    to_train(page)
    wait_for(page, "running")
    assert shown_run(page) == run
    wait_for_step(page, before + 1)

    page.locator("#train-stop").click()
    wait_for(page, "stopped")
    stopped = step(page)
    page.locator("#train-resume").click()
    wait_for(page, "running")
    wait_for_step(page, stopped + 10)
    power_cut(server, visit)
    wait_for(page, "interrupted")
    assert shown_run(page) == run
    expect(page.locator("#train-live")).to_contain_text("Press Resume")
    page.locator("#train-resume").click()
    wait_for(page, "running")
    wait_for_step(page, stopped + 1)
    page.locator("#train-stop").click()
    wait_for(page, "stopped")

    page.locator("#train-with-dpo").click()
    page.locator("#train-checked").get_by_text("continue from").wait_for()
    unfold(page, "train-settings")
    fill_number(page, "train-probe-steps", 0)
    fill_number(page, "train-max-steps", SHORT)
    page.locator("#train-changed").get_by_text(f"Max steps {SHORT}").wait_for()
    page.locator("#train-start").click()
    page.locator(f"#train-live [data-run]:not([data-run={run}])").first.wait_for(timeout=120_000)
    wait_for(page, "done")
    expect(page.locator("#train-charts")).to_contain_text("Preference accuracy")
    unfold(page, "train-log-box")
    expect(page.locator("#train-config textarea")).to_have_value(re.compile(rf"method: dpo[\s\S]*start_adapter: {run}"))
    expect(page.locator("#train-command textarea")).to_have_value(re.compile("cai_ui train .*config.yaml"))
    shot(page, "training-dpo-done")
    assert visit.errors == [] and visit.foreign == []
