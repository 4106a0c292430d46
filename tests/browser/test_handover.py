"""Every button that leads to another tab brings along what was just made: a dataset, a run, a batch, an import."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError, expect

from .conftest import Server, Visit
from .test_guided_run import fill_number, go_to, unfold

LEADING = """() => {
  const { dependencies, components } = window.gradio_config;
  const id = (component) => component.props.elem_id;
  const tabs = components.find((component) => id(component) === "tabs").id;
  const byId = Object.fromEntries(components.map((component) => [component.id, id(component)]));
  const leading = dependencies.filter((d) => d.outputs.includes(tabs));
  const button = new Set(components.filter((component) => component.type === "button").map(id));  // links: test_lineage
  return leading.flatMap((d) => d.targets.map(([target]) => byId[target])).filter((name) => button.has(name));
}"""


def choose(page: Any, menu: str, words: str) -> None:
    """Gradio's open menu keeps the entries it was opened with, so one that came too early is opened again."""
    option = page.get_by_role("option", name=re.compile(re.escape(words))).first
    field = page.locator(f"#{menu} input")
    for _ in range(6):
        field.click()
        try:
            option.wait_for(timeout=10_000)
        except TimeoutError:
            page.keyboard.press("Escape")
            field.blur()
        else:
            break
    option.click()


def by_hand(page: Any, _: Path) -> None:
    go_to(page, "Start")
    page.locator("#start-by-hand").click()
    page.locator("#principles-list label").first.wait_for()


def a_dataset(page: Any, _: Path) -> None:
    go_to(page, "Train")
    first = page.locator("#train-dataset input").input_value()
    go_to(page, "Curate")
    unfold(page, "curate-data")
    page.locator("#curate-dataset-name :is(input, textarea)").fill("the newest one")
    page.locator("#curate-freeze").click()
    expect(page.locator("#curate-frozen")).to_contain_text("Frozen as")
    page.locator("#curate-to-train").click()
    page.locator("#train-start").wait_for()
    expect(page.locator("#train-dataset input")).to_have_value(re.compile("the newest one"))
    assert "the newest one" not in first


def a_run(page: Any, _: Path) -> None:
    """The oldest run that has an adapter, which nothing would choose by itself."""
    go_to(page, "Compare")
    page.locator("#compare-variants input").first.wait_for()
    titles = page.locator("#compare-variants label").all_inner_texts()
    go_to(page, "Train")
    name = titles[1].split(" · ")[0].strip()
    choose(page, "train-run", name)
    expect(page.locator("#train-live")).to_contain_text(name)
    page.locator("#train-to-compare").click()
    page.locator("#compare-answer").wait_for()
    ticked = page.locator("#compare-variants label", has=page.locator("input:checked"))
    expect(ticked).to_have_count(2)
    assert [text.strip() for text in ticked.all_inner_texts()] == [titles[0].strip(), titles[1].strip()]


def a_batch(page: Any, _: Path) -> None:
    go_to(page, "Critique & Revision")
    unfold(page, "batch")
    fill_number(page, "batch-number", 2)
    page.locator("#batch-start").click()
    expect(page.locator("#batch-progress")).to_contain_text("Done: 2 of 2", timeout=120_000)
    page.locator("#batch-to-curate").click()
    shows_source(page, re.compile(r"^batch \d{4}-"))


def an_import(page: Any, folder: Path) -> None:
    rows = folder / "Straße.jsonl"
    rows.write_text('{"prompt": "How do I bake rye bread?", "response": "With sourdough."}\n', encoding="utf-8")
    go_to(page, "Curate")
    unfold(page, "curate-import-box")
    with page.expect_file_chooser() as chooser:
        page.locator("#curate-import").click()
    chooser.value.set_files(str(rows))
    page.locator("#curate-import-take").click()
    expect(page.locator("#curate-import-report")).to_contain_text("1 new in the queue")
    page.locator("#curate-import-judge").click()
    shows_source(page, "Straße.jsonl")
    expect(page.locator("#curate-card")).to_contain_text("rye bread")
    expect(page.locator("#curate-card")).to_be_in_viewport()


def shows_source(page: Any, source: str | re.Pattern[str]) -> None:
    page.locator("#curate-card [data-example]").wait_for()
    if not page.locator("#curate-source input").is_visible():
        unfold(page, "curate-filter")
    expect(page.locator("#curate-source input")).to_have_value(source)


HANDED: dict[str, Callable[[Any, Path], None]] = {
    "start-by-hand": by_hand,
    "curate-to-train": a_dataset,
    "train-to-compare": a_run,
    "batch-to-curate": a_batch,
    "curate-import-judge": an_import,
}


@pytest.mark.slow
def test_what_was_made_is_chosen_where_its_button_leads(
    full: Server, open_page: Callable[..., Visit], tmp_path: Path
) -> None:
    visit = open_page(full.url)
    page: Any = visit.page
    page.locator("[data-state=ready]").first.wait_for(timeout=120_000)
    assert sorted(page.evaluate(LEADING)) == sorted(HANDED), "a button that leads to a tab has no test here"
    failed = []
    for button, handed in HANDED.items():
        try:
            handed(page, tmp_path)
        except AssertionError as error:
            failed.append(f"{button}: {error}")
    if failed:
        pytest.fail("\n\n".join(failed))
    assert visit.errors == []
