"""Files that are broken, hostile or too large: a reason with its line, quickly, and nothing imported."""

from __future__ import annotations

import codecs
import gzip
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.curate.importing import read_rows
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.tables import Limits

Write = Callable[..., Path]
GOOD = b'{"prompt": "q", "response": "a"}\n'
USER = {"role": "user", "content": "q"}
TAG = "\n\nHuman: q\n\nAssistant: a"


@pytest.mark.parametrize("content", [b"", b"  \n\n ", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\n", gzip.compress(b"")])
@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_an_empty_file_is_called_empty(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match="empty"):
        read_rows(tmp_path / name)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(codecs.BOM_UTF8 + GOOD)
    assert len(read_rows(tmp_path / "x").examples) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": "\xff", "response": "a"}', "UTF-8"),
        (b'{"prompt": "caf\xe9", "response": "a"}', "UTF-8"),
        (rb'{"prompt": "a\u0000b", "response": "a"}', "NUL"),
        (rb'{"prompt": "\ud800", "response": "a"}', "surrogate"),
        (b'{"prompt": "q", "response": "a", "n": ' + b"1" * 5000 + b"}", "digits"),
        (b"[" * 200_000, "list"),
        (b'{"a":' * 190_000, "nested"),
        (b'{"prompt": "q", "response": "a", "n": -Infinity}', "Infinity"),
        (b'{"prompt": "q", "response": "a", "response": "b"}', "twice"),
        (b'{"prompt": "q"', "not valid JSON"),
        (b"7", "not a JSON object"),
        (b'"text"', "no answer"),
        (b"{}", "columns"),
        (b'{"prompt": "q"}', "request but no answer"),
        (b'{"response": "a"}', "columns"),
        (b'{"prompt": null, "response": "a"}', "columns"),
        (b'{"prompt": 5, "response": "a"}', "not text"),
        (b'{"prompt": "q", "response": "  "}', "response is empty"),
        (b'{"prompt": "q", "response": "' + b"x" * 50_001 + b'"}', "50,000"),
        (b'{"prompt": "q", "response": "a", "topic": [1]}', "topic"),
        (b'{"prompt": "q", "chosen": "a"}', "rejected is missing"),
        (b'{"chosen": "no tags", "rejected": "no tags"}', "Human:"),
        (b'{"init_prompt": "q", "init_response": "a"}', "revision_response is missing"),
    ],
)
def test_a_bad_row_is_named_by_line_and_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(GOOD + line + b"\n" + GOOD)
    started = time.monotonic()
    report = read_rows(path)
    assert time.monotonic() - started < 1
    assert len(report.examples) == len(report.bad_rows) == len(report.repeated) == 1 and report.rows == 3
    number, said = report.bad_rows[0]
    assert number == 2
    if not line.startswith(b"[["):  # a list in the middle of a file is only "not an object"
        assert reason in said


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [{"role": "tool", "content": "x"}, {"role": "assistant", "content": "a"}]}, "'tool'"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "does not end"),
        ({"messages": [{"role": "user", "content": "q"}]}, "does not end"),
        ({"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "a"}]}, "turn 1 is empty"),
        ({"messages": [{"role": "user"}, {"role": "assistant", "content": "a"}]}, "turn 1 is empty"),
        ({"messages": ["x", USER]}, "turn 1 is not a message"),
        ({"messages": ["x"]}, "no conversation"),
        ({"messages": []}, "does not end"),
        ({"messages": "text"}, "no conversation"),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "assistant", "content": "a"}]},
            "holds no question",
        ),
        ({"messages": [{"role": 5, "content": "s"}]}, "'5'"),
        ({"prompt": [], "response": "a"}, "holds no question"),
        ({"chosen": TAG, "rejected": "\n\nHuman: other\n\nAssistant: a"}, "different conversations"),
        ({"chosen": "\n\nHuman: q", "rejected": "\n\nHuman: q"}, "no conversation"),
        ({"chosen": "\n\nHuman:  \n\nAssistant: a", "rejected": "\n\nHuman: \n\nAssistant: b"}, "empty"),
        ({"chosen": TAG, "rejected": None}, "rejected"),
    ],
)
def test_conversations_that_no_template_takes(jsonl: Write, row: dict[str, Any], reason: str) -> None:
    ((line, said),) = read_rows(jsonl(row)).bad_rows
    assert line == 1 and reason in said


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b'[{"prompt": "q", "response": "a"}', "x.json", "does not end where the file ends"),
        (b"Just words.", "x", "none of JSON lines"),
        (b"PK\x03\x04rest", "x.jsonl", "ZIP"),
        (codecs.BOM_UTF16_LE + GOOD, "x.jsonl", "UTF-16"),
        (gzip.compress(GOOD * 100)[:40], "x.jsonl.gz", "cut short"),
        (b"\x1f\x8bnot gzip at all", "x.gz", "damaged"),
        (b"PAR1 not parquet PAR1", "x.parquet", "Parquet"),
        (b"prompt,response\nq,a\ncaf\xe9,b\n", "x.csv", "Line 3 is not UTF-8"),
        (b'prompt,response\nq,"a', "x.csv", "CSV"),
        (b"prompt,prompt\nq,a\n", "x.csv", "twice"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=reason) as caught:
        read_rows(tmp_path / name)
    assert "Nothing was taken from it" in str(caught.value)


def test_csv_rows_of_another_width_are_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("prompt;response\nq;a\nq\nq;b;c\nq;\n")
    bad = read_rows(path).bad_rows
    assert [line for line, _ in bad] == [3, 4, 5]
    assert "cells" in bad[0][1] and "cells" in bad[1][1]


def test_limits_of_file_line_rows_and_unpacked_size(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(GOOD * 10)
    for limits, said in [
        (Limits(file_bytes=100), "The file is larger"),
        (Limits(unpacked_bytes=100), "unpacked"),
        (Limits(rows=9), "more than 9"),
    ]:
        with pytest.raises(FileFormatError, match=said):
            read_rows(path, limits=limits)
    assert len(read_rows(path, limits=Limits(rows=10)).examples) == 1


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(60):
            file.write(b" " * 999_999 + b"\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileFormatError, match="unpacked"):
        read_rows(path, limits=Limits(unpacked_bytes=20_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    one_line = tmp_path / "line.jsonl.gz"
    one_line.write_bytes(gzip.compress(b'{"prompt": "' + b"x" * 30_000_000))
    assert read_rows(one_line).bad_rows == ((1, "the line is longer than 1,000,000 bytes"),)


def test_a_parquet_bomb_of_one_text_in_every_row_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    text = pa.array(["x" * 2_000_000])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), text)
    table = pa.table({"prompt": column, "response": column})
    pq.write_table(table, path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileFormatError, match="unpacked"):
        read_rows(path, limits=Limits(unpacked_bytes=20_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    with pytest.raises(FileFormatError, match="more than 4,000 rows"):
        read_rows(path, limits=Limits(rows=4_000))


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.jsonl"):
        read_rows(tmp_path / "gone.jsonl")
    with pytest.raises(FileFormatError):
        read_rows(tmp_path)
