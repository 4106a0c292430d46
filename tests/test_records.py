"""Hashes and derived facts of records. Run: python -m pytest tests/test_records.py"""

from __future__ import annotations

import dataclasses

import pytest

from cai_ui.records import (
    Constitution,
    Message,
    PreferencePair,
    Principle,
    Prompt,
    Step,
    Trace,
    TrainingExample,
    canonical_json,
    content_hash,
    make_example,
    to_dict,
)

PRINCIPLE = Principle("p1", "Privacy", "Is it private?", "Make it private.")


def test_the_hash_of_a_constitution_follows_its_content_only() -> None:
    one = Constitution("c", "C", "", (PRINCIPLE,))
    assert one.hash == Constitution("c", "C", "", (dataclasses.replace(PRINCIPLE),)).hash
    assert one.hash != Constitution("c", "C", "", (dataclasses.replace(PRINCIPLE, weight=2.0),)).hash
    two = dataclasses.replace(PRINCIPLE, id="p2")
    assert Constitution("c", "C", "", (PRINCIPLE, two)).hash != Constitution("c", "C", "", (two, PRINCIPLE)).hash


def test_canonical_json_is_one_text_and_refuses_nan() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    with pytest.raises(ValueError):
        canonical_json(float("nan"))


def test_the_same_pair_is_the_same_example_wherever_it_came_from() -> None:
    talk = (Message("user", "Hi"),)
    assert make_example(talk, "a", "b", source="x").id == make_example(talk, "a", "b", source="y").id
    assert make_example(talk, "a", "b").id != make_example(talk, "b", "a").id
    assert make_example(talk, None, "b").id != make_example(talk, "", "b").id


def test_a_trace_knows_its_draft_and_last_revision() -> None:
    empty = Trace("t", Prompt("p", "Hi"), (Message("user", "Hi"),), "h")
    assert empty.initial is None and empty.revision is None
    steps = (Step("draft", "d"), Step("critique", "c"), Step("revision", "r1"), Step("revision", "r2"))
    full = dataclasses.replace(empty, steps=steps)
    assert (full.initial, full.revision) == ("d", "r2")


def test_an_edited_step_is_told_from_an_untouched_one() -> None:
    assert not Step("revision", "a").edited
    assert not Step("revision", "a", model_text="a").edited
    assert Step("revision", "b", model_text="a").edited


def test_swapping_a_pair_twice_is_the_pair() -> None:
    pair = PreferencePair((Message("user", "Hi"),), "good", "bad", None, "s")
    assert pair.swap().chosen == "bad" and pair.swap().swap() == pair


def test_a_row_from_before_a_field_keeps_its_hash() -> None:
    row = TrainingExample((Message("user", "Hi"),), "a", None, "s")
    assert "helpful" not in to_dict(row) and to_dict(dataclasses.replace(row, helpful=True))["helpful"] is True


def test_content_hash_is_stable_across_versions() -> None:
    # Written down once: stored hashes must keep naming the same content after an update.
    assert content_hash({"a": [1, "x"]}) == "5e49f471d8b615a8ae0ecf0a53dbe2f5f617abb2dfe6246974aa6e4bdeb89725"
