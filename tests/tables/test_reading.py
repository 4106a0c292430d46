"""Files of rows of every form: what is a row, what is a bad one, and which files are refused."""

from __future__ import annotations

import bz2
import codecs
import csv
import datetime
import decimal
import gzip
import io
import json
import lzma
import random
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.errors import FileFormatError
from cai_ui.tables import BadRow, Limits, rows_of

ROWS = [{"prompt": f'q {n}, “é” \u2028 "x"', "response": f"a\n{n}"} for n in range(3)]
HOSTILE = [
    '"',
    '""',
    '"lone',
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a,b;c",
    " ",
    "=1+1",
    "\u2028",
    "\u0085",
    "\ufeff",
    "é",
    "'",
    "x",
]


def zipped(name: str, content: bytes, more: str = "") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("__MACOSX/._x.jsonl", b"x")
        archive.writestr(name, content)
        if more:
            archive.writestr(more, content)
    return held.getvalue()


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def table(rows: list[dict[str, str]], **dialect: Any) -> bytes:
    held = io.StringIO()
    writer = csv.DictWriter(held, list(rows[0]), **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return held.getvalue().encode()


def read(folder: Path, name: str, content: bytes, limits: Limits = Limits()) -> list[Any]:  # noqa: B008
    (folder / name).write_bytes(content)
    return [row for _, row in rows_of(folder / name, limits)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines(ROWS)),
        ("a.jsonl", codecs.BOM_UTF8 + lines(ROWS).replace(b"\n", b"\r\n")),
        ("a.jsonl", lines(ROWS).decode().encode("utf-16")),
        ("a.json", json.dumps(ROWS).encode()),
        ("a.json", json.dumps(ROWS, indent=2).encode()),
        ("a.json", json.dumps({"version": 1, "data": ROWS}, indent=1).encode()),
        ("a.json", json.dumps({"version": 1, "data": ROWS}).encode() + b"\n\n \n"),
        ("a.json", b"\n".join(json.dumps(row, indent=1).encode() for row in ROWS)),
        ("a.txt", lines(ROWS)),
        ("a", lines(ROWS)),
        ("a.csv", table(ROWS)),
        ("a.csv", table(ROWS, delimiter=";")),
        ("a.tsv", table(ROWS, delimiter="\t")),
        ("a.csv", table(ROWS).decode().encode("utf-16")),
        ("a.jsonl.gz", gzip.compress(lines(ROWS))),
        ("a.csv.gz", gzip.compress(table(ROWS))),
        ("a.zip", zipped("folder/a.csv", table(ROWS))),
        ("a.csv", b"sep=;\r\n" + table(ROWS, delimiter=";")),
        ("a.csv", codecs.BOM_UTF8 + b"sep=,\n" + table(ROWS)),
        ("a.csv", "sep=\t\r\n".encode("utf-16") + table(ROWS, delimiter="\t").decode().encode("utf-16-le")),
        ("a.csv", table(ROWS, quoting=csv.QUOTE_ALL).replace(b'","', b'", "')),
        ("a.csv", table(ROWS) + b",\r\n   \r\n,\r\n"),
        ("a.csv", lines(ROWS)),
        ("a.csv", json.dumps(ROWS).encode()),
        ("a.txt", json.dumps(ROWS).encode()),
        (
            "a.json",
            json.dumps({"columns": ["prompt", "response"], "data": [list(row.values()) for row in ROWS]}).encode(),
        ),
        ("a.json", json.dumps({"features": [{}], "rows": [{"row_idx": 0, "row": row} for row in ROWS]}).encode()),
        ("a.json", json.dumps({f"id{place}": row for place, row in enumerate(ROWS)}).encode()),
        ("a.json", json.dumps({"items": ROWS, "total": 3}).encode()),
        ("a.jsonl", b"".join(codecs.BOM_UTF8 + lines([row]) for row in ROWS)),
        ("a.txt", codecs.BOM_UTF8 + table(ROWS, delimiter="\t")),
        ("a.txt", table(ROWS)),
        ("a.csv", table(ROWS, escapechar="\\", doublequote=False, quoting=csv.QUOTE_ALL)),
    ],
)
def test_every_form_gives_the_same_rows(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(tmp_path, name, content) == ROWS


def test_a_parquet_file_in_an_archive_is_read_too(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert read(tmp_path, "b.zip", zipped("a.parquet", (tmp_path / "a.parquet").read_bytes())) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_spreadsheet_writes_is_read_as_it_was(tmp_path: Path, delimiter: str) -> None:
    chance = random.Random(7)
    for _ in range(200):
        cells = ["".join(chance.choices(HOSTILE, k=chance.randint(1, 3))) for _ in range(6)]
        rows = [
            dict(zip(("prompt", "response"), pair, strict=True)) for pair in zip(cells[::2], cells[1::2], strict=True)
        ]
        assert read(tmp_path, "a.csv", table(rows, delimiter=delimiter)) == rows


def test_a_lone_quote_between_tabs_swallows_no_rows(tmp_path: Path) -> None:
    text = 'prompt\tresponse\nWho said it?\t"To be\n2+2?\t4\nRed?\tA colour"\nLast?\tend\nshort\n'
    *rows, bad = read(tmp_path, "a.tsv", text.encode())
    assert [row["response"] for row in rows] == ['"To be', "4", 'A colour"', "end"] and isinstance(bad, BadRow)
    assert read(tmp_path, "a.tsv", b'prompt\tresponse\n"say ""hi"""\t4\n')[0]["prompt"] == 'say "hi"'


def test_the_line_of_a_row_is_where_it_begins(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'prompt,response\n"a\nb",c\n\nd,e\n')
    assert [line for line, _ in rows_of(tmp_path / "a.csv")] == [2, 5]
    (tmp_path / "a.json").write_bytes(json.dumps(ROWS, indent=1).encode())
    assert [line for line, _ in rows_of(tmp_path / "a.json")] == [2, 6, 10]


def test_cells_of_parquet_are_what_json_would_have(tmp_path: Path) -> None:
    row = {"day": datetime.date(2026, 1, 2), "cost": decimal.Decimal("1.5"), "many": decimal.Decimal(3),
           "score": float("nan"), "raw": b"text", "none": None,
           "deep": [{"at": datetime.datetime(2026, 1, 2), "took": datetime.timedelta(seconds=90)}]}  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    [(_, found)] = rows_of(tmp_path / "a.parquet")
    assert found == {"day": "2026-01-02", "cost": 1.5, "many": 3, "score": None, "raw": "text", "none": None,
                     "deep": [{"at": "2026-01-02T00:00:00", "took": "0:01:30"}]}  # fmt: skip


def test_nan_is_a_missing_number_and_the_row_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", b'{"prompt": "q", "score": NaN}\n') == [{"prompt": "q", "score": None}]


def test_a_bad_object_in_a_list_leaves_the_others(tmp_path: Path) -> None:
    first, twice, number = read(tmp_path, "a.json", b'[{"a": 1},\n{"a": 1, "a": 2}, 5]')
    assert first == {"a": 1} and "twice" in twice.reason and "not a JSON object" in number.reason


def test_messages_in_a_table_are_messages_and_in_json_lines_they_are_text(tmp_path: Path) -> None:
    said = json.dumps([{"role": "user", "content": "q"}])
    assert read(tmp_path, "a.csv", table([{"prompt": said}])) == [{"prompt": [{"role": "user", "content": "q"}]}]
    assert read(tmp_path, "a.jsonl", lines([{"prompt": said}])) == [{"prompt": said}]
    for text in ('[{"role": "user"', '[{"a": "role"}]', "[1]"):
        assert read(tmp_path, "a.csv", table([{"prompt": text}])) == [{"prompt": text}]


def test_lines_of_text_are_requests(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", b"\xef\xbb\xbf{Jam}?\r\n\r\nBread?") == [{"prompt": "{Jam}?"}, {"prompt": "Bread?"}]


def test_texts_in_a_list_are_requests_and_lists_of_messages_are_conversations(tmp_path: Path) -> None:
    asked = [{"prompt": "Jam?"}, {"prompt": "Bread?"}]
    for name, whole in (
        ("a.json", ["Jam?", "Bread?"]),
        ("a.txt", ["Jam?", "Bread?"]),
        ("a.json", {"prompts": ["Jam?", "Bread?"]}),
    ):
        assert read(tmp_path, name, json.dumps(whole).encode()) == asked
    said = [{"role": "user", "content": "q"}]
    assert read(tmp_path, "a.json", json.dumps([said, said]).encode()) == [{"messages": said}] * 2
    both = {"questions": ["q", "r"], "answers": ["a", "b"]}
    assert read(tmp_path, "a.json", json.dumps(both).encode())[1] == {"questions": "r", "answers": "b"}


def test_one_conversation_with_as_many_tags_is_one_row(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tags": ["x", "y"]}
    assert read(tmp_path, "a.jsonl", lines([row])) == [row]


def test_a_row_beside_a_list_is_a_row(tmp_path: Path) -> None:
    """The list was taken for the rows, and the row was lost; and answers among the texts became requests."""
    for row in ({"prompt": "q", "response": "a", "examples": [{"x": 1}]}, {"id": "0", "data": ["q", "a"]}):
        assert read(tmp_path, "a.jsonl", lines([row])) == [row]


def test_the_header_of_a_file_that_was_put_behind_another_is_no_row(tmp_path: Path) -> None:
    first, again, last = read(tmp_path, "a.csv", b"prompt,response\nq,a\nprompt,response\nr,b\n")
    assert (first["prompt"], again, last["prompt"]) == ("q", BadRow("the header once more"), "r")


def test_lines_that_are_texts_are_requests_too(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", b'"Jam?"\n"Bread?"\n') == [{"prompt": "Jam?"}, {"prompt": "Bread?"}]


def parquet(**columns: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def duplicated() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["response", "response"]), held)
    return held.getvalue()


def damaged(method: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("a.csv", b"a,b\n" + b"1,2\n" * 1_000)
    content = bytearray(held.getvalue())
    content[60:80] = b"\xff" * 20
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.parquet", duplicated(), "column name is there twice: 'response'"),
        ("a.csv", b"a,b,a\n1,2,3\n", "column name is there twice: 'a'"),
        ("a.zip", zipped("a.csv", b"x", "b.csv"), "holds 2 files of rows"),
        ("a.zip", damaged(zipfile.ZIP_LZMA), "archive is damaged"),
        ("a.parquet", parquet(at=pa.array([1], pa.timestamp("us", tz="Nowhere/X"))), "Parquet file cannot be read"),
        ("a.zip", zipped("a.png", b"x"), "holds 0 files of rows"),
        ("a.json", b'[{"a": 1}', "does not end where the file ends"),
        ("a.json", b'[{"a": 1} {"b"', "cannot be read on from line 1"),
        ("a.md", b"# Prompts\n", "none of JSON lines"),
        ("a.csv", codecs.BOM_UTF16_LE + b"odd", "UTF-16"),
        ("a.json", json.dumps({"train": ROWS, "test": ROWS}).encode(), "2 lists of rows .train, test"),
        ("a.csv", b"sep=;\n", "empty"),
        ("a.csv", b',,\n"",,\n', "empty"),
        ("a.csv", b"\n<!DOCTYPE html><html>", "web page"),
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer to a file"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        ("a.xlsx", zipped("xl/workbook.xml", b"x"), "workbook"),
        ("data-00000-of-00001.arrow", b"\xff\xff\xff\xff\x10\0\0\0", "Arrow file"),
        ("a.feather", b"ARROW1\0\0", "Arrow file"),
        ("a.jsonl.bz2", bz2.compress(b"{}"), "packed in a way"),
        ("a.jsonl.xz", lzma.compress(b"{}"), "packed in a way"),
        ("a.tar.gz", gzip.compress(b"a.jsonl" + bytes(500)), "tar archive"),
        ("a.db", b"SQLite format 3\0", "database"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(FileFormatError, match=words):
        read(tmp_path, name, content)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(rows=2), "more than 2 rows"),
        (Limits(file_bytes=100), "larger"),
        (Limits(unpacked_bytes=100), "unpacked file is larger"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.zip"])
def test_what_a_file_may_need_is_bounded(tmp_path: Path, limits: Limits, words: str, name: str) -> None:
    content = lines(ROWS) if name == "a.jsonl" else zipped("a.jsonl", lines(ROWS))
    with pytest.raises(FileFormatError, match=words):
        read(tmp_path, name, content, limits)


def test_time_is_bounded_too(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="takes longer"):
        read(tmp_path, "a.jsonl", b'{"a": 1}\n' * 2_000, Limits(seconds=-1))


def test_many_names_are_looked_through_once(tmp_path: Path) -> None:
    """Not each with all others: a file of one megabyte would take minutes."""
    names = [f"c{place}" for place in range(20_000)]
    began = time.monotonic()
    assert len(read(tmp_path, "a.csv", (",".join(names) + "\n" + ",".join(names) + "\n").encode())) == 1
    twice = ",".join(f'"{name}": 1' for name in [*names, names[-1]])
    assert "'c19999' is there twice" in read(tmp_path, "a.jsonl", b"{" + twice.encode() + b"}\n")[0].reason
    assert time.monotonic() - began < 10


def test_a_cell_that_is_too_large_is_a_bad_row(tmp_path: Path) -> None:
    bad, good = read(tmp_path, "a.csv", b"a,b\n" + b"x" * 200_000 + b",1\ny,2\n")
    assert "a has more than 100,000 characters" in bad.reason and good == {"a": "y", "b": "2"}
