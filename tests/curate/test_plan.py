"""What a file says beside its answers: labels are asked about, every column is accounted for, and no row is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.curate.importing import Plan, completed, read_rows
from cai_ui.curate.label_columns import check_rules, holds_labels, meaning_of, rule, rule_of
from cai_ui.errors import InputError

Write = Callable[..., Path]
LABELS = """
    label is_safe safe unsafe score rating preference winner toxicity toxic better_response_id safer_response_id
    is_response_0_safe score_chosen chosen_score chosen_rating min_harmlessness_score_transcript helpfulness isSafe
    overallScore Human_Label reward verdict
"""
NO_LABELS = "prompt response chosen rejected messages source kind category topic id prompt_id model tags language"


@pytest.mark.parametrize("name", LABELS.split())
def test_columns_that_judge_are_known_by_their_names(name: str) -> None:
    assert holds_labels(name, 1)


@pytest.mark.parametrize("name", NO_LABELS.split())
def test_other_columns_are_not(name: str) -> None:
    assert not holds_labels(name, "text")


def test_the_index_of_the_chosen_answer_is_a_label() -> None:
    assert not holds_labels("response_0_harm_category", {"fraud": True}), "no rule can say what that means"
    assert holds_labels("chosen", 0) and not holds_labels("chosen", "An answer.")


@pytest.mark.parametrize(
    ("said", "cell", "holds"),
    [
        ("x=true", True, True), ("x=TRUE", "True", True), ("x=1", 1.0, True), ("x=1", "1", True), ("x=1", True, False),
        ("x>=3", 3, True), ("x>=3", "2.5", False), ("x<0", -3.1, True), ("x<0", "low", False), ("x=yes", " Yes ", True),
        ("x<100", "1,234", False), ("x>=100", "1,234", False), ("x<1", "0,500", True), ("x>=4", "4,25", True),
        ("x=1", None, False), ("x=1", [1], False), ("x>=3", None, False), ("a=b=c", "c", False),
        ("x<0", "\u22122", True),
    ],
)  # fmt: skip
def test_a_rule_compares_numbers_as_numbers_and_words_as_words(said: str, cell: object, holds: bool) -> None:
    assert (meaning_of({"x": cell}, [rule(said, "good")]) == "good") is holds


def test_what_speaks_against_an_answer_counts_first() -> None:
    rules = [rule("safe=true", "good"), rule("score<3", "bad")]
    assert meaning_of({"safe": True, "score": 2}, rules) == "bad"
    assert meaning_of({"safe": True, "score": 4}, rules) == "good"
    assert meaning_of({"safe": False, "score": 4}, rules) is None


@pytest.mark.parametrize("text", ["", "x", "=1", "x>=many"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        rule(text, "good")
    assert rule_of("a=b", "=1", "bad").column == "a=b", "a column of any name may be named where it is known"


def test_a_label_has_one_meaning() -> None:
    check_rules([rule("a=1", "good"), rule("a=1.0", "good"), rule("a=2", "bad"), rule("b=1", "bad")])
    check_rules([rule("a=1", "good"), rule("a<3", "tie")])
    with pytest.raises(InputError, match="'a=yes' is named as good and as the other answer being better"):
        check_rules([rule("a=yes", "good"), rule("a = Yes", "other")])


def test_labels_of_which_nothing_was_said_are_found_with_their_values(jsonl: Write) -> None:
    path = jsonl({"prompt": "q", "response": "a", "is_safe": False}, {"prompt": "r", "response": "b", "is_safe": True})
    (column,) = read_rows(path).unsaid
    assert (column.name, column.words) == ("is_safe", "false 1, true 1")
    assert read_rows(path, Plan(ignored=frozenset({"is_safe"}))).unsaid == ()
    told = read_rows(path, Plan(rules=(rule("is_safe=false", "bad"),)))
    assert told.unsaid == () and list(told.meanings.values()) == ["bad"]


def test_labels_that_contradict_each_other_mean_nothing_and_are_named(jsonl: Write) -> None:
    row = {"prompt": "q", "response": "a", "label": True}
    rules = (rule("label=true", "good"), rule("label=false", "bad"))
    report = read_rows(jsonl(row, row, {**row, "label": False}, {**row, "label": None}), Plan(rules=rules))
    assert (report.meanings, report.contradicting, report.repeated) == ({}, (3,), (2, 3, 4))
    late = read_rows(jsonl({**row, "label": None}, row), Plan(rules=rules))
    assert (list(late.meanings.values()), late.contradicting) == (["good"], ())


def test_every_column_is_accounted_for_and_the_rows_add_up(jsonl: Write) -> None:
    rows = [
        {"prompt": "q", "response": "a", "score": 3, "language": "en"},
        {"prompt": "q", "response": "a", "score": 3},
        {"prompt": "r"},
        {"messages": [{"role": "user", "content": "m"}, {"role": "assistant", "content": "n"}], "extra": None},
        "{broken",
    ]
    report = read_rows(jsonl(*rows))
    assert len(report.examples) + len(report.repeated) + len(report.bad_rows) == report.rows == 5
    assert [line for line, _ in report.bad_rows] == [3, 5]
    assert [(u.name, u.filled, u.parts, u.labels) for u in report.uses] == [
        ("prompt", 3, ("Request",), ""),
        ("response", 2, ("Answer (revised or better)",), ""),
        ("score", 2, (), "asked"),
        ("language", 1, (), ""),
        ("messages", 1, ("Answer (revised or better)",), ""),
        ("extra", 0, (), ""),
    ]


def test_words_for_a_kind_are_folded_and_unknown_ones_counted(jsonl: Write) -> None:
    kinds = ("Harmful", "LOOK-ALIKE", "spicy", "spicy", None)
    rows = [{"prompt": str(i), "response": "a", "kind": kind, "topic": "theft"} for i, kind in enumerate(kinds)]
    report = read_rows(jsonl(*rows))
    assert [e.prompt.kind for e in report.examples] == ["harmful", "twin", "unknown", "unknown", "unknown"]
    assert report.unknown_kinds == {"spicy": 2} and {e.prompt.topic for e in report.examples} == {"theft"}


def test_a_repeated_example_with_another_kind_is_of_none(jsonl: Write) -> None:
    """The first one won, and nothing was said of the other."""
    rows = [{"prompt": "q", "response": "a", "kind": kind} for kind in ("harmful", "helpful", None, "harmful")]
    report = read_rows(jsonl(*rows))
    assert [one.prompt.kind for one in report.examples] == ["unknown"]
    assert report.unknown_kinds == {"harmful and helpful": 1} and report.repeated == (2, 3, 4)


def test_a_source_that_is_too_long_is_cut_and_counted(jsonl: Write) -> None:
    report = read_rows(jsonl({"prompt": "q", "response": "a", "source": "https://example.test/" + "x" * 200}))
    assert len(report.examples[0].source) == 120 and report.cut == {"source": 1}


def test_another_record_of_the_same_completes_it_or_corrects_it(jsonl: Write) -> None:
    first, second = (
        read_rows(jsonl({"prompt": "q", "response": "a", **more})).examples[0]
        for more in ({"kind": "helpful"}, {"kind": "harmful", "critique": "It harms.", "topic": "theft"})
    )
    assert completed(first, second).prompt.kind == "helpful"
    mended = completed(first, second, corrected=True)
    assert (mended.prompt.kind, mended.prompt.topic, mended.critique) == ("harmful", "theft", "It harms.")
    assert completed(second, first, corrected=True).critique == "It harms.", "what is not said takes nothing away"
