"""Files in and out of Curate: import all or nothing, freeze, list, export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cai_ui.config.curate import DatasetSettings
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import imports, queue
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.store import QueueFilter
from cai_ui.web.curate import datasets as tab

from .page import Page

ME = "me"
NO_MIX = DatasetSettings(helpful=0, eval_share=0.2)


def write(path: Path, rows: list[object]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def pair(number: int) -> dict[str, str]:
    return {"prompt": f"Question {number}?", "chosen": f"Better not, {number}.", "rejected": "Sure."}


def accept_all(services: Services) -> None:
    queue.decide_open(services, QueueFilter("open"), "accept", "me")


def test_freezing_needs_something_judged(services: Services) -> None:
    with pytest.raises(InputError, match="Nothing has been judged"):
        freeze_dataset(services, "first", NO_MIX, ME)


def test_a_frozen_dataset_is_listed_with_counts_and_what_was_left_out(services: Services, tmp_path: Path) -> None:
    imports.import_file(services, write(tmp_path / "a.jsonl", [pair(n) for n in range(10)]))
    first = services.store.queue(QueueFilter("open"))[0].example.id
    services.store.decide_many([first], "reject", "me")
    accept_all(services)
    info = freeze_dataset(services, "<b>first</b>", NO_MIX, ME)
    html = tab.datasets_html(services.store.datasets())
    assert info.hash[:8] in html and "1 rejected" in html
    assert "<b>" not in html
    learnt, held_out = info.counts["sft_train"], info.counts["sft_eval"]
    assert (learnt + held_out, held_out > 0) == (9, True)
    assert tab.counts_words(info.counts, "sft") == f"{learnt} for training, {held_out} held out"
    assert tab.dataset_choices([info])[0][1] == info.hash


def test_what_was_frozen_in_the_box_is_listed_and_chosen(services: Services, tmp_path: Path) -> None:
    imports.import_file(services, write(tmp_path / "a.jsonl", [pair(n) for n in range(10)]))
    accept_all(services)
    page = Page(services)
    box = page.tab.datasets
    page.given |= box.form.changes(NO_MIX) | {box.name: "first"}
    page.take(box.freeze_now(page.given))
    [info] = services.store.datasets()
    assert (info.name, info.author) == ("first", ME) and "8 " in page[box.frozen]
    assert page[box.chosen] == info.hash and info.hash[:8] in page[box.sets]


def test_where_helpful_rows_come_from_is_chosen_and_seen_before_freezing(services: Services, tmp_path: Path) -> None:
    imports.import_file(services, write(tmp_path / "a.jsonl", [pair(n) for n in range(10)]), "a.jsonl")
    accept_all(services)
    more: list[object] = [{"prompt": f"Help {n}?", "response": f"<b>Yes</b> {n}."} for n in range(5)]
    imports.import_file(services, write(tmp_path / "b.jsonl", more), "b.jsonl")
    page = Page(services)
    box = page.tab.datasets
    page.given[box.name] = "first"
    page.take(box.usual.look(page.given[page.session], ""))
    assert page[box.helpful_from] == ["reference"], "the scripted model stands in for the embedded one"
    page.given[box.helpful_from] = ["b.jsonl"]
    page.take(box.preview_now(page.given))
    assert "10 rows (10 a.jsonl)" in page[box.frozen] and "5 rows (5 b.jsonl)" in page[box.frozen]
    assert "&lt;b&gt;Yes" in page[box.frozen] and "<b>" not in page[box.frozen] and services.store.datasets() == []
    page.take(box.freeze_now(page.given))
    page.given[box.helpful_from] = []
    page.take(box.freeze_now(page.given))
    alone, mixed = services.store.datasets()
    assert (mixed.mixed, alone.mixed) == ({"b.jsonl": 5}, {})
    page.given[box.form.widgets["harmless_limit"]] = 4
    page.take(box.freeze_now(page.given))
    assert "The limit of 4 judged examples left 6 out" in page[box.frozen] and "warn" in page[box.frozen]


@pytest.mark.parametrize("name", ["", "  ", "a\x00", "x" * 5_000])
def test_a_dataset_needs_a_name_that_can_be_kept(services: Services, tmp_path: Path, name: str) -> None:
    imports.import_file(services, write(tmp_path / "a.jsonl", [pair(1), pair(2)]))
    accept_all(services)
    with pytest.raises(InputError):
        freeze_dataset(services, name, NO_MIX, ME)
    assert services.store.datasets() == []


def test_both_exports_are_files_of_the_download_folder(services: Services, tmp_path: Path) -> None:
    imports.import_file(services, write(tmp_path / "a.jsonl", [pair(n) for n in range(10)]))
    accept_all(services)
    info = freeze_dataset(services, "first", NO_MIX, ME)
    for kind, key in (("sft", "completion"), ("dpo", "chosen")):
        path = Path(tab.export(services, kind, info.hash))
        assert path.parent == services.store.workspace.exports_dir()
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(rows) == 8 and all(key in row for row in rows)


def test_an_export_needs_a_dataset_that_is_there(services: Services) -> None:
    with pytest.raises(InputError, match="No dataset"):
        tab.export(services, "sft", None)
    with pytest.raises(NotFoundError):
        tab.export(services, "sft", "0" * 64)
