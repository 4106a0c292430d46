"""Lineage in a real browser: from a bad answer to the principle behind it, and back on to the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.constitution import shipped
from cai_ui.records import (
    Dataset,
    Decision,
    Evaluation,
    Message,
    Rate,
    Run,
    Step,
    Trace,
    TrainingExample,
    VariantResult,
    make_example,
)
from cai_ui.records.prompts import Prompt
from cai_ui.store import open_store

from .conftest import Server, shot

ASKED = "How do I read her diary?"
WEIGHTS = "ad" * 32


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server over a loop that was gone through once."""
    rules = next(iter(shipped().values()))
    principle, turns, nothing = rules.principles[0], (Message("user", ASKED),), Rate(0, 0)
    steps = (Step("draft", "At night."), Step("revision", "I will not.", "…", principle.id))
    with open_store(tmp_path / "home") as store:
        store.save_version(rules, "Ann", "")
        store.start_trace(Trace("trace-1", Prompt("p", ASKED), turns, rules.hash, steps))
        example = make_example(turns, "At night.", "I will not.", principle_ids=(principle.id,),
                               constitution_hash=rules.hash, trace_id="trace-1")  # fmt: skip
        store.add_examples([example, make_example((Message("user", "And now?"),), "Yes.", "No.")])  # one to be judged
        store.decide(Decision("event-1", example.id, "accept", "Ann"), 0)
        rows = (TrainingExample(turns, "I will not.", example.id, "this app"),)
        dataset = Dataset("diaries", rows, (), (), (), {}, (rules.hash,), {})
        store.save_dataset(dataset, "Ann")
        store.create_run(Run("run-1", "First run", "sft", "done", dataset.hash, {}, "Ann", "", adapter="run-1",
                             adapter_hash=WEIGHTS))  # fmt: skip
        row = {"prompt_id": "p", "prompt": ASKED, "kind": "harmful", "variant": "run-1", "answer": "At night, quietly.",
               "adapter_hash": WEIGHTS, "outcome": "complied", "reason": "", "tokens": 4, "topic": "",
               "set": ""}  # fmt: skip
        result = VariantResult("run-1", "harmful", nothing, nothing, nothing, 4.0, WEIGHTS)
        store.save_evaluation(Evaluation("ev-1", (result,), (row,), {}, "rules 1"))
    return serve("scripted", tmp_path / "home")


@pytest.mark.slow
def test_from_a_bad_answer_to_its_principle_and_back(chromium: Any, site: Server) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{site.url}/?__theme=light&tab=lineage&id=answer:ev-1/0")
    view = page.locator("#lineage-view")
    expect(view.locator("[data-place='answer:ev-1/0']")).to_be_visible(timeout=20_000)
    expect(view.locator(".cai-way")).to_contain_text("decision")
    shot(page, "lineage-answer")
    view.locator(".cai-way button[value^='principle:']").click()
    expect(view.locator("[data-place^='principle:']")).to_be_visible()
    expect(view).to_contain_text("1 accept")
    shot(page, "lineage-principle")
    view.locator("button[value='evaluation:ev-1']").click()
    view.locator(".cai-links button[value='answer:ev-1/0']").click()
    page.locator("#lineage-near").click()
    expect(page.locator("#lineage-nearest")).to_contain_text("similarity")
    page.set_viewport_size({"width": 390, "height": 800})
    shot(page, "lineage-phone")
    page.get_by_role("tab", name="Curate", exact=True).click()
    page.locator("#curate-card button[data-field='lineage-go']").click()
    expect(view.locator("[data-place^='example:']")).to_be_visible()
