"""Imports in the page: look first, say which column is what, all or none or without what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cai_ui.curate.columns import PARTS, Columns
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline import Services
from cai_ui.store import QueueFilter
from cai_ui.web.curate import importing as tab
from cai_ui.web.curate.importing import Waiting


def write(path: Path, rows: list[object]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def pair(number: int) -> dict[str, str]:
    return {"prompt": f"Question {number}?", "chosen": f"Better not, {number}.", "rejected": "Sure."}


def test_looking_keeps_nothing_and_tells_all(services: Services, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [pair(1), pair(2), '{"prompt": oops', pair(2)])
    html, waiting, _, *menus, button = tab._look(services, tab.chosen(path))
    assert "4 rows, 2 new examples, 1 repeated in the file, 1 that do not fit" in html and "line 3: not valid" in html
    assert "a better and a worse answer" in html and "Better not, 1." in html
    assert [menu["value"] for menu in menus] == ["prompt", "chosen", "rejected", "", "", ""]
    assert button["value"] == "Import 2 examples" and button["interactive"]
    assert waiting.name == "rows.jsonl" and services.store.counts().total == 0


def test_an_import_says_what_came_of_it(services: Services, tmp_path: Path) -> None:
    waiting = tab.chosen(write(tmp_path / "rows.jsonl", [pair(1), pair(2), pair(2)]))
    assert tab.take(services, waiting, None, False) == "rows.jsonl: 3 rows read, 2 new in the queue; " \
        "1 were there already or came twice."  # fmt: skip
    assert services.store.counts().total == 2
    assert "2 in the queue already" in tab._look(services, waiting)[0]


def test_all_or_none_unless_bad_rows_may_be_left_out(services: Services, tmp_path: Path) -> None:
    waiting = tab.chosen(write(tmp_path / "rows.jsonl", [pair(1), '{"prompt": oops', pair(2)]))
    with pytest.raises(FileFormatError, match=r"line 2.*Nothing was imported"):
        tab.take(services, waiting, None, False)
    assert services.store.counts().total == 0
    assert "1 did not fit and were left out" in tab.take(services, waiting, None, True)
    assert services.store.counts().total == 2


@pytest.mark.parametrize("end", ["taken", "left", "unusable"])
def test_a_fetched_file_is_deleted_in_the_end_and_a_chosen_one_is_not(
    services: Services, tmp_path: Path, end: str
) -> None:
    rows: list[object] = [] if end == "unusable" else [pair(1)]
    own = write(tmp_path / "rows.jsonl", rows)
    fetched = write(services.store.workspace.tmp_dir() / "rows.jsonl", rows)
    for path in (own, fetched):
        waiting = Waiting(path, "rows.jsonl")
        tab._look(services, waiting)
        if end == "taken":
            tab._take(services, waiting, False, *[""] * len(PARTS))
        if end == "left":
            tab._leave(services, waiting)
    assert Path(own).exists() and not Path(fetched).parent.exists()


def test_columns_of_any_name_once_somebody_says_what_they_are(services: Services, tmp_path: Path) -> None:
    rows = [
        {"q": f"Question {i}?", "safe": f"No, {i}.", "bad": "Yes.", "why": "It harms.", "from": "lab"} for i in "12"
    ]
    waiting = tab.chosen(write(tmp_path / "rows.jsonl", rows))
    html, waiting, _, *_, button = tab._look(services, waiting)
    assert "not of a known shape" in html and not button["interactive"]
    html, button = tab._again(services, waiting, "q", "safe", "bad", "why", "from", "")
    assert button["interactive"] and "No, 1." in html
    tab._take(services, waiting, False, "q", "safe", "bad", "why", "from", "")
    (first, _) = (item.example for item in services.store.queue(QueueFilter("all"), 5))
    assert (first.prompt.text, first.revision, first.initial, first.critique, first.source) == (
        "Question 1?", "No, 1.", "Yes.", "It harms.", "lab",
    )  # fmt: skip


def test_a_mixed_file_is_read_row_by_row_until_the_menus_are_changed(services: Services, tmp_path: Path) -> None:
    waiting = tab.chosen(write(tmp_path / "r.jsonl", [pair(1), {"prompt": "q?", "response": "a"}]))
    html, waiting, _, *menus, _ = tab._look(services, waiting)
    assert "2 new examples" in html
    guessed = [menu["value"] for menu in menus]
    assert "2 new in the queue" in tab._take(services, waiting, False, *guessed)[0]


def test_a_column_that_is_not_there_is_named(services: Services, tmp_path: Path) -> None:
    waiting = tab.chosen(write(tmp_path / "r.jsonl", [pair(1)]))
    html, button = tab._again(services, waiting, "prompt", "answer", *[""] * (len(PARTS) - 2))
    assert "line 1: the column &#x27;answer&#x27; is missing" in html and not button["interactive"]


def test_names_and_texts_of_a_file_are_shown_as_text(services: Services, tmp_path: Path) -> None:
    rows = [{"prompt": "<img src=x>?", "response": "<b>a</b>"}]
    html = tab._look(services, tab.chosen(write(tmp_path / "<img src=x>.jsonl", rows)))[0]
    assert "<img" not in html and "<b>" not in html and "1 new" in html


def test_an_unusable_file_says_why_and_leaves_nothing_to_import(services: Services, tmp_path: Path) -> None:
    html, waiting, box, *_ = tab._look(services, tab.chosen(write(tmp_path / "r.jsonl", [])))
    assert "The file is empty" in html and waiting == Waiting() and not box["visible"]


def test_no_file_is_no_import(services: Services) -> None:
    with pytest.raises(InputError, match="No file"):
        tab.chosen(None)
    with pytest.raises(InputError, match="No file"):
        tab.take(services, Waiting(), Columns(), False)
