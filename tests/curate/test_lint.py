"""Every check finds what it is for and leaves sound rows alone."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.dataset import build_dataset
from cai_ui.curate.lint import CHECKS, LintRow, lint, rows_of_dataset, rows_of_examples
from cai_ui.curate.lint.near import near_duplicates
from cai_ui.curate.lint.tokens import Tokens
from cai_ui.records import Dataset, Decision, Message, TrainingExample, make_example

SUBJECTS = ["bread", "bicycles", "volcanoes", "tides", "grammar", "bees", "knots", "chess", "rivers", "candles"]
HOLE = (
    "One interesting aspect of general relativity is that it predicts black holes: a massive star collapses under its "
    "own gravity into a singularity that not even light can leave."
)


def row(number: int, prompt: str = "", answer: str = "", **rest: object) -> LintRow:
    """A sound row about one of the subjects, unless texts are given."""
    chance = random.Random(number)
    subject = SUBJECTS[number % len(SUBJECTS)]
    said = f"{chance.choice(['Well', 'Mostly', 'Often', 'Usually'])} {subject} number {number} need " + " ".join(
        chance.choice(["care", "time", "light", "water", "patience", "room", "rest", "skill"])
        + str(chance.randint(0, 99))
        for _ in range(20)
    )
    return LintRow(f"r{number}", prompt or f"What about {subject} of type {number}?", answer or f"{said}.", **rest)  # type: ignore[arg-type]


def sound(number: int = 30) -> list[LintRow]:
    return [row(i) for i in range(number)]


def found(code: str, rows: Sequence[LintRow]) -> list[str]:
    return [id for finding in lint(rows, [code]).findings for id in finding.rows]


def test_sound_rows_give_no_finding_with_rows() -> None:
    assert [f for f in lint(sound(200)).findings if f.rows] == []


def test_no_rows_give_an_empty_report() -> None:
    report = lint([])
    assert (report.rows, report.findings, report.marks) == (0, (), [])


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("empty", "  \n"),
        ("role-label", "Of course.\nHuman: and then?\nAssistant: then this."),
        ("role-label", "Here you are. [INST] Go on. [/INST]"),
        ("talks-of-revision", "Sure, here is a revised response: take care of your bread of type 99."),
        ("talks-of-revision", "I have rewritten the text about bread so that it harms nobody."),
        ("truncated", "The best thing to do with bread, once it has cooled down for a while, is to"),
        ("truncated", "Look:\n```python\nprint(1)\n"),
        ("declines", "I'm sorry, but I cannot help with that."),
        ("speaks-as-ai", "As an AI language model I have no bread of my own."),
        ("emoji", "Have a great day! 😀"),
        ("language", "Das Brot ist nicht für die Katze, und auch der Hund kann es nicht essen, oder wie ich es sehe."),
        ("personal", "Write to jane.doe@mail-server.org about the bread."),
        ("personal", "Ring +49 30 1234 5678 and ask for bread."),
        ("personal", "Her number is 078-05-1120, as the bread told."),
        ("personal", "Pay with 4111 1111 1111 1111, please."),
        ("personal", "Send it to DE89 3704 0044 0532 0130 00, please."),
        ("secret", "Use AKIAIOSFODNN7EXAMPLE for the bread."),
        ("secret", 'password = "hunter2hunter2"'),
        ("off-topic", "Nothing at all can be said here, sadly."),
    ],
)
def test_a_bad_answer_is_found_and_only_that(code: str, answer: str) -> None:
    rows = [*sound(), row(99, prompt="What is the best bread that you have made with the oven?", answer=answer)]
    assert found(code, rows) == ["r99"]


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("role-label", "The user: a person. Their assistant says: yes."),
        ("talks-of-revision", "Here is a recipe for bread. The response of the dough matters."),
        (
            "truncated",
            "Steps for the bread:\n1. Knead the dough for as long as you can and then a little bit more\n2. Bake",
        ),
        ("truncated", "Loaf of bread\nHot and brown"),
        ("personal", "Bake 4111 1111 1111 1112 breads at 180-200 degrees in 2024-10-12, version 1.2.3.4.5."),
        ("secret", 'password = "your_password"; api_key = os.environ["KEY"]'),
        ("declines", "Bake it. " + "Bread takes time. " * 20 + "I cannot say more."),
        ("emoji", "Ratio 3:2 (see fig. 8) and a) or b)."),
    ],
)
def test_a_sound_answer_that_looks_similar_is_left_alone(code: str, answer: str) -> None:
    assert found(code, [*sound(), row(99, prompt="Tell me about bread and its types.", answer=answer)]) == []


def test_one_answer_under_many_requests_is_found_whatever_its_small_changes() -> None:
    rows = [*sound(), *(row(100 + i, answer=HOLE.replace("interesting", f"interesting{i}")) for i in range(4))]
    assert found("same-answer", rows) == ["r100", "r101", "r102", "r103"]
    assert found("same-answer", [*sound(), *(row(100 + i, answer=HOLE) for i in range(2))]) == []


def test_the_same_request_asked_often_may_have_one_answer() -> None:
    rows = [*sound(), *(row(100 + i, prompt="What is relativity?", answer=HOLE) for i in range(5))]
    assert found("same-answer", rows) == []
    assert found("duplicate", rows) == ["r101", "r102", "r103", "r104"]


def test_a_leaked_subject_is_found_in_other_words_too_but_not_where_it_was_asked_for() -> None:
    other_words = "Let us look at gravity: a star collapses, and light is caught in the singularity."
    rows = [
        *sound(100),
        *(row(100 + i, answer=HOLE) for i in range(4)),
        row(200, answer=other_words),
        row(201, prompt="What does relativity say of gravity?", answer=other_words),
    ]
    assert found("leaked-topic", rows) == ["r100", "r101", "r102", "r103", "r200"]


def test_one_fitting_answer_to_similar_requests_is_no_leak() -> None:
    refusal = "Stealing sourdough loaves from bakeries is theft, and bakers depend on what their loaves bring in."
    rows = [
        *sound(100),
        *(row(100 + i, prompt=f"Stealing loaves, way {i} {SUBJECTS[i]}?", answer=refusal) for i in range(5)),
    ]
    assert found("leaked-topic", rows) == []


def test_near_duplicates_are_told_from_exact_ones() -> None:
    first = row(1)
    near = LintRow("near", first.prompt, first.answer + " Indeed.")
    assert found("near-duplicate", [*sound(), near, LintRow("same", first.prompt, first.answer)]) == ["near"]
    assert found("duplicate", [*sound(), near, LintRow("same", first.prompt, first.answer)]) == ["same"]


def test_stock_openings_and_endings_are_counted() -> None:
    rows = [row(i, answer=f"It is important to know {i}. If you have other questions, please ask.") for i in range(8)]
    report = {f.code: f for f in lint([*sound(), *rows]).findings}
    assert len(report["stock-opening"].rows) == len(report["stock-ending"].rows) == 8
    assert "“it is important to” × 8" in report["stock-opening"].detail


def test_pairs_without_a_difference_are_found() -> None:
    rows = [
        row(1, answer="Yes, bread.", other="Yes, bread."),
        row(2, answer="Yes, bread.", other="yes,  BREAD."),
        row(3, answer="Yes, bread.", other="No."),
    ]
    assert found("identical-pair", rows) == ["r1"]
    assert found("unchanged", rows) == ["r1", "r2"]


def test_lengths_that_give_the_preference_away_are_said() -> None:
    longer = [row(i, other="Short.") for i in range(10)]
    finding = lint(longer, ["pair-length"]).findings[0]
    assert len(finding.rows) == 10 and "100%" in finding.detail
    assert lint([row(i, other=row(i + 50).answer) for i in range(10)], ["pair-length"]).findings == ()


def test_lengths_by_kind_are_shares_and_differences_are_said() -> None:
    rows = [row(i, kind="harmful", answer="No, never.") for i in range(5)] + [
        row(i, kind="helpful") for i in range(5, 10)
    ]
    report = lint(rows, ["kind-length"])
    assert set(report.lengths) == {"harmful", "helpful"}
    assert sum(report.lengths["harmful"]) == pytest.approx(1)
    assert "Harmful answers have a median of 2 words" in report.findings[0].detail


def test_a_held_out_request_that_is_learnt_is_found() -> None:
    base = "How do I take the bread out of the oven without burning my hands or the table?"
    rows = [row(1, prompt=base, side="train"), row(2, prompt=base + " Please.", side="eval"), row(3, side="eval")]
    assert found("both-sides", rows) == ["r2"]


def test_near_duplicates_agree_with_exact_similarity() -> None:
    chance = random.Random(3)
    words = [f"w{i}" for i in range(400)]
    texts, truth = [], []
    for group in range(60):
        base = [chance.choice(words) for _ in range(80)]
        texts.append(" ".join(base))
        truth.append(group * 2)
        for place in range(0, 80, 40):  # two of eighty words changed: about 85 % of the shingles are common
            base[place] = "x"
        texts.append(" ".join(base))
        truth.append(group * 2)
    assert near_duplicates(Tokens(texts)).tolist() == truth
    unlike = [" ".join(chance.choice(words) for _ in range(80)) for _ in range(300)]
    assert near_duplicates(Tokens(unlike)).tolist() == list(range(300))


def test_texts_without_words_do_no_harm() -> None:
    assert near_duplicates(Tokens(["", "?!", "one", ""])).tolist() == [0, 0, 2, 0]
    lint([LintRow("a", "", ""), LintRow("b", "?", "\ud800 \x00"), LintRow("c", "x" * 50_000, "🙂" * 1000)])


def test_the_order_of_rows_does_not_change_what_is_found() -> None:
    rows = [*sound(), *(row(100 + i, answer=HOLE) for i in range(4)), row(200, answer="I cannot.")]
    shuffled = random.Random(1).sample(rows, len(rows))
    left, right = lint(rows), lint(shuffled)
    assert {f.code: set(f.rows) for f in left.findings} == {f.code: set(f.rows) for f in right.findings}


def test_rows_come_from_what_was_decided_and_from_frozen_data() -> None:
    turns = (Message("user", "Why bread?"),)
    example = make_example(turns, "Initial.", "Revised.")
    judged = [
        (example, Decision("e", example.id, verdict, "me", text="Edited.")) for verdict in ("edit", "flip", "accept")
    ]
    assert [(r.answer, r.other) for r in rows_of_examples(judged)] == [
        ("Edited.", "Initial."), ("Initial.", "Revised."), ("Revised.", "Initial."),
    ]  # fmt: skip
    dataset = build_dataset("d", judged[:1], [], DatasetSettings(eval_share=0, helpful=0))
    frozen = rows_of_dataset(dataset)
    assert [(r.id, r.answer, r.other, r.side) for r in frozen] == [(example.id, "Edited.", "Initial.", "train")]


def test_helpful_rows_are_told_by_their_mark_and_old_ones_by_their_source() -> None:
    turns = (Message("user", "Why bread?"),)
    rows = (
        TrainingExample(turns, "a", None, "helpful mix: twin"),
        TrainingExample(turns, "b", "e1", "helpful-base.jsonl"),
        TrainingExample(turns, "c", "e2", "my rows", helpful=True),
        TrainingExample(turns, "d", None, "my rows"),
    )
    frozen = rows_of_dataset(Dataset("d", rows, (), (), (), {}, (), {}))
    assert [(r.kind, r.compared) for r in frozen] == [
        ("helpful", False), ("revised", True), ("helpful", False), ("unknown", False),
    ]  # fmt: skip


def test_every_check_has_its_words() -> None:
    assert all(check.title and check.advice.endswith(".") and check.run.__doc__ for check in CHECKS.values())
