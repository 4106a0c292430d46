"""A judge beside people's labels: counted by hand, whatever the file holds."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cai_ui.curate.label_columns import rule
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.judges.answers import Judgement
from cai_ui.judges.check import check_answers, check_pairs
from cai_ui.judges.pairs import PairJudgement
from cai_ui.judges.rubrics import EVASIVENESS, HARMFULNESS, REFUSAL
from cai_ui.pipeline.compare.labelled_files import OF_A_ROW, read_labelled_answers, read_labelled_pairs
from cai_ui.tables.left_out import REASONS


def test_pairs_are_counted() -> None:
    judged = [
        PairJudgement(0.9, 0.7), PairJudgement(0.9, 0.3), PairJudgement(0.9, 0.05), PairJudgement(0.2, 0.2),
        PairJudgement(0.5, 0.5), PairJudgement(None, 0.5, "the judge wrote nothing", ""),
    ]  # fmt: skip
    found = check_pairs(judged)
    assert (found.agreement.successes, found.agreement.total, found.agreement.unread) == (2, 5, 1)
    assert (found.invalid.successes, found.invalid.total, found.ties) == (1, 6, 2)
    assert found.reasons == (("the judge wrote nothing", 1),)
    assert found.flipped is not None and (found.flipped.successes, found.flipped.total) == (2, 5)
    assert found.order_bias == pytest.approx((0.1 + 0.3 + 0.425) / 5)
    assert found.brier == pytest.approx((0.04 + 0.16 + 0.525**2 + 0.64 + 0.25) / 5)
    assert found.calibration_error is not None and found.agreement.low is not None


def judged(*shares: float) -> Judgement:
    scale = (0.0, 1.0) if len(shares) == 2 else (0.0, 1.0, 2.0, 3.0, 4.0)
    value = sum(s * v for s, v in zip(shares, scale, strict=True))
    return Judgement("r", 1, value, shares, scale, "", "", "j")


def test_answers_are_counted() -> None:
    invalid = Judgement("r", 1, None, None, (0.0, 1.0), "cut", "text", "j")
    found = check_answers([(judged(0.8, 0.2), 0.0), (judged(0.4, 0.6), 0.0), (invalid, 1.0)])
    assert (found.agreement.successes, found.agreement.total, found.invalid.successes) == (1, 2, 1)
    assert found.brier == pytest.approx((0.04 + 0.36) / 2) and found.mean_error == pytest.approx(0.4)
    assert found.calibration_error == pytest.approx(0.5 * 0.2 + 0.5 * 0.6)


@pytest.mark.parametrize("check", [check_pairs, check_answers])
def test_nothing_judged_is_undefined_and_not_zero(check: Any) -> None:
    found = check([])
    assert (found.agreement.value, found.brier, found.calibration_error, found.order_bias) == (None,) * 4


def write(path: Path, rows: list[Any]) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def talk(*turns: str) -> str:
    return "".join(f"\n\n{('Human', 'Assistant')[n % 2]}: {said}" for n, said in enumerate(turns))


def test_pairs_of_every_form_and_what_is_left_out(tmp_path: Path) -> None:
    rows = [
        {"chosen": talk("Hi", "Hello.", "Bye", "See you."), "rejected": talk("Hi", "Hello.", "Bye", "No.")},
        {"prompt": "Is 2 even?", "corrects": ["Yes.", "It is."], "incorrects": ["No.", "Never."]},
        {"prompt": "Well?", "chosen": "So.", "rejected": "Not so."},
        {"chosen": talk("Hi", "A"), "rejected": talk("Hello", "B")},
        {"chosen": talk("Hi", "A"), "rejected": talk("Hi", " A ")},
        {"prompt": "x", "corrects": [], "incorrects": ["No."]},
        {"chosen": "\n\nHuman: a\n\nHuman: b\n\nAssistant: c", "rejected": "\n\nHuman: a\n\nHuman: b\n\nAssistant: d"},
        "not json", [1], {},
    ]  # fmt: skip
    found = read_labelled_pairs(write(tmp_path / "pairs.jsonl.gz", rows))
    assert [(len(one.conversation), one.better, one.worse) for one in found.pairs] == [
        (3, "See you.", "No."), (1, "Yes.", "No."), (1, "Yes.", "Never."), (1, "It is.", "No."),
        (1, "It is.", "Never."), (1, "So.", "Not so."), (1, "c", "d"),
    ]  # fmt: skip
    assert sum(found.left_out.values()) == 6 and len(found.left_out) == 6
    assert sorted(found.lines.values()) == [(4,), (5,), (6,), (8,), (9,), (10,)]
    assert len(read_labelled_pairs(tmp_path / "pairs.jsonl.gz", 2).pairs) == 2


USER, GOOD, BAD = (
    {"role": role, "content": said} for role, said in (("user", "q"), ("assistant", "a"), ("assistant", "b"))
)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "chosen": [USER, GOOD], "rejected": [USER, BAD], "score_chosen": 8},
        {"question": "q", "chosen": "a", "rejected": "b"},
        {"chosen": talk("q", "a") + "\n\nHuman: ", "rejected": talk("q", "b")},
        {"input": {"messages": [USER]}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
        {"instruction": "q", "completions": [{"response": "b", "score": 2}, {"response": "a", "score": 8}]},
        {"prompt": "q", "response_0": "a", "response_1": "b", "better_response_id": 0},
        {"history": "q", "human_ref_A": "b", "human_ref_B": "a", "better_response_id": 1},
        {"data": {"prompt": "q", "answer1": "b", "answer2": "a"},
         "annotations": [{"result": [{"from_name": "better_response_id", "type": "rating", "value": {"rating": 1}}]}]},
    ],
)  # fmt: skip
def test_pairs_are_read_in_the_shapes_that_curate_reads(tmp_path: Path, row: dict[str, Any]) -> None:
    rules = [rule("better_response_id=0", "good"), rule("better_response_id=1", "other")]
    (pair,) = read_labelled_pairs(write(tmp_path / "a.jsonl", [row]), rules=rules).pairs
    assert ([turn.content for turn in pair.conversation], pair.better, pair.worse) == (["q"], "a", "b")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "q", "response_0": "a", "response_1": "b", "better": 0}, "no label that was asked for"),
        ({"prompt": "q", "completion": "a", "label": True}, "one answer"),
        ({"init_prompt": "q", "init_response": "b", "revision_response": "a"}, "no label that was asked for"),
    ],
)
def test_pairs_that_nobody_compared_are_left_out(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    pair = {"prompt": "q", "chosen": "a", "rejected": "b"}
    found = read_labelled_pairs(write(tmp_path / "a.jsonl", [row, pair]))
    assert len(found.pairs) == 1 and reason in next(iter(found.left_out))


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [USER], "completion": [GOOD], "label": "refusal"},
        {"messages": [USER, GOOD], "Final_Label": "2_full_refusal"},
        {"prompt": "q", "response": "a", "response_refusal_label": "refusal", "response_harm_label": "unharmful"},
        {"fields": {"prompt": "q", "response": "a"}, "responses": {"label": [{"value": "refusal", "user_id": "u"}]}},
    ],
)
def test_answers_are_read_in_the_shapes_that_curate_reads(tmp_path: Path, row: dict[str, Any]) -> None:
    (one,) = read_labelled_answers(write(tmp_path / "a.jsonl", [row]), REFUSAL).answers
    assert ([turn.content for turn in one.conversation], one.answer, one.value) == (["q"], "a", 1)


def test_labels_are_of_the_rubrics_own_question(tmp_path: Path) -> None:
    labels = ["2_full_refusal", "partial refusal", "1_full_compliance", "yes", 1, True, "unsafe", 3, "", "0.5"]
    path = write(tmp_path / "a.jsonl", [{"prompt": "Do it", "answer": "No.", "label": label} for label in labels])
    values = lambda rubric: [one.value for one in read_labelled_answers(path, rubric).answers]  # noqa: E731
    assert values(REFUSAL) == [1, 1, 0, 1, 1], "beside a 3, a 1 is no yes"
    assert values(EVASIVENESS) == [1, 1]
    assert values(HARMFULNESS) == [1, 3]


def test_numbers_of_another_scale_are_none_of_the_rubrics(tmp_path: Path) -> None:
    rows = [{"prompt": "Do it", "answer": "No.", "label": label} for label in (1, "2", 3.0, 4, 5, "yes", "Y", "n")]
    path = write(tmp_path / "five.jsonl", rows)
    with pytest.raises(FileFormatError, match=r"another scale than the rubric harmfulness \(one is 5\)"):
        read_labelled_answers(path, HARMFULNESS)
    found = read_labelled_answers(path, EVASIVENESS)
    assert [one.value for one in found.answers] == [1, 1, 0] and sum(found.left_out.values()) == 5
    halves = write(
        tmp_path / "halves.jsonl", [row | {"label": label} for row, label in zip(rows, (0, 1.5, 4), strict=False)]
    )
    assert [one.value for one in read_labelled_answers(halves, HARMFULNESS).answers] == [0, 4]


@pytest.mark.parametrize(("label", "value"), [
    ("non-refusal", 0), ("did not refuse", 0), ("direct_answer", 0), ("Hard Refusal", 1), ("non_compliant", 1),
    ("partially complied", 1)])  # fmt: skip
def test_other_words_for_a_refusal(tmp_path: Path, label: str, value: float) -> None:
    path = write(tmp_path / "a.jsonl", [{"prompt": "Do it", "answer": "No.", "label": label}])
    assert [one.value for one in read_labelled_answers(path, REFUSAL).answers] == [value]


@pytest.mark.parametrize("rows", [["nothing"], [{"prompt": "a", "answer": "b", "label": "unsafe"}], [{"a": 1}]])
def test_a_file_without_use_is_said(tmp_path: Path, rows: list[Any]) -> None:
    path = write(tmp_path / "x.jsonl", rows)
    with pytest.raises(FileFormatError):
        read_labelled_answers(path, REFUSAL)
    with pytest.raises(FileFormatError):
        read_labelled_pairs(path)


def test_very_many_answers_of_a_row_make_few_pairs(tmp_path: Path) -> None:
    """Without making all of them first: a line of a megabyte would make billions."""
    many = [f"{place}" for place in range(1_000)]
    row = {"prompt": "q", "corrects": many, "incorrects": [f"-{one}" for one in many]}
    path = write(tmp_path / "a.jsonl", [row, "", ""])
    tracemalloc.start()
    found = read_labelled_pairs(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.pairs) == OF_A_ROW and most < 20e6


def test_reasons_that_name_a_place_each_are_not_all_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", damaged := ['{"a": [' + "1, " * place + "x" for place in range(500)])
    with pytest.raises(FileFormatError) as error:
        read_labelled_pairs(path)
    assert len(str(error.value)) < 600
    found = read_labelled_pairs(write(path, [*damaged, {"prompt": "q", "chosen": "a", "rejected": "b"}]))
    assert sum(found.left_out.values()) == 500 and len(found.left_out) == REASONS + 1
    assert found.lines["for other reasons"] == (21, 22, 23, 24, 25)


def test_a_damaged_file_and_none(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl.gz", [{"prompt": "a", "chosen": "b", "rejected": "c"}] * 500)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match="damaged"):
        read_labelled_pairs(path)
    with pytest.raises(NotFoundError):
        read_labelled_pairs(tmp_path / "absent.jsonl")
