"""What the columns of a file are taken for, and what a person may say they are."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.curate.answer_lists import spread
from cai_ui.curate.columns import ONE, PAIR, REVISED, TALKS, TWO, WHOLE, Columns, guess
from cai_ui.curate.rows import read_row
from cai_ui.records import Example, Message

USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
WORSE = {"role": "assistant", "content": "b"}
FROM = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
HH = "\n\nHuman: q\n\nAssistant: "
ROWS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"init_prompt": "q", "init_response": "b", "critic_prompt": "x", "critic_response": "c", "revision_prompt": "y",
      "revision_response": "a", "prompt": "q", "messages": [USER, ANSWER]}, REVISED, "b"),
    ({"prompt": "q", "chosen": "a", "rejected": "b"}, PAIR, "b"),
    ({"question": "q", "chosen": "a", "rejected": "b"}, PAIR, "b"),
    ({"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER, WORSE]}, PAIR, "b"),
    ({"prompt": f"{HH}", "chosen": f"{HH}a", "rejected": f"{HH}b"}, PAIR, "b"),
    ({"prompt": [USER], "chosen": [ANSWER], "rejected": [WORSE]}, PAIR, "b"),
    ({"chosen": f"{HH}a", "rejected": f"{HH}b"}, TALKS, "b"),
    ({"prompt": "q", "response_0": "a", "response_1": "b", "is_response_0_safe": True}, TWO, "b"),
    ({"question": "q", "answer_a": "a", "answer_b": "b", "winner": "A"}, TWO, "b"),
    ({"history": "q", "human_ref_A": "a", "human_ref_B": "b", "labels": 1}, TWO, "b"),
    (spread({"prompt": "q", "responses": ["a", "b"], "chosen": 0}), TWO, "b"),
    ({"Prompt": "q", " RESPONSE": "a", "Is Safe": False}, ONE, None),
    ({"Init-Prompt": "q", "init prompt": None, "init_response": "b", "Revision Response": "a"}, REVISED, "b"),
    ({"prompt": "q", "completion": "a"}, ONE, None),
    ({"input": "q", "output": "a"}, ONE, None),
    ({"user_input": "q", "model_output": "a"}, ONE, None),
    (spread({"prompt": "q", "responses": ["a"]}), ONE, None),
    ({"messages": [USER], "response": "a"}, ONE, None),
    ({"prompt": "q", "response": "a", "source": {"of": 1}, "critique": [1]}, ONE, None),
    ({"prompt": [USER], "completion": [ANSWER], "label": True}, ONE, None),
    ({"prompt": "q", "response": "a", "source": "lab", "kind": "harmful"}, ONE, None),
    ({"instruction": "q", "input": "", "output": "a", "text": "Below is …"}, ONE, None),
    ({"prompt": "q", "prompt_id": "7", "messages": [USER, ANSWER]}, WHOLE, None),
    ({"conversations": FROM}, WHOLE, None),
    ({"transcript": f"{HH}a", "rating": 4.0, "min_harmlessness_score_transcript": -3.1}, WHOLE, None),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}, ANSWER]}, WHOLE, None),
]  # fmt: skip


def example_of(row: dict[str, Any], columns: Columns | None = None) -> Example:
    return read_row(row, columns or guess(row)[1], "file").example


@pytest.mark.parametrize(("row", "shape", "initial"), ROWS)
def test_published_shapes_are_read_by_themselves(row: dict[str, Any], shape: str, initial: str | None) -> None:
    assert guess(row)[0] == shape
    example = example_of(row)
    assert (example.conversation, example.revision, example.initial) == ((Message("user", "q"),), "a", initial)


def test_unknown_columns_are_no_shape_but_what_is_named_so_is_kept() -> None:
    assert guess({"q": "q", "kind": "harmful"}) == ("", Columns(kind="kind"))


def test_a_column_that_a_row_lacks_is_no_part_of_it() -> None:
    row = {"init_prompt": "q", "init_response": "b", "revision_response": "a"}
    assert guess(row)[1].critique == ""


def test_context_and_system_text_are_part_of_what_is_asked() -> None:
    translated = example_of({"instruction": "Translate.", "input": "The dog sleeps.", "output": "Le chien dort."})
    assert translated.conversation == (Message("user", "Translate.\n\nThe dog sleeps."),)
    pirate = example_of({"system": "You are a pirate.", "question": "2+2?", "chosen": "Arr, 4!", "rejected": "4"})
    assert [m.role for m in pirate.conversation] == ["system", "user"]


def test_a_person_may_turn_the_sides_round() -> None:
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "source": None}
    example = example_of(row, Columns("prompt", "rejected", "chosen", source="source"))
    assert (example.conversation, example.revision, example.initial) == ((Message("user", "q"),), "b", "a")
    assert example.source == "file"


def test_a_missing_column_is_named_but_optional_ones_may_be_missing() -> None:
    with pytest.raises(ValueError, match="good is missing"):
        example_of({"prompt": "q"}, Columns("prompt", "good"))
    assert example_of({"prompt": "q", "good": "a"}, Columns("prompt", "good", critique="why")).critique is None


def test_earlier_turns_of_a_transcript_in_the_request_are_turns() -> None:
    row = {"prompt": "\n\nHuman: Jam?\n\nAssistant: Yes.\n\nHuman: Steal it?\n\nAssistant:", "response": " No."}
    example = example_of(row)
    assert [m.role for m in example.conversation] == ["user", "assistant", "user"] and example.revision == " No."
