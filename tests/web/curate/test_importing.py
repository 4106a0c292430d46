"""Imports in the page: look first, say which column is what, all or none or without what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cai_ui.curate.importing import Plan
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate.importing import ImportBox, Waiting, take

from .page import Page


def write(path: Path, rows: list[object]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def pair(number: int) -> dict[str, str]:
    return {"prompt": f"Question {number}?", "chosen": f"Better not, {number}.", "rejected": "Sure."}


class Import:
    """The box on a page, and what was chosen in it."""

    def __init__(self, services: Services, path: str = "") -> None:
        self.page = Page(services)
        self.box: ImportBox = self.page.tab.imports
        if path:
            self.page.take(self.box.choose(path))

    @property
    def html(self) -> str:
        return str(self.page[self.box.report])

    @property
    def waiting(self) -> Waiting:
        found = self.page[self.box.waiting]
        assert isinstance(found, Waiting)
        return found

    @property
    def ready(self) -> bool:
        return bool(self.page.of(self.box.take)["interactive"])

    def columns(self) -> list[str]:
        return [self.page[menu] for menu in self.box.columns.values()]

    def say(self, *columns: str) -> None:
        """Choose other columns, in the order of the menus."""
        self.page.given |= dict(zip(self.box.columns.values(), columns, strict=False))
        self.page.take(self.box.preview(self.page.given))

    def accept(self) -> None:
        self.page.take(self.box.accept(self.page.given))


def test_looking_keeps_nothing_and_tells_all(services: Services, tmp_path: Path) -> None:
    shown = Import(services, write(tmp_path / "rows.jsonl", [pair(1), pair(2), '{"prompt": oops', pair(2)]))
    assert "4 rows: 2 examples, 1 repeated in the file, 1 that do not fit" in shown.html
    assert "2 new examples" in shown.html
    assert "line 3: not valid" in shown.html and "As it stands nothing is imported" in shown.html
    assert "a better and a worse answer" in shown.html and "Better not, 1." in shown.html
    assert shown.columns() == ["prompt", "chosen", "rejected", *[""] * 6]
    assert shown.page.of(shown.box.take)["value"] == "Import 2 examples" and shown.ready
    assert shown.waiting.name == "rows.jsonl" and services.store.counts().total == 0


def test_an_import_says_what_came_of_it(services: Services, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [pair(1), pair(2), pair(2)])
    assert take(services, Waiting(path, "rows.jsonl"), Plan(), False) == (
        "rows.jsonl: 3 rows: 2 examples, 1 repeated in the file. 2 new in the queue."
    )
    assert services.store.counts().total == 2
    assert "2 in the queue already" in Import(services, path).html


def test_all_or_none_unless_bad_rows_may_be_left_out(services: Services, tmp_path: Path) -> None:
    waiting = Waiting(write(tmp_path / "rows.jsonl", [pair(1), '{"prompt": oops', pair(2)]), "rows.jsonl")
    with pytest.raises(FileFormatError, match=r"line 2.*Nothing was imported"):
        take(services, waiting, Plan(), False)
    assert services.store.counts().total == 0
    assert "1 that do not fit (1 × not valid JSON" in take(services, waiting, Plan(), True)
    assert services.store.counts().total == 2


@pytest.mark.parametrize("end", ["taken", "left", "unusable"])
def test_a_fetched_file_is_deleted_in_the_end_and_a_chosen_one_is_not(
    services: Services, tmp_path: Path, end: str
) -> None:
    rows: list[object] = [] if end == "unusable" else [pair(1)]
    own = write(tmp_path / "rows.jsonl", rows)
    fetched = write(services.store.workspace.tmp_dir() / "rows.jsonl", rows)
    for path in (own, fetched):
        shown = Import(services, path)
        if end == "taken":
            shown.accept()
        if end == "left":
            shown.page.take(shown.box.forget(shown.waiting))
        assert shown.waiting == Waiting() and shown.page.of(shown.box.mapping)["visible"] is False
    assert Path(own).exists() and not Path(fetched).parent.exists()


def test_columns_of_any_name_once_somebody_says_what_they_are(services: Services, tmp_path: Path) -> None:
    rows = [
        {"q": f"Question {i}?", "safe": f"No, {i}.", "bad": "Yes.", "why": "It harms.", "from": "lab"} for i in "12"
    ]
    shown = Import(services, write(tmp_path / "rows.jsonl", rows))
    assert "not of a known shape" in shown.html and not shown.ready
    shown.say("q", "safe", "bad", "why", "from", "")
    assert shown.ready and "No, 1." in shown.html
    shown.accept()
    (first, _) = (item.example for item in services.store.queue(QueueFilter("all"), 5))
    assert (first.prompt.text, first.revision, first.initial, first.critique, first.source) == (
        "Question 1?", "No, 1.", "Yes.", "It harms.", "lab",
    )  # fmt: skip


def test_a_mixed_file_is_read_row_by_row_until_the_menus_are_changed(services: Services, tmp_path: Path) -> None:
    shown = Import(services, write(tmp_path / "r.jsonl", [pair(1), {"prompt": "q?", "response": "a"}]))
    assert "2 new examples" in shown.html
    shown.accept()
    assert "2 new in the queue" in shown.html


def test_a_column_that_is_not_there_is_named_and_the_file_stays(services: Services, tmp_path: Path) -> None:
    shown = Import(services, write(tmp_path / "r.jsonl", [pair(1)]))
    shown.say("prompt", "answer")
    assert "line 1: answer is missing" in shown.html and not shown.ready
    shown.accept()
    assert "is missing" in shown.html and shown.waiting.name == "r.jsonl"


def test_names_and_texts_of_a_file_are_shown_as_text(services: Services, tmp_path: Path) -> None:
    rows = [{"prompt": "<img src=x>?", "response": "<b>a</b>"}]
    html = Import(services, write(tmp_path / "<img src=x>.jsonl", rows)).html
    assert "<img" not in html and "<b>" not in html and "1 new" in html


def test_an_unusable_file_says_why_and_leaves_nothing_to_import(services: Services, tmp_path: Path) -> None:
    shown = Import(services, write(tmp_path / "r.jsonl", []))
    assert "The file is empty" in shown.html and shown.waiting == Waiting()
    assert shown.page.of(shown.box.mapping)["visible"] is False


def test_no_file_is_no_import(services: Services) -> None:
    shown = Import(services)
    with pytest.raises(InputError, match="No file"):
        shown.box.choose(None)
    shown.accept()
    assert "No file was chosen" in shown.html
