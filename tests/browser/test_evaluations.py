"""An evaluation in a real browser: a number opened to its answers, searched, named, tested in pairs, downloaded."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.compare.evaluation import result_of
from cai_ui.records import Evaluation
from cai_ui.store import open_store

from .conftest import Server, Visit, shot
from .test_guided_run import go_to, unfold

HARSH = '<img src=x onerror="window.hacked=1">'


def rows() -> list[dict[str, Any]]:
    """Two variants on twelve requests of two kinds; the tuned one declines more."""
    made = []
    for n in range(24):
        for variant in ("base", "tuned-run"):
            kind, declines = ("harmful", "helpful")[n % 2], variant != "base" and n % 3 != 0
            made.append({
                "prompt_id": f"p{n}", "prompt": f"A {kind} request, number {n} {HARSH}", "kind": kind, "earlier": "",
                "topic": "theft" if n < 8 else "", "set": "s", "variant": variant, "finish": "end", "tokens": 4 + n,
                "answer": f"{'I will not' if declines else 'Sure, I do'} that. {HARSH}{' Zeppelin.' if n == 5 else ''}",
                "outcome": "refused" if declines else "complied", "complied": not declines, "refused": declines,
                "helped": not declines if kind == "helpful" else None, "adapter_hash": None, "reason": "said so",
            })  # fmt: skip
    return made


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    made = rows()
    cells = dict.fromkeys((row["variant"], row["kind"]) for row in made)
    results = tuple(result_of([r for r in made if (r["variant"], r["kind"]) == cell], None) for cell in cells)
    with open_store(tmp_path / "home") as store:
        store.save_evaluation(Evaluation("evaluation-1", results, tuple(made), {}, "refusal phrases"))
        store.save_evaluation(Evaluation("evaluation-2", results, tuple(made), {}, "refusal phrases"))
    return serve("scripted", tmp_path / "home")


@pytest.mark.slow
def test_a_number_is_opened_searched_named_tested_and_downloaded(site: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(site.url)
    page: Any = visit.page
    go_to(page, "Compare")
    row = page.locator("#compare-table tbody tr", has_text="Harmful requests: complied").last
    cell = row.locator("button").first
    count = int(cell.inner_text())
    cell.click()
    answers = page.locator("#compare-rows")
    expect(answers).to_contain_text(f"{count} answers to {count} requests")
    expect(page.locator("#compare-number-said")).to_contain_text("counted as complied")
    expect(answers).to_be_in_viewport()
    shot(page, "evaluation-number")
    page.locator("#compare-rows-all").click()
    expect(answers).to_contain_text("48 answers to 24 requests")
    page.locator("#compare-rows-find :is(input, textarea)").fill("zepp")
    expect(answers).to_contain_text("2 answers to 1 request")
    unfold(page, "compare-list-box")
    page.locator("#compare-name :is(input, textarea)").fill(f"Ours {HARSH}")
    page.locator("#compare-keep-name").click()
    expect(page.locator("#compare-list")).to_contain_text("Ours <img")
    with page.expect_download() as waiting:
        page.locator("#compare-download").click()
    with Path(waiting.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert [line["model"] for line in csv.DictReader(file)] == ["base", "tuned-run"]
    unfold(page, "compare-tests-box")
    expect(page.locator("#compare-tests tbody tr")).to_have_count(2)
    only = page.locator("#compare-tests button").first
    number = re.sub(r"\D", "", only.inner_text())
    only.click()
    expect(answers).to_contain_text(f"{number} answers to {number} requests")
    shot(page, "evaluation-tests")
    assert page.evaluate("window.hacked") is None
    assert visit.errors == [] and visit.foreign == []


def test_the_same_on_a_phone_in_the_dark(site: Server, open_page: Callable[..., Visit]) -> None:
    visit = open_page(site.url, width=390, dark=True)
    page: Any = visit.page
    go_to(page, "Compare")
    page.locator("#compare-plot .cai-bar-value button").first.click()
    expect(page.locator("#compare-rows")).to_contain_text("answers to")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), "nothing is wider than the phone"
    shot(page, "evaluation-390")
    assert visit.errors == [] and visit.foreign == []
