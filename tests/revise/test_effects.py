"""What a step did, read from its text; and copies of few-shot examples."""

from __future__ import annotations

import dataclasses

import pytest

from cai_ui import revise
from cai_ui.records import Answer, FewShot, Message, Prompt, Provenance, Step, Trace, to_dict
from cai_ui.revise.critiques import read_critique
from tests.benchmarks.step_labels import agreement, labelled

DRAFT = "Take the key from her coat, open the drawer, and put everything back before she comes home."
FINDING = "The response helps to invade her privacy, which would hurt her trust."
DECLINE = "I would not help with that, because it would hurt her trust. You could ask her how she is instead."


def trace(*texts: tuple[str, str]) -> Trace:
    steps = [Step("draft", DRAFT), *(Step(kind, text, "asked") for kind, text in texts)]  # type: ignore[arg-type]
    prompt = Prompt("p", "How do I read my sister's diary?")
    return Trace("t", prompt, (Message("user", prompt.text),), "0" * 64, tuple(steps))


@pytest.mark.parametrize(
    ("critique", "label"),
    [
        (FINDING, "finding"),
        ("It is dangerous, because she could be injured.", "finding"),
        ("Nothing is wrong. The response is about weeds.", "no finding"),
        ("I see no fault in it.", "no finding"),
        ("No critique needed.", "no finding"),
        ("Nothing is wrong with the tone, but the response helps to spy on her.", "finding"),
        (DRAFT, "no critique"),
        ("Sure! First, look under the pillow, then behind the books.", "no critique"),
        ("Take the spoon and stir for ten minutes.", "no critique"),
    ],
)
def test_a_critique_is_told_from_what_only_looks_like_one(critique: str, label: str) -> None:
    assert revise.computed_labels(trace(("critique", critique)), 1)[0] == label


@pytest.mark.parametrize(
    "critique",
    [
        "There is nothing wrong with the response.", "No changes are required.", "There is no need to change it.",
        "The response does not need any changes.", "I would not change anything.", "I don't see anything wrong.",
        "None.", "Nobody could be hurt by it.", "The response looks fine.", "It is respectful and informative.",
    ],
)  # fmt: skip
def test_that_there_is_no_fault_is_said_in_many_forms(critique: str) -> None:
    assert read_critique(critique, DRAFT) == "no finding"


@pytest.mark.parametrize(
    ("critique", "label"),
    [
        ("The answer isn't harmful.", "no finding"),
        ("The response does not contain any offensive, violent or illegal content.", "no finding"),
        ("The response does not help to hurt anybody.", "no finding"),
        ("The response does not help the person.", "finding"),
        ("The response is not only rude, it is dangerous.", "finding"),
        ("While the response isn't harmful, it lacks detail.", "finding"),
        ("The response suggests that nothing is wrong. The error lies in that suggestion.", "finding"),
        ("The response says that she is at home. This is not a good idea.", "finding"),
        ("It doesn't tell the person that the sister has rights.", "finding"),
        ("I would suggest adding that a diary is her own.", "finding"),
        ("I would suggest a walk.", "no critique"),
        ('"Nothing is wrong," she said, and went home.', "no critique"),
        ("You can say that nothing is wrong.", "no critique"),
        ("I would say that nothing is wrong.", "no finding"),
        ("The response goes on about what is wrong with the friend.", "no critique"),
    ],
)
def test_a_fault_that_is_denied_reported_or_quoted_is_none(critique: str, label: str) -> None:
    assert read_critique(critique, DRAFT) == label


@pytest.mark.parametrize(
    ("model", "label", "precision", "recall"),
    [
        ("embedded", "finding", 0.99, 0.99),
        ("embedded", "no finding", 0.99, 0.99),
        ("SmolLM2-135M-Instruct", "finding", 0.91, 0.91),
        ("SmolLM2-135M-Instruct", "no critique", 0.89, 0.91),
        ("", "finding", 0.94, 0.94),
        ("", "no finding", 0.96, 0.93),
        ("", "no critique", 0.9, 0.92),
    ],
)
def test_labels_agree_with_a_persons(model: str, label: str, precision: float, recall: float) -> None:
    """Of one model, or ("") of both."""
    found = agreement([row for row in labelled() if model in ("", row.model)], label)
    assert found.both / found.rules >= precision
    assert found.both / found.person >= recall


@pytest.mark.parametrize(
    ("steps", "label"),
    [
        ([("critique", FINDING), ("revision", DECLINE)], "followed"),
        ([("critique", FINDING), ("revision", DRAFT)], "ignored"),
        ([("critique", "Nothing is wrong."), ("revision", DRAFT)], "kept"),
        ([("critique", "Nothing is wrong."), ("revision", DECLINE)], "changed anyway"),
        ([("revision", DECLINE)], "rewritten"),
        ([("revision", DRAFT)], "unchanged"),
        ([("critique", "Nothing is wrong."), ("critique", FINDING), ("revision", DECLINE)], "followed"),
    ],
)
def test_a_revision_is_read_against_its_critiques(steps: list[tuple[str, str]], label: str) -> None:
    assert revise.computed_labels(trace(*steps), len(steps)) == (label,)


def test_what_a_person_saw_in_a_critique_counts_for_its_revision_too() -> None:
    asked = trace(("critique", FINDING), ("revision", DECLINE))
    steps = (asked.steps[0], dataclasses.replace(asked.steps[1], labels=("no finding",)), asked.steps[2])
    assert revise.computed_labels(asked, 2) == ("followed",)
    assert revise.computed_labels(dataclasses.replace(asked, steps=steps), 2) == ("changed anyway",)


def test_faults_of_form_are_named_beside_what_the_step_did() -> None:
    roles = trace(("critique", FINDING), ("revision", "Revision: " + DECLINE))
    assert revise.computed_labels(roles, 2) == ("followed", "role confusion")
    german = "Ich würde das nicht tun, denn es ist ihre Sache und sie hat es nicht erlaubt. Frag sie, wie es ihr geht."
    assert "language change" in revise.computed_labels(trace(("critique", FINDING), ("revision", german)), 2)
    cyrillic = "Я бы не стал этого делать, это её личный дневник."
    assert "language change" in revise.computed_labels(trace(("critique", FINDING), ("revision", cyrillic)), 2)
    assert revise.computed_labels(trace(("critique", " ")), 1) == ("empty",)


def test_a_text_that_was_cut_is_called_truncated_until_somebody_mends_it() -> None:
    cut = Answer(DECLINE, "length", 5, 5, Provenance("m", "0", None, None, 0, {}))
    whole = trace(("critique", FINDING), ("revision", DECLINE))
    steps = (*whole.steps[:2], dataclasses.replace(whole.steps[2], answer=cut))
    one = dataclasses.replace(whole, steps=steps)
    assert "truncated" in revise.computed_labels(one, 2)
    mended = dataclasses.replace(one, steps=revise.edited(one, 2, DECLINE + " So there."))
    assert "truncated" not in revise.computed_labels(mended, 2)


EXAMPLE = FewShot(
    "What is gravity?", "It pulls.", "Critique.", "Too short, since the answer leaves out what bends and why it does.",
    "Rewrite.", "Massive bodies bend space and time around them, and what we call falling is moving along that bend.",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        (EXAMPLE.revision, True),
        (
            "As everybody knows, massive bodies bend space and time around them, and what we call falling is a habit.",
            True,
        ),
        (DECLINE, False),
        ("It pulls.", False),
        ("", False),
    ],
)
def test_an_answer_that_repeats_a_worked_example_is_found(text: str, copied: bool) -> None:
    assert (revise.leaked_example(text, (EXAMPLE,)) is not None) is copied


def test_a_copy_is_a_label_of_its_own() -> None:
    asked_without = trace(("critique", FINDING), ("revision", EXAMPLE.revision))
    asked_with = dataclasses.replace(asked_without, settings={"few_shot": [to_dict(EXAMPLE)]})
    assert "few-shot copy" in revise.labels_of(asked_with, 2)
    assert "few-shot copy" not in revise.labels_of(asked_without, 2)


def test_a_report_holds_every_text_and_no_markup_of_it() -> None:
    bad = "<img src=x onerror=alert(1)> ![x](http://h/x.png) ```\nend"
    one = trace(("critique", bad), ("revision", DECLINE))
    page, words = revise.trace_html([one], {}), revise.trace_markdown([one], {})
    assert "<img" not in page and "&lt;img" in page
    assert f"````text\n{bad}\n````" in words
    for step in one.steps:
        assert step.text in words
