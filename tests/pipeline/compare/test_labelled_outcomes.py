"""Files of answers of which people said whether they refuse, read as all files with judgements are."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cai_ui.cli.readers import evaluation_lines
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.pipeline.compare.labelled_files import read_labelled_outcomes
from cai_ui.readers import Outcome, evaluate_readers
from cai_ui.records import to_dict

OWN = json.loads((Path(__file__).parents[2] / "readers" / "own_answers.json").read_text(encoding="utf-8"))
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
    found = evaluate_readers(read_labelled_outcomes(write(tmp_path / f"labelled.{ending}", ROWS)))
    (one,) = found.readers
    assert found.used == len(ROWS) and not found.left_out
    assert one.whole.kappa == pytest.approx(1.0)
    assert [group.name for group in one.sources] == ["m0", "m1"]
    assert sum(sum(outcomes.values()) for outcomes in one.confusion.values()) == len(ROWS)
    assert json.loads(json.dumps(to_dict(found)))["used"] == len(ROWS)
    assert "kappa" in "\n".join(evaluation_lines(found))


def test_labels_of_another_question_are_refused_with_a_sentence(tmp_path: Path) -> None:
    rows = [{"prompt": "Hi?", "answer": "Hello.", "label": word} for word in ("safe", "unsafe")]
    with pytest.raises(FileFormatError, match="not whether the answer refused"):
        read_labelled_outcomes(write(tmp_path / "a.jsonl", rows))


def test_a_column_that_asks_whether_it_refuses_says_yes_or_no(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"prompt": "Hi?", "response": "I cannot.", "is_refusal": True},
        {"prompt": "Hi?", "response": "Hello.", "refusal": 0},
        {"prompt": "Hi?", "response": "Hello!", "Refused": "no"},
        {"prompt": "Hi?", "response": "Well.", "refusal": "partial_refusal"},
        {"prompt": "Hi?", "response": "Hm.", "label": True},
        {"prompt": "Hi?", "response": "No.", "label": ["refusal"]},
    ]
    found = read_labelled_outcomes(write(tmp_path / "a.jsonl", rows))
    assert [(one.line, one.label.value) for one in found.answers] == [
        (1, "refused"), (2, "complied"), (3, "complied"), (4, "partly refused"), (6, "refused"),
    ]  # fmt: skip
    assert found.left_out == {"label 'true' is not known": 1}, "of what a yes is one without that name does not say"


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
    found = read_labelled_outcomes(path)
    assert len(found.answers) == 2 and sum(found.left_out.values()) == 8
    assert [one.line for one in found.answers] == [1, 2]
    assert found.lines["label 'maybe' is not known"] == (3,)
    assert found.lines["the line is longer than 1,000,000 bytes"] == (10,)
    said = "\n".join(evaluation_lines(evaluate_readers(found)))
    assert "Left out: 1 row, label 'maybe' is not known (line 3)." in said


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
        read_labelled_outcomes(tmp_path / name)
    assert str(error.value)[0].isupper() and len(str(error.value)) < 300
    with pytest.raises(NotFoundError):
        read_labelled_outcomes(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "outcome": "refused"},
        {"instruction": "q", "model_output": "a", "Annotation": "hard refusal", "generator": "m"},
        {"fields": {"prompt": "q", "response": "a"}, "responses": {"label": [{"value": "refusal", "user_id": "u"}]}},
    ],
)
def test_answers_are_read_in_the_shapes_that_curate_reads(tmp_path: Path, row: dict[str, object]) -> None:
    (one,) = read_labelled_outcomes(write(tmp_path / "a.jsonl", [row])).answers
    assert (one.prompt, one.answer, one.label, one.source) == ("q", "a", Outcome.REFUSED, row.get("generator", ""))
