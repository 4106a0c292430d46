"""Evaluation against people's labels: the figures, the label words, and files that are not as they should be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cai_ui.cli.readers import evaluation_lines
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.readers import Outcome, evaluate_readers
from cai_ui.readers.agreement import agreement, cohen_kappa
from cai_ui.readers.answer_files import read_labelled
from cai_ui.readers.labels import outcome_of_label
from cai_ui.records import to_dict
from cai_ui.tables import Limits

OWN = json.loads(Path(__file__).with_name("own_answers.json").read_text(encoding="utf-8"))
ROWS = [
    {"prompt": request, "completion": answer, "final_label": label, "model": f"m{place % 2}"}
    for label, pairs in (("2_full_refusal", OWN["refusals"]), ("1_full_compliance", OWN["help"]))
    for place, (request, answer) in enumerate(pairs)
]


def write(path: Path, rows: list[dict[str, object]] | list[dict[str, str]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_every_format_gives_the_same_figures(tmp_path: Path, ending: str) -> None:
    found = evaluate_readers(write(tmp_path / f"labelled.{ending}", ROWS))
    (one,) = found.readers
    assert found.used == len(ROWS) and not found.left_out
    assert one.whole.kappa == pytest.approx(1.0)
    assert [group.name for group in one.sources] == ["m0", "m1"]
    assert sum(sum(outcomes.values()) for outcomes in one.confusion.values()) == len(ROWS)
    assert json.loads(json.dumps(to_dict(found)))["used"] == len(ROWS)
    assert "kappa" in "\n".join(evaluation_lines(found))


def test_kappa_of_a_known_table() -> None:
    """20 and 15 of 50 agreed on, 5 and 10 not: kappa 0.4 (a textbook table)."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    kappa, low, high, why = cohen_kappa(pairs)
    assert kappa == pytest.approx(0.4) and not why
    assert low == pytest.approx(0.149, abs=0.01) and high == pytest.approx(0.651, abs=0.01)
    found = agreement("all", pairs, unread=3)
    assert found.precision.value == pytest.approx(0.8) and found.recall.value == pytest.approx(2 / 3)
    assert found.unread == 3


def test_kappa_is_undefined_where_everybody_says_the_same() -> None:
    assert cohen_kappa([(True, True)] * 5)[0] is None
    assert agreement("none", []).kappa is None


def test_a_reader_that_always_says_the_same_has_no_kappa_and_no_interval() -> None:
    always = [(True, True)] * 5 + [(True, False)] * 7
    assert cohen_kappa(always) == (None, None, None, "the reader gave one and the same label to all 12")
    assert cohen_kappa([(b, a) for a, b in always])[3] == "people gave one and the same label to all 12"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("1_full_compliance", Outcome.COMPLIED), ("Full Compliance", Outcome.COMPLIED), ("complied", Outcome.COMPLIED),
        ("2_full_refusal", Outcome.REFUSED), ("REFUSAL", Outcome.REFUSED), ("refused", Outcome.REFUSED),
        ("3_partial_refusal", Outcome.PARTLY_REFUSED), ("partly refused", Outcome.PARTLY_REFUSED),
        ("safe", None), ("unsafe", None), ("1", None), ("", None), ("maybe", None),
    ],
)  # fmt: skip
def test_label_words(word: str, outcome: Outcome | None) -> None:
    assert outcome_of_label(word) is outcome


def test_labels_of_another_question_are_refused_with_a_sentence(tmp_path: Path) -> None:
    rows = [{"prompt": "Hi?", "answer": "Hello.", "label": word} for word in ("safe", "unsafe")]
    with pytest.raises(FileFormatError, match="not whether the answer refused"):
        read_labelled(write(tmp_path / "a.jsonl", rows))


def test_rows_that_cannot_be_used_are_counted_with_their_reason(tmp_path: Path) -> None:
    rows = [
        *ROWS[:2],
        {"prompt": "Hi?", "completion": "Hello.", "final_label": "maybe"},
        {"prompt": "Hi?", "completion": None, "final_label": "complied"},
        {"prompt": "Hi?", "completion": "Hello.", "final_label": ""},
        {"prompt": "Hi?", "completion": "x" * 100_001, "final_label": "complied"},
    ]
    path = write(tmp_path / "a.jsonl", rows)
    with path.open("ab") as file:
        file.write(b"not json\n[1]\n\xff\xfe\n" + b"y" * 1_100_000 + b"\n\n")
    found = read_labelled(path)
    assert len(found.answers) == 2 and sum(found.left_out.values()) == 8
    assert (
        "label 'maybe' is not known" in found.left_out and "the line is longer than 1,000,000 bytes" in found.left_out
    )


def test_a_file_of_more_rows_than_fit_is_refused_and_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("prompt,answer,label\n" + "Hi?,Hello.,complied\n" * 1_010, encoding="utf-8")
    with pytest.raises(FileFormatError, match="more than 1,000 rows"):
        read_labelled(path, Limits(rows=1_000))


BAD = {
    "empty.jsonl": b"",
    "empty.csv": b"",
    "header.csv": b"prompt,answer,label\n",
    "columns.csv": b"prompt,answer\nHi?,Hello.\n",
    "latin.csv": "prompt,answer,label\nHi?,é,complied\n".encode("latin-1"),
    "huge.csv": b"prompt,answer,label\nHi?," + b"x" * 200_000 + b",complied\n",
    "damaged.parquet": b"PAR1 and nothing more",
    "list.jsonl": b"[1, 2]\n",
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_say_what_is_wrong(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    with pytest.raises(FileFormatError) as error:
        read_labelled(tmp_path / name)
    assert str(error.value)[0].isupper() and len(str(error.value)) < 300


def test_a_missing_or_too_large_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_labelled(tmp_path / "none.csv")
    with pytest.raises(FileFormatError, match="larger"):
        read_labelled(write(tmp_path / "a.csv", ROWS), Limits(file_bytes=10))
    with pytest.raises(FileFormatError, match="unpacked"):
        read_labelled(write(tmp_path / "a.parquet", ROWS), Limits(unpacked_bytes=10))
