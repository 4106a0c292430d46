"""What the columns of a file are taken for, and what a person may say they are."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.curate.columns import SHAPES, Columns, guess, renamed
from cai_ui.curate.rows import example_of
from cai_ui.records import Message

TALK = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
HH = "\n\nHuman: q\n\nAssistant: "
ROWS: list[tuple[dict[str, Any], int]] = [
    ({"init_prompt": "q", "init_response": "b", "critic_prompt": "x", "critic_response": "c", "revision_prompt": "y",
      "revision_response": "a", "prompt": "q", "messages": TALK, "chosen": TALK, "rejected": TALK}, 0),
    ({"prompt": "q", "chosen": "a", "rejected": "b"}, 1),
    ({"prompt": "q", "chosen": TALK, "rejected": [TALK[0], {"role": "assistant", "content": "b"}]}, 2),
    ({"chosen": f"{HH}a", "rejected": f"{HH}b"}, 2),
    ({"prompt": "q", "completion": "a"}, 3),
    ({"prompt": "q", "response": "a", "source": "lab", "kind": "harmful"}, 4),
    ({"prompt": "q", "prompt_id": "7", "messages": TALK}, 5),
]  # fmt: skip


@pytest.mark.parametrize(("row", "shape"), ROWS)
def test_a_guess_gives_the_example_that_the_row_gives_by_itself(row: dict[str, Any], shape: int) -> None:
    name, columns = guess(row)
    assert name == SHAPES[shape][0]
    assert example_of(renamed(row, columns), "file") == example_of(row, "file")


def test_unknown_columns_are_no_shape_but_what_is_named_so_is_kept() -> None:
    assert guess({"question": "q", "kind": "harmful"}) == ("", Columns(kind="kind"))


def test_a_person_may_turn_the_sides_round() -> None:
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "source": None}
    example = example_of(renamed(row, Columns("prompt", "rejected", "chosen", source="source")), "file")
    assert (example.conversation, example.revision, example.initial) == ((Message("user", "q"),), "b", "a")
    assert example.source == "file"


def test_a_missing_column_is_named_but_optional_ones_may_be_missing() -> None:
    with pytest.raises(KeyError, match="good"):
        renamed({"prompt": "q"}, Columns("prompt", "good"))
    assert renamed({"prompt": "q", "good": "a"}, Columns("prompt", "good", critique="why")) == {
        "prompt": "q", "response": "a",
    }  # fmt: skip
