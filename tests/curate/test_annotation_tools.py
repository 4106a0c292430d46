"""Files as Argilla, Label Studio and tools for preference training write them: rows with what people said."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.curate.importing import ImportReport, Plan, read_rows
from cai_ui.curate.label_columns import Meaning, rule

Write = Callable[..., Path]
ASKED = {"role": "user", "content": "How do I get past a lock?"}
BETTER = {"role": "assistant", "content": "I cannot help with other people's locks. A locksmith can help with yours."}
WORSE = {"role": "assistant", "content": "Take a thin card and push it in beside the bolt."}
PAIR = (ASKED["content"], BETTER["content"], WORSE["content"])


def examples(report: ImportReport) -> list[tuple[str, str, str | None]]:
    assert report.rows == len(report.examples) + len(report.repeated) + len(report.bad_rows)
    return [(one.conversation[-1].content, one.revision, one.initial) for one in report.examples]


def ruled(path: Path, *rules: tuple[str, Meaning]) -> ImportReport:
    return read_rows(path, Plan(rules=tuple(rule(*one) for one in rules)))


def unsaid(report: ImportReport) -> dict[str, str]:
    return {one.name: ", ".join(sorted(one.words.split(", "))) for one in report.unsaid}


def argilla(number: int, said: dict[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    """A record as the client of version 2 writes it."""
    return {
        "id": f"record-{number}", "fields": {"prompt": f"q{number}", "response": f"a{number}"},
        "metadata": {"topic": "locks"}, "suggestions": {}, "responses": said, "vectors": {}, "status": "completed",
        "_server_id": f"5e-{number}", **more,
    }  # fmt: skip


def said(*values: Any, status: str = "submitted") -> list[dict[str, Any]]:
    return [{"value": value, "user_id": f"u{place}", "status": status} for place, value in enumerate(values)]


def test_records_of_argilla_ask_what_the_answers_of_people_mean(jsonl: Write) -> None:
    path = jsonl(
        argilla(1, {"verdict": said("keep"), "stars": said(5, 4)}),
        argilla(2, {"verdict": said("drop"), "stars": said(1)}),
        argilla(3, {"verdict": said("keep", "drop"), "stars": said(5, 2)}),
        argilla(4, {"verdict": said("keep", status="draft"), "stars": said(5, status="discarded")}),
        argilla(5, {}, suggestions={"verdict": {"value": "keep", "score": 0.9, "agent": "m"}}, status="pending"),
    )
    report = read_rows(path)
    assert examples(report) == [(f"q{n}", f"a{n}", None) for n in range(1, 6)]
    assert {one.prompt.topic for one in report.examples} == {"locks"}
    asked = {"verdict.responses": "drop 1, drop | keep 1, keep 1", "stars.responses": "1 1, 2 | 5 1, 4 | 5 1"}
    assert {name: unsaid(report)[name] for name in asked} == asked
    told = ruled(path, ("verdict.responses=keep", "good"), ("verdict.responses=drop", "bad"))
    assert [told.meanings.get(one.id) for one in told.examples] == ["good", "bad", None, None, None]
    assert [one.words for one in told.unmatched] == ["drop | keep 1"], "raters who differ are named, not guessed"
    rated = ruled(path, ("stars.responses>=4", "good"), ("stars.responses<3", "bad"))
    assert [rated.meanings.get(one.id) for one in rated.examples] == ["good", "bad", None, None, None]


FLAT = {
    "id": "1", "prompt": "q1", "response": "a1", "verdict.responses": ["keep", "drop"],
    "verdict.responses.users": ["u", "v"], "verdict.responses.status": ["submitted", "draft"],
    "verdict.suggestion": None, "verdict.suggestion.score": 0.5, "verdict.suggestion.agent": "m",
}  # fmt: skip
OLDER = {"prompt": "q1", "response": "a1", "verdict": said("keep") + said("drop", status="discarded")}
COLUMNS = {**OLDER, "verdict": {"user_id": ["u", "v"], "value": ["keep", "x"], "status": ["submitted", "draft"]}}


@pytest.mark.parametrize("row", [FLAT, OLDER, COLUMNS])
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_datasets_of_argilla_are_read_from_any_file(tmp_path: Path, row: dict[str, Any], form: str) -> None:
    path = tmp_path / f"a.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    elif form == "jsonl":
        path.write_text(json.dumps(row))
    else:
        held = io.StringIO()
        csv.writer(held).writerows([list(row), list(row.values())])
        path.write_text(held.getvalue())
    if form == "csv" and row is COLUMNS:
        return  # a table holds lists as text, and such an object as none
    name = next(name for name in row if name in ("verdict", "verdict.responses"))
    assert unsaid(read_rows(path)) == {name: "keep 1"}
    (meaning,) = ruled(path, (f"{name}=keep", "good")).meanings.values()
    assert meaning == "good"


def test_records_of_the_former_argilla(jsonl: Write) -> None:
    record = {
        "fields": {"prompt": "q1", "response": "a1"}, "metadata": {}, "external_id": None, "vectors": {},
        "responses": [
            {"values": {"verdict": {"value": "drop"}, "score": {"value": 2}}, "user_id": "u", "status": "submitted"},
            {"values": {"verdict": {"value": "keep"}}, "user_id": "v", "status": "discarded"},
        ],
        "suggestions": [{"question_name": "verdict", "value": "keep", "type": "model"}],
    }  # fmt: skip
    report = ruled(jsonl(record), ("verdict.responses=drop", "bad"), ("score.responses>3", "good"))
    assert list(report.meanings.values()) == ["bad"]


def test_what_people_wrote_in_place_of_an_answer_is_its_revision(jsonl: Write) -> None:
    path = jsonl(
        argilla(1, {"corrected_response": said("Better.")}),
        argilla(2, {"corrected_response": said("One.", "Two.")}),
        argilla(3, {}),
        {"id": "4", "fields": {"prompt": "q4"}, "suggestions": {"response": {"value": "Proposed."}},
         "responses": {"response": said("Mended.")}},
        {"prompt": "q5", "chosen.suggestion": "c", "chosen.responses": ["C!"], "rejected": "r",
         "rejected.responses": None},
    )  # fmt: skip
    report = read_rows(path)
    assert examples(report) == [
        ("q1", "Better.", "a1"), ("q3", "a3", None), ("q4", "Mended.", "Proposed."), ("q5", "C!", "r"),
    ]  # fmt: skip
    assert [line for line, _ in report.bad_rows] == [2] and "2 different texts" in report.bad_rows[0][1]


@pytest.mark.parametrize(
    "ranking",
    [
        [{"value": "response-2", "rank": 1}, {"value": "response-1", "rank": 3}, {"value": "response-3", "rank": 2}],
        ["response-2", "response-3", "response-1"],
    ],
)
def test_a_ranking_in_argilla_gives_the_first_and_the_last(jsonl: Write, ranking: list[Any]) -> None:
    fields = {"prompt": "q", "response-1": "bad", "response-2": "good", "response-3": "middling"}
    record = {"fields": fields, "responses": {"order": said(ranking, ranking)}, "status": "completed"}
    assert examples(read_rows(jsonl(record))) == [("q", "good", "bad")]


def task(number: int, *results: list[dict[str, Any]], cancelled: bool = False, **data: Any) -> dict[str, Any]:
    """A task as Label Studio exports it in JSON."""
    annotations = [
        {"id": 10 * number + place, "completed_by": place, "was_cancelled": cancelled, "ground_truth": False,
         "lead_time": 4.3, "result": result}
        for place, result in enumerate(results)
    ]  # fmt: skip
    shown = data or {"prompt": f"q{number}", "answer1": f"a{number}", "answer2": f"b{number}"}
    return {"id": number, "data": shown, "annotations": annotations, "predictions": [], "meta": {}, "project": 1}


def result(kind: str, value: Any, name: str = "") -> dict[str, Any]:
    held = value if kind == "pairwise" else {kind: value}
    return {"id": "x", "from_name": name or kind, "to_name": "answer1", "type": kind, "origin": "manual", "value": held}


LEFT, RIGHT = ({"selected": side} for side in ("left", "right"))


def test_tasks_of_label_studio(tmp_path: Path) -> None:
    """Pairwise, choices and ratings of two people, a skipped task, a task nobody saw, a mark on a span."""
    mark = {"from_name": "span", "type": "labels", "value": {"start": 1, "end": 3, "text": "x", "labels": ["rude"]}}
    tasks = [
        task(1, [result("pairwise", LEFT, "better"), result("rating", 4)], [result("pairwise", LEFT, "better")]),
        task(2, [result("pairwise", RIGHT, "better"), result("choices", ["polite", "short"], "why"), mark]),
        task(3, [result("pairwise", LEFT, "better")], [result("pairwise", RIGHT, "better")]),
        task(4, [result("pairwise", LEFT, "better")], cancelled=True),
        task(5),
        {"id": 6, "data": {"prompt": "q6"}, "annotations": []},
    ]
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(tasks, indent=2))
    report = read_rows(path)
    assert examples(report) == [(f"q{n}", f"a{n}", f"b{n}") for n in range(1, 6)]
    assert len(report.bad_rows) == 1 and "no answer" in report.bad_rows[0][1]
    assert unsaid(report) == {"better": "left 1, left | right 1, right 1", "rating": "4 1", "why": "polite, short 1"}
    assert "span" in [use.name for use in report.uses], "a column that is not taken is listed, too"
    told = ruled(path, ("better=left", "good"), ("better=right", "other"))
    assert [told.meanings.get(one.id) for one in told.examples] == ["good", "other", None, None, None]


def test_texts_and_rankings_of_label_studio(jsonl: Write) -> None:
    items = [{"id": "m1", "title": "One", "body": "bad"}, {"id": "m2", "body": "good"}, {"id": "m3", "body": "so"}]
    path = jsonl(
        task(1, [result("textarea", ["Mended."], "corrected")], prompt="q1", response="a1"),
        task(2, [result("ranker", {"rank": ["m2", "m3", "m1"]}, "rank")], prompt="q2", items=items),
        task(3, prompt="q3", items=items),
    )
    report = read_rows(path)
    assert examples(report) == [("q1", "Mended.", "a1"), ("q2", "good", "bad")]
    assert [line for line, _ in report.bad_rows] == [3] and "items is a list of 3" in report.bad_rows[0][1]


def test_the_small_export_of_label_studio(jsonl: Write) -> None:
    """A row for each annotation: two people who differ contradict each other."""
    shown = {"prompt": "q", "answer1": "a", "answer2": "b", "annotator": 1, "annotation_id": 7, "lead_time": 2.0}
    path = jsonl({**shown, "pairwise": "left"}, {**shown, "pairwise": "right"})
    assert unsaid(read_rows(path)) == {"pairwise": "left 1, right 1"}
    told = ruled(path, ("pairwise=left", "good"), ("pairwise=right", "other"))
    assert examples(told) == [("q", "a", "b")] and (told.contradicting, told.meanings) == ((2,), {})


@pytest.mark.parametrize(
    "row",
    [
        {"input": {"messages": [ASKED], "tools": []}, "preferred_output": [BETTER], "non_preferred_output": [WORSE]},
        {"input": {"messages": [ASKED]}, "preferred_completion": [BETTER], "non_preferred_completion": [WORSE]},
        {"prompt": PAIR[0], "prompt_id": "7f", "chosen": [ASKED, BETTER], "rejected": [ASKED, WORSE],
         "messages": [ASKED, BETTER]},
        {"messages": [ASKED], "chosen": BETTER, "rejected": WORSE},
        {"conversations": [{"from": "human", "value": PAIR[0]}], "chosen": {"from": "gpt", "value": PAIR[1]},
         "rejected": {"from": "gpt", "value": PAIR[2]}},
        {"instruction": PAIR[0], "chosen_response": PAIR[1], "rejected_response": PAIR[2]},
        {"input": PAIR[0], "chosen": PAIR[1], "rejected": PAIR[2]},
        {"messages": [ASKED, BETTER], "rejected_response": PAIR[2]},
        {"messages": [ASKED, BETTER], "rejected_messages": [ASKED, WORSE]},
        {"instruction": PAIR[0], "completions": [
            {"model": "a", "response": PAIR[2], "overall_score": 2.0},
            {"model": "b", "response": "so", "overall_score": 3},
            {"model": "c", "response": PAIR[1], "overall_score": 8.5}]},
        {"prompt": PAIR[0], "answers": [{"answer": PAIR[1], "rank": 1.0}, {"answer": PAIR[2], "rank": 2.0}]},
        {"instruction": PAIR[0], "generations": [PAIR[2], "so", PAIR[1]], "ratings": [1, 3, 5]},
        {"context": [ASKED], "completions": [{"rank": 1, "completion": [WORSE]}, {"rank": 0, "completion": [BETTER]}]},
        {"prompt": PAIR[0], "chosen": [PAIR[1]], "rejected": [PAIR[2]]},
        {"question": PAIR[0], "answers": [{"text": PAIR[1], "pm_score": 5}, {"text": PAIR[2], "pm_score": 1}]},
        {"prompt": PAIR[0], "source": ["a", "b"],
         "answers": [{"answer": PAIR[1], "rank": 1}, {"answer": PAIR[2], "rank": 2}]},
        {"prompt": [PAIR[0]], "response_a": [PAIR[1]], "response_b": [PAIR[2]]},
        {"messages": json.dumps([ASKED]), "chosen": BETTER, "rejected": WORSE},
    ],
)  # fmt: skip
def test_shapes_of_pairs(jsonl: Write, row: dict[str, Any]) -> None:
    """OpenAI (and Together, Fireworks), Zephyr, Axolotl, LLaMA-Factory, NeMo, ms-swift, UltraFeedback, Nectar,
    distilabel."""
    assert examples(read_rows(jsonl(row))) == [PAIR]


def test_what_a_list_of_answers_says_beside_their_texts_has_columns(jsonl: Write) -> None:
    two = [{"text": "a", "selected": True, "role": None}, {"text": "b", "selected": False}]
    found = unsaid(read_rows(jsonl({"prompt": "q", "answers": two})))
    assert found == {"answers_0.selected": "true 1", "answers_1.selected": "false 1"}
    ranked = read_rows(jsonl({"prompt": "q", "answers": ["a", "b", "c"], "ranks": [2, 1, 3]}))
    assert examples(ranked) == [("q", "b", "c")]
    assert ("answers.between", ()) in [(use.name, use.parts) for use in ranked.uses]


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ("['a' 'b']", [("q", "a", "b")]),
        ("['it''s'\n \"b 'c' 'd'\"]", [("q", "it''s", "b 'c' 'd'")]),
        ('["a", "b"]', [("q", "a", "b")]),
        ('[{"text": "a", "note": null}, {"text": "b", "note": null}]', [("q", "a", "b")]),
        ("['a']", [("q", "a", None)]),
    ],
)
def test_lists_in_tables_are_read_whoever_wrote_them(
    tmp_path: Path, cell: str, answers: list[tuple[str, str, str | None]]
) -> None:
    """NumPy writes no commas, which Python would read as one text; JSON writes null."""
    held = io.StringIO()
    csv.writer(held).writerows([["prompt", "responses"], ["q", cell.replace("''", "\\'")]])
    (tmp_path / "a.csv").write_text(held.getvalue())
    wanted = [(q, a.replace("''", "'"), b) for q, a, b in answers]
    assert examples(read_rows(tmp_path / "a.csv")) == wanted


def test_earlier_turns_in_a_history_are_part_of_the_request(jsonl: Write) -> None:
    row = {"instruction": "And mine?", "input": "A padlock.", "output": "a", "history": [["A lock?", "No."]]}
    (example,) = read_rows(jsonl(row)).examples
    said = [(turn.role, turn.content) for turn in example.conversation]
    assert said == [("user", "A lock?"), ("assistant", "No."), ("user", "And mine?\n\nA padlock.")]
    for history in ([], None, [["alone"]], "asked before", [["q", None]]):
        assert examples(read_rows(jsonl({**row, "history": history}))) == [("And mine?\n\nA padlock.", "a", None)]


def test_rows_of_such_shapes_that_do_not_fit_say_why(jsonl: Write) -> None:
    pair = {"preferred_output": [BETTER], "non_preferred_output": [WORSE]}
    report = read_rows(
        jsonl(
            {"input": {"messages": [ASKED]}, "preferred_output": [BETTER]},
            {"input": {"messages": [{"role": "assistant", "content": "Hello."}, ASKED]}, **pair},
            {"input": {"messages": []}, **pair},
            {"prompt": "q", "completions": ["a", "b", "c"], "scores": [1, 1, 1]},
            {"fields": {"prompt": "q"}, "responses": {"verdict": said("keep")}},
            {"fields": {}, "responses": None},
            {"data": {}, "annotations": [{"result": [{"value": None}]}, None]},
            {"input": {"messages": [ASKED]}, **pair},
        )
    )
    assert examples(report) == [PAIR] and [line for line, _ in report.bad_rows] == [*range(1, 8)]
    for reason, words in zip(
        [reason for _, reason in report.bad_rows],
        ("non_preferred_output is missing", "take turns", "no question", "list of 3", "no answer", "no known columns",
         "no known columns"),
        strict=True,
    ):  # fmt: skip
        assert words in reason


@pytest.mark.parametrize(
    "cell",
    [
        [{}],
        [None],
        {"value": 3},
        [[["x"]]],
        "[{'user_id':",
        5,
        [{"values": {"verdict": "keep"}}],
        {"a": {"b": []}},
        [float("nan")],
    ],
)
@pytest.mark.parametrize("name", ["responses", "suggestions", "fields", "metadata", "annotations", "verdict.responses"])
def test_anything_in_such_a_column_breaks_nothing(jsonl: Write, name: str, cell: Any) -> None:
    record = {**argilla(1, {}), name: cell}
    for row in (record, {"data": {"prompt": "q", "answer": "a"}, "annotations": [{"result": cell}], name: cell}):
        assert read_rows(jsonl(row)).rows == 1
