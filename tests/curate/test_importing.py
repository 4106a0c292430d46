"""Rows of published shapes become the right examples."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.curate.importing import Plan, read_rows
from cai_ui.records import Example, Message

Write = Callable[..., Path]
USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}


def only(path: Path) -> Example:
    report = read_rows(path)
    assert report.bad_rows == ()
    (example,) = report.examples
    return example


def test_cai_conversation_harmless(jsonl: Write) -> None:
    row = {
        "init_prompt": "q", "init_response": "bad", "critic_prompt": "cp", "critic_response": "crit",
        "revision_prompt": "rp", "revision_response": "good", "prompt": "q", "messages": [USER, ANSWER],
        "chosen": [USER, ANSWER], "rejected": [USER, ANSWER],
    }  # fmt: skip
    example = only(jsonl(row))
    assert (example.conversation, example.initial, example.revision) == ((Message("user", "q"),), "bad", "good")
    assert (example.critique, example.source, example.prompt.text) == ("crit", "rows.jsonl", "q")


def test_hh_transcripts_keep_their_turns_colons_and_paragraphs(jsonl: Write) -> None:
    before = "\n\nHuman: a: b\n\nsecond paragraph\n\nAssistant: sure: ok\n\nHuman: more"
    example = only(jsonl({"chosen": before + "\n\nAssistant: no.\n\n1. x", "rejected": before + "\n\nAssistant: yes"}))
    assert example.conversation == (
        Message("user", "a: b\n\nsecond paragraph"), Message("assistant", "sure: ok"), Message("user", "more")
    )  # fmt: skip
    assert (example.revision, example.initial, example.prompt.text) == ("no.\n\n1. x", "yes", "more")


def test_hh_oddities_empty_last_answer_and_one_speaker_twice(jsonl: Write) -> None:
    before = "\n\nHuman: a\n\nHuman: b"
    example = only(jsonl({"chosen": before + "\n\nAssistant: ", "rejected": before + "\n\nAssistant: yes"}))
    assert (example.conversation, example.revision, example.initial) == ((Message("user", "a\n\nb"),), "", "yes")


@pytest.mark.parametrize(
    ("row", "initial", "revision"),
    [
        ({"prompt": "q", "response": "a", "source": "set", "kind": "harmful"}, None, "a"),
        ({"prompt": "q", "completion": "a"}, None, "a"),
        ({"prompt": [USER], "completion": [ANSWER]}, None, "a"),
        ({"messages": [USER, ANSWER]}, None, "a"),
        ({"messages": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}, None, "a"),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "b", "a"),
        ({"prompt": [USER], "chosen": [ANSWER], "rejected": [{**ANSWER, "content": "b"}]}, "b", "a"),
        ({"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER, {**ANSWER, "content": "b"}]}, "b", "a"),
        ({"chosen": [USER, ANSWER], "rejected": [USER, {**ANSWER, "content": "b"}], "score": 1.5}, "b", "a"),
    ],
)
def test_other_shapes(jsonl: Write, row: dict[str, Any], initial: str | None, revision: str) -> None:
    example = only(jsonl(row))
    assert (example.conversation, example.initial, example.revision) == ((Message("user", "q"),), initial, revision)
    assert example.source == row.get("source", "rows.jsonl") and example.prompt.kind == row.get("kind", "unknown")


def test_a_system_text_may_come_first(jsonl: Write) -> None:
    example = only(jsonl({"messages": [{"role": "system", "content": "s"}, USER, ANSWER, USER, ANSWER]}))
    assert [m.role for m in example.conversation] == ["system", "user", "assistant", "user"]


def test_jsonl_gzip_csv_and_parquet_give_the_same_examples(tmp_path: Path, jsonl: Write) -> None:
    rows = [{"prompt": f'q{i}, "é"\nnext', "response": f"a{i}", "source": "s"} for i in range(5)]
    plain = jsonl(*rows)
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    table = tmp_path / "rows.csv"
    cells = [",".join('"' + row[k].replace('"', '""') + '"' for k in ("prompt", "response", "source")) for row in rows]
    table.write_text("\ufeffprompt,response,source\r\n" + "\r\n".join(cells), encoding="utf-8", newline="")
    columns = tmp_path / "rows.bin"  # its content says what it is, not its name
    pq.write_table(pa.Table.from_pylist(rows), columns, row_group_size=2)
    wanted = read_rows(plain).examples
    assert len(wanted) == 5
    for path in (packed, table, columns):
        assert read_rows(path).examples == wanted


def test_parquet_with_lists_of_messages(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pq.write_table(pa.Table.from_pylist([{"messages": [USER, ANSWER], "prompt": "q"}]), path)
    assert only(path).revision == "a"


def test_repeated_rows_are_counted_and_given_once(jsonl: Write) -> None:
    report = read_rows(jsonl(*[{"prompt": "q", "response": "a"}] * 3, "", {"prompt": "q", "response": "b"}))
    assert (len(report.examples), report.repeated, report.rows) == (2, (2, 3), 4)


def test_bad_rows_are_named_beside_the_good_ones(jsonl: Write) -> None:
    path = jsonl({"prompt": "q", "response": "a"}, '{"prompt": "broken', {"prompt": "q", "response": "b"}, "[]")
    report = read_rows(path)
    assert [e.revision for e in report.examples] == ["a", "b"] and [line for line, _ in report.bad_rows] == [2, 4]
    assert "JSON" in report.bad_rows[0][1] and "object" in report.bad_rows[1][1]


def test_the_label_can_be_given(jsonl: Write) -> None:
    assert read_rows(jsonl({"prompt": "q", "response": "a"}), Plan(source="red team")).examples[0].source == "red team"


def test_line_numbers_count_lines_of_the_file(jsonl: Write) -> None:
    report = read_rows(jsonl("", {"prompt": "q", "response": "a"}, "  ", {"prompt": "q"}))
    assert [line for line, _ in report.bad_rows] == [4]


def test_what_is_exported_as_json_text_round_trips(jsonl: Write) -> None:
    odd = "e\u0301 \u202eabc\u200b 👩‍👩‍👧 z" + "\u0336" * 100
    assert only(jsonl(json.dumps({"prompt": odd, "response": odd}, ensure_ascii=False))).revision == odd
