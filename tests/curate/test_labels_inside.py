"""Labels that stand within other cells: in lists, in objects, in the last message. They are asked about like all
others, and texts that stand as parts or as JSON are read as the texts they are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.curate.importing import ImportReport, Plan, read_rows
from cai_ui.curate.label_columns import rule

Write = Callable[..., Path]
ASKED, SAID = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
PAIR = {"prompt": "q", "answer1": "a", "answer2": "b"}
ROW = {"prompt": "q", "response": "a"}


def asked(report: ImportReport) -> dict[str, str]:
    return {one.name: one.words for one in report.unsaid}


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        ({"messages": [ASKED, SAID | {"weight": 0}]}, {"messages.weight": "0 1"}),
        ({"messages": [ASKED, SAID | {"weight": 0}, ASKED, SAID | {"weight": 1}]}, {"messages.weight": "1 1"}),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", "train": False}]},
         {"conversations.train": "false 1"}),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", "loss": None}]}, {}),
        ({"chat": [ASKED, SAID | {"feedback": {"thumbs": "down"}}]}, {"chat.feedback.thumbs": "down 1"}),
        ({"messages": [ASKED, SAID], "kto_tag": False}, {"kto_tag": "false 1"}),
        (ROW | {"label": ["rude", "harmful"]}, {"label": "rude, harmful 1"}),
        (ROW | {"labels": ["safe"]}, {"labels": "safe 1"}),
        (ROW | {"labels": []}, {}),
        (ROW | {"ratings": {"helpfulness": 4, "safety": 1}}, {"ratings.helpfulness": "4 1", "ratings.safety": "1 1"}),
        (ROW | {"harm_category": {"fraud": True}, "choices": ["a", "b"], "scores": [1, 2]}, {}),
        (PAIR | {"better": {"selected": "right"}}, {"better": "right 1"}),
        (PAIR | {"mood": [{"choices": ["good"]}, {"choices": ["bad"]}]}, {"mood": "bad | good 1"}),
        (PAIR | {"better": '{"selected": "left"}'}, {"better": "left 1"}),
        (PAIR | {"chosen": "B"}, {"chosen": "b 1"}),
        ({"prompt": "q", "answers": ["a", "b"], "chosen": "1"}, {"chosen": "1 1"}),
        ({"prompt": "q", "answers": ["a", "b"], "labels": [1, 0]}, {"labels": "1, 0 1"}),
        ({"prompt": "q", "chosen": "An answer.", "rejected": "b"}, {}),
        ({"chosen": [ASKED, SAID | {"score": 5}], "rejected": [ASKED, SAID | {"content": "b", "score": 1}]},
         {"chosen.score": "5 1", "rejected.score": "1 1"}),
    ],
)  # fmt: skip
def test_labels_within_other_cells_are_asked_about(jsonl: Write, row: dict[str, Any], labels: dict[str, str]) -> None:
    """OpenAI's weights, Axolotl's `train`, LLaMA-Factory's `kto_tag`, doccano's lists, Label Studio's small export."""
    report = read_rows(jsonl(row))
    assert len(report.examples) == 1 and asked(report) == labels


def test_rules_judge_by_them(jsonl: Write) -> None:
    path = jsonl({"messages": [ASKED, SAID | {"weight": 0}]}, ROW | {"prompt": "r", "label": ["good"]})
    report = read_rows(path, Plan(rules=(rule("messages.weight=0", "bad"), rule("label=good", "good"))))
    assert sorted(report.meanings.values()) == ["bad", "good"]


def test_a_value_of_label_studio_in_a_table(tmp_path: Path) -> None:
    held = io.StringIO()
    csv.writer(held).writerows([[*PAIR, "better"], [*PAIR.values(), '{"choices": ["left", "short"]}']])
    (tmp_path / "a.csv").write_text(held.getvalue())
    assert asked(read_rows(tmp_path / "a.csv")) == {"better": "left, short 1"}


def test_a_task_with_predictions_alone_is_a_task(jsonl: Write) -> None:
    guess = {"result": [{"from_name": "c", "type": "choices", "value": {"choices": ["Bad"]}}]}
    report = read_rows(jsonl({"data": ROW, "predictions": [guess]}))
    assert [one.revision for one in report.examples] == ["a"] and asked(report) == {}


@pytest.mark.parametrize(
    ("row", "system"),
    [
        ({"system": [{"type": "text", "text": "Be"}, {"type": "text", "text": "kind"}], "messages": [ASKED, SAID]},
         "Be\n\nkind"),
        ({"system": [{"text": "Be kind"}], "messages": [
            {"role": "user", "content": [{"text": "q"}]}, {"role": "assistant", "content": [{"text": "a"}]}]},
         "Be kind"),
        ({"system": {"text": "Be kind"}, **ROW}, ""),
        ({"system_prompt": 7, **ROW}, ""),
    ],
)  # fmt: skip
def test_a_system_text_is_kept_or_listed_as_not_taken(jsonl: Write, row: dict[str, Any], system: str) -> None:
    """Anthropic's and Bedrock's parts. One of another form was called a system text and dropped."""
    report = read_rows(jsonl(row))
    (example,) = report.examples
    assert "".join(turn.content for turn in example.conversation if turn.role == "system") == system
    (use,) = (use for use in report.uses if use.name.startswith("system"))
    assert bool(use.parts) is bool(system)


def test_a_named_column_that_is_no_text_makes_a_bad_row(jsonl: Write) -> None:
    from cai_ui.curate.columns import Columns

    report = read_rows(jsonl(ROW | {"about": {"x": 1}}), Plan(columns=Columns(context="about")))
    assert report.bad_rows == ((1, "about is not text"),)


@pytest.mark.parametrize(
    ("row", "turns", "answer", "initial"),
    [
        ({"prompt": "q", "chosen": json.dumps([ASKED, SAID]), "rejected": json.dumps([ASKED, SAID | {"content": "b"}])},
         ["q"], "a", "b"),
        ({"prompt": [ASKED], "completion": [SAID, {"role": "user", "content": "And?"}, SAID]}, ["q", "a", "And?"], "a",
         None),
        ({"messages": [ASKED, {"role": "assistant", "content": None, "refusal": "No."}]}, ["q"], "No.", None),
        ({"messages": [{"role": "user", "content": [{"type": "input_text", "text": "q"}]},
                       {"role": "assistant", "content": [{"type": "output_text", "text": "a"}]}]}, ["q"], "a", None),
        ({"prompt": [ASKED, {"role": "assistant", "content": ""}], "response": "a"}, ["q"], "a", None),
        ({"\u200bprompt": "q", "response\ufeff": "a"}, ["q"], "a", None),
    ],
)  # fmt: skip
def test_texts_are_read_whatever_holds_them(
    jsonl: Write, row: dict[str, Any], turns: list[str], answer: str, initial: str | None
) -> None:
    """Messages as JSON in both answers of a pair, an answer of several turns, a refusal in a field of its own, parts of
    the Responses API, an empty answer that says who is next, names with characters that nobody sees."""
    (example,) = read_rows(jsonl(row)).examples
    assert [turn.content for turn in example.conversation] == turns
    assert (example.revision, example.initial) == (answer, initial)


def test_an_empty_last_message_is_no_answer(jsonl: Write) -> None:
    report = read_rows(jsonl({"messages": [ASKED, SAID | {"content": ""}]}, ROW))
    assert report.bad_rows == ((1, "messages ends with an empty answer"),)
