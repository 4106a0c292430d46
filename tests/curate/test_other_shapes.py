"""Files as neighbouring tools write them: each gives the right rows, or a sentence that says what it is instead."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.curate.columns import Columns
from cai_ui.curate.importing import ImportReport, Plan, read_rows
from cai_ui.curate.label_columns import Meaning, rule
from cai_ui.errors import FileFormatError
from cai_ui.pipeline.curate.imports import ImportPreview, remarks
from cai_ui.tables import rows_of

TALK = [{"role": "user", "content": 'It\'s "hot"?'}, {"role": "assistant", "content": "a"}]
CALL = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": {"name": "f"}}]}


def take(folder: Path, name: str, content: bytes | str, *rules: tuple[str, Meaning]) -> ImportReport:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rows(path, Plan(rules=tuple(rule(*one) for one in rules)))


def pairs(report: ImportReport) -> list[tuple[str, str]]:
    return [(one.conversation[-1].content, one.revision) for one in report.examples]


def table(*rows: list[Any]) -> str:
    held = io.StringIO()
    csv.writer(held).writerows(rows)
    return held.getvalue()


@pytest.mark.parametrize(
    ("test", "cells", "good"),
    [
        (">=4", ["4/5", "1/5", "5/5"], [0, 2]),
        (">=50", ["85%", "20 %"], [0]),
        (">=0.5", ["0,5", "0,4"], [0]),
        (">=4", ["★★★★☆", "⭐⭐", "4 stars", "3 out of 5"], [0, 2]),
        ("=4/5", ["4/5", "4/10", "4"], [0]),
        ("=👍", ["👍🏽", "👎", "👍\ufe0f"], [0, 2]),
        ("=tie", ["tie", "TIE ", "tie (bothbad)"], [0, 1]),
    ],
)
def test_labels_are_read_as_people_write_them(tmp_path: Path, test: str, cells: list[str], good: list[int]) -> None:
    rows = [[str(place), "a", cell] for place, cell in enumerate(cells)]
    report = take(tmp_path, "a.csv", table(["prompt", "response", "rating"], *rows), (f"rating{test}", "good"))
    judged = [place for place, one in enumerate(report.examples) if one.id in report.meanings]
    assert judged == good


def test_labels_that_no_rule_fits_are_named(tmp_path: Path) -> None:
    rows = [["q", "a", "yes"], ["r", "b", "maybe"], ["s", "c", ""]]
    report = take(tmp_path, "a.csv", table(["prompt", "response", "is_safe"], *rows), ("is_safe=yes", "good"))
    assert [one.words for one in report.unmatched] == ["maybe 1"]
    assert "is_safe: maybe 1" in " ".join(remarks(ImportPreview(report, 0, 0)))


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NULL", "<NA>"])
def test_a_missing_answer_of_a_table_is_no_answer(tmp_path: Path, cell: str) -> None:
    report = take(tmp_path, "a.csv", table(["prompt", "response"], ["q", cell], ["Risks?", "None"]))
    assert pairs(report) == [("Risks?", "None")] and [line for line, _ in report.bad_rows] == [2]


@pytest.mark.parametrize("written", [json.dumps(TALK), repr(TALK), repr(TALK).replace("}, {", "}\n {")])
def test_messages_in_a_cell_are_messages_whoever_wrote_them(tmp_path: Path, written: str) -> None:
    """JSON, a list as Python writes it, and an array as NumPy does."""
    assert pairs(take(tmp_path, "a.csv", table(["messages"], [written]))) == [('It\'s "hot"?', "a")]


def test_code_that_looks_like_a_list_stays_text(tmp_path: Path) -> None:
    deep = "[{'role': " + "[" * 20_000 + "]" * 20_000 + "}]"
    for code in (
        deep,
        "[{'role': " + "-" * 30_000 + "1}]",
        "[{'x': 1}]",
        "[{'role': f()}]",
        "[1, 2]",
        "[{'role': 'user', 'content': 'q'}",
    ):
        assert pairs(take(tmp_path, "a.csv", table(["prompt", "response"], ["q", code]))) == [("q", code)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "whole",
    [
        {"prompt": ["q", "r"], "response": ["a", "b"]},
        {"prompt": {"0": "q", "1": "r"}, "response": {"0": "a", "1": "b"}},
        {"prompt": {"7": "q", "9": "r"}, "response": {"9": "b", "7": "a"}},
        {"version": "1", "data": [{"prompt": "q", "response": "a"}, {"prompt": "r", "response": "b"}]},
    ],
)
def test_a_table_in_one_object_is_a_table(tmp_path: Path, whole: dict[str, Any], indent: int | None) -> None:
    assert pairs(take(tmp_path, "a.json", json.dumps(whole, indent=indent))) == [("q", "a"), ("r", "b")]


def test_such_a_table_may_be_longer_than_a_line_may_be(tmp_path: Path) -> None:
    whole = {"prompt": [f"{n} " + "q" * 900 for n in range(1_500)], "response": ["a"] * 1_500}
    assert len(take(tmp_path, "a.json", json.dumps(whole)).examples) == 1_500
    first = json.dumps({"prompt": "q" * 1_100_000, "response": "a"})
    later = take(tmp_path, "a.jsonl", first + "\n" + json.dumps({"prompt": "q", "response": "a"}) + "\n")
    assert pairs(later) == [("q", "a")] and [line for line, _ in later.bad_rows] == [1]


def test_one_row_with_lists_of_messages_is_one_row(tmp_path: Path) -> None:
    row = {"prompt": [TALK[0]], "completion": [TALK[1]]}
    assert pairs(take(tmp_path, "a.json", json.dumps(row))) == [(TALK[0]["content"], "a")]


@pytest.mark.parametrize("name", ["answers", "options", "candidates"])
@pytest.mark.parametrize("chosen", [1, "1"])
def test_the_number_of_the_chosen_answer_stands_beside_both(tmp_path: Path, name: str, chosen: object) -> None:
    row = {"prompt": "q", name: ["a", "b"], "chosen": chosen}
    report = take(tmp_path, "a.jsonl", json.dumps(row), ("chosen=1", "other"))
    (example,) = report.examples
    assert (example.revision, example.initial, list(report.meanings.values())) == ("a", "b", ["other"])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "q", "completions": ["a", "b", "c"]}, "completions is a list of 3"),
        ({"prompt": "q", "completions": ["a", "b"], "labels": [True, False]}, "completions are steps"),
        ({"prompt": ["q", "r"], "response_a": ["a", "b"], "response_b": ["c", "d"]}, "different conversations"),
        ({"goal": "q", "target": "Sure"}, "no answer"),
        ({"messages": [TALK[0], CALL, {"role": "tool", "content": "1"}, TALK[1]]}, "turn 2, of the role 'assistant'"),
        ({"messages": [TALK[0], {"role": "tool", "content": "1"}, TALK[1]]}, "turn 2, of the role 'tool'"),
        ({"messages": [TALK[0]]}, "does not end with an answer"),
        ({"messages": []}, "does not end with an answer"),
        ({"prompt": "q", "response": {"text": "a"}}, "not text"),
        ({"prompt": "2+2?", "response": 4}, "not text"),
        ({"fields": {"prompt": "q"}, "responses": {"quality": [{"value": "good"}]}}, "no answer"),
        ({"data": {"prompt": "q"}, "annotations": [{"result": []}]}, "no answer"),
        ({"input": {"messages": [TALK[0]]}, "preferred_output": [TALK[1]]}, "non_preferred_output is missing"),
        ({"text": "a", "label": "rude"}, "no known columns"),
    ],
)
def test_a_row_that_does_not_fit_says_why(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    report = take(tmp_path, "a.jsonl", json.dumps(row) + "\n" + json.dumps({"prompt": "q", "response": "a"}))
    assert [line for line, _ in report.bad_rows] == [1] and said in report.bad_rows[0][1]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_any_end_of_line(tmp_path: Path, delimiter: str, mark: bytes) -> None:
    lines = [delimiter.join(cells) for cells in (("prompt", "response"), ("q", "a"), ("r", '"b\n2"'))]
    for end in ("\n", "\r\n"):
        found = take(tmp_path, "a.csv", mark + end.join(lines).encode())
        assert pairs(found) == [("q", "a"), ("r", "b\n2")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "prompt,response\nq,a\n".encode("utf-16-le"), "UTF-16"),
        ("a.jsonl", '{"prompt": "q"}'.encode("utf-16-be"), "UTF-16"),
        ("a.csv", "prompt,response\ncafé,a\n".encode("latin-1"), "Line 2 is not UTF-8"),
        ("a.csv", b"prompt,response\n", "no rows"),
        ("a.csv", b"prompt,prompt\nq,a\n", "there twice"),
        ("a.jsonl", b"\n \n", "empty"),
        ("a.json", b"[]", "no rows"),
        ("a.gz", gzip.compress(b"")[:-4], "cut short"),
    ],
)
def test_a_file_that_is_none_says_why(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(FileFormatError, match=said):
        take(tmp_path, name, content)


def test_a_folder_named_like_a_file_and_a_table_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(FileFormatError, match="directory"):
        read_rows(tmp_path / "a.jsonl")
    pq.write_table(pa.table({"prompt": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(FileFormatError, match="empty"):
        read_rows(tmp_path / "a.parquet")
    held = gzip.compress((tmp_path / "a.parquet").read_bytes())
    with pytest.raises(FileFormatError, match="empty"):
        take(tmp_path, "a.parquet.gz", held)


def test_one_row_whose_answers_hold_the_same_keys_is_one_row(tmp_path: Path) -> None:
    """It was read as two rows under their ids, of which neither is a pair."""
    row = {"chosen": {"prompt": "q", "response": "good"}, "rejected": {"prompt": "q", "response": "bad"}}
    rows = [found for _, found in rows_of(_kept(tmp_path / "a.json", json.dumps(row, indent=1)))]
    assert rows == [row]
    by_id = {"r1": {"prompt": "q", "response": "good"}, "r2": {"prompt": "p", "response": "bad"}}
    assert pairs(take(tmp_path, "b.json", json.dumps(by_id))) == [("q", "good"), ("p", "bad")]


def _kept(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("row", "critique"),
    [
        ({"prompt": "q", "response": "bad", "revision": "good"}, None),
        ({"question": "q", "initial_response": "bad", "critique": "c", "revised_response": "good"}, "c"),
        ({"instruction": "q", "input": "", "output": "bad", "correction": "good"}, None),
        ({"prompt": "q", "responses": ["bad"], "revision": "good"}, None),
        ({"prompt": "q", "initial": "bad", "revised": "good"}, None),
        ({"prompt": "q", "Initial response": "bad", "critique": "c", "revised": "good"}, "c"),
        ({"prompt": "q", "original_answer": "bad", "Improved Answer": "good"}, None),
        ({"prompt": "q", "draft": "bad", "rewritten_response": "good"}, None),
        ({"prompt": "q", "answer": "good", "rejected": "bad"}, None),
        ({"prompt": "q", "answer": "x", "chosen": "good", "rejected": "bad"}, None),
    ],
)
def test_what_was_written_in_place_of_an_answer_is_the_better_one(
    tmp_path: Path, row: dict[str, Any], critique: str | None
) -> None:
    """The revision was passed over, and what it was made to replace was the answer."""
    (example,) = take(tmp_path, "a.jsonl", json.dumps(row)).examples
    assert (example.prompt.text, example.revision, example.initial) == ("q", "good", "bad")
    assert example.critique == critique


@pytest.mark.parametrize("name", ["initial", "draft", "initial_response", "original_output", "first_answer"])
def test_what_was_made_better_is_no_answer_to_learn_from(tmp_path: Path, name: str) -> None:
    """Seen: beside a revision whose column was not known, twenty thousand initial answers came in as good ones."""
    row = json.dumps({"prompt": "q", name: "bad", "version two": "good"})
    report = take(tmp_path, "a.jsonl", row)
    assert not report.examples and len(report.bad_rows) == 1
    chosen = Plan(Columns(request="prompt", answer="version two", initial=name))
    (example,) = read_rows(_kept(tmp_path / "b.jsonl", row), chosen).examples
    assert (example.revision, example.initial) == ("good", "bad")


def test_a_revision_belongs_to_its_whole_request(tmp_path: Path) -> None:
    row = {"instruction": "Add.", "input": "2 and 2", "output": "5", "revision": "4"}
    assert pairs(take(tmp_path, "a.jsonl", json.dumps(row))) == [("Add.\n\n2 and 2", "4")]
    assert pairs(take(tmp_path, "b.jsonl", json.dumps({"prompt": "q", "response": "a", "revision": None}))) == [
        ("q", "a")
    ]
