"""What people and models write is shown as text in every piece of HTML the page is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from cai_ui import revise
from cai_ui.pipeline.guided_progress import GuidedRunStage
from cai_ui.records import Answer, Evaluation, Message, Prompt, Provenance, Rate, Step, Trace, VariantResult
from cai_ui.web.kit import diff, present, rate_bars
from cai_ui.web.kit.present import counted, duration, first_line, percent, rate_text, remaining, when
from cai_ui.web.kit.words import FAST
from cai_ui.web.revise import trace_html
from cai_ui.web.start import guided_run_html

EVIL = "<img src=x onerror=alert(1)>\"'</div><script>alert(2)</script>![](http://canary.example/)"
RATE = Rate(3, 10, 2, 0.3, 0.1, 0.6)
RESULT = VariantResult(EVIL, "harmful", RATE, RATE, RATE, 1.0, None)
ANSWER = Answer(EVIL, "length", 1, 2, Provenance(EVIL, "h", EVIL, "a", 3, {}))
STEP = Step("critique", EVIL, EVIL, EVIL, ANSWER, "other")
TRACE = Trace("t", Prompt("p", EVIL), (Message("user", EVIL),), "c", (Step("draft", EVIL), Step("revision", "good")))

WITH_STEP = dataclasses.replace(TRACE, steps=(Step("draft", EVIL), dataclasses.replace(STEP, scores={EVIL: 0.5})))


@pytest.mark.parametrize(
    "make",
    [
        lambda: present.pill(EVIL),
        lambda: present.notice(EVIL),
        lambda: present.empty_state(EVIL, EVIL),
        lambda: present.hint(EVIL),
        lambda: present.lead(EVIL, EVIL),
        lambda: present.text_block(EVIL, EVIL),
        lambda: present.facts([(EVIL, EVIL)]),
        lambda: present.progress_bar(1, 2, EVIL),
        lambda: present.table([EVIL], [[EVIL]]),
        lambda: diff.diff_html(EVIL, "x " + EVIL, EVIL, EVIL),
        lambda: trace_html.steps_html(WITH_STEP, {EVIL: EVIL}, trace_html.Live("revision", (EVIL,), EVIL)),
        lambda: trace_html.steps_html(WITH_STEP, {}),
        lambda: guided_run_html.stages_html([GuidedRunStage(EVIL, EVIL, EVIL, EVIL, 1.0)]),
        lambda: rate_bars.bars_html(Evaluation("e", (RESULT,), (), {}, ""), {}),
        lambda: guided_run_html.answers_html(EVIL, [(EVIL, EVIL)]),
    ],
)
def test_markup_from_outside_stays_text(make: Callable[[], str]) -> None:
    shown = make()
    assert "canary.example" in shown
    for piece in ("<img", "<script", "</script", "onerror=alert(1)>"):
        assert piece not in shown


def test_a_diff_says_by_its_elements_what_was_removed_and_added() -> None:
    shown = diff.diff_html("the old house stands on the hill", "the new house stands on the hill")
    assert "<del>old</del><ins>new</ins>" in shown
    assert "14 % of the words changed" in shown


def test_equal_texts_are_called_equal() -> None:
    assert "Nothing changed" in diff.diff_html("same", "same")


def test_folding_short_runs_loses_no_character() -> None:
    before, after = "Sure! First wait until she is out.", "I would rather not, until she is asked."
    from cai_ui.text import word_diff

    pieces = diff.readable(word_diff(before, after))
    assert "".join(text for kind, text in pieces if kind != "added") == before
    assert "".join(text for kind, text in pieces if kind != "removed") == after
    assert len(pieces) < len(word_diff(before, after))


def test_very_long_texts_are_not_compared_word_by_word() -> None:
    assert "too long" in diff.diff_html("a " * 20_000, "b " * 20_000)


def test_an_edited_step_and_a_cut_answer_say_so() -> None:
    shown = trace_html.steps_html(WITH_STEP, {})
    assert "changed by hand" in shown
    assert "cut at the token limit" in shown


def test_step_titles_count_rounds() -> None:
    steps = [Step(kind, "") for kind in ("draft", "critique", "revision", "critique", "revision")]  # type: ignore[arg-type]
    assert revise.step_titles(steps) == ["Initial answer", "Critique 1", "Revision 1", "Critique 2", "Revision 2"]


def test_a_critique_stands_beside_the_passage_that_it_quotes() -> None:
    answer = "First wait. Then open her drawer with the spare key. Put it back."
    critique = "The response says “open her drawer with the spare key”, which is wrong, and 'puts it' back."
    assert trace_html.quoted_passages(critique, answer) == ["open her drawer with the spare key"]
    steps = (Step("draft", answer), Step("critique", critique, "asked"))
    assert "<mark>open her drawer with the spare key</mark>" in trace_html.steps_html(
        dataclasses.replace(TRACE, steps=steps), {}
    )


def test_branches_stand_under_the_chain_they_come_from() -> None:
    child = dataclasses.replace(TRACE, id="u", parent="t", settings={"branched_at": 1, "sampling": {"seed": 4}})
    other = dataclasses.replace(TRACE, id="w", parent="t", settings={"branched_at": 0})
    grandchild = dataclasses.replace(TRACE, id="v", parent="u", settings={"branched_at": 1})
    lines = trace_html.branch_labels([TRACE, child, other, grandchild])
    assert [trace_id for _, trace_id in lines] == ["t", "u", "v", "w"]
    assert "Revision 1 again" in lines[1][0] and "seed 4" in lines[1][0]
    assert lines[2][0].startswith("      └")


def test_a_rate_that_was_not_measured_is_not_shown_as_zero() -> None:
    assert percent(None) == "–"
    assert rate_text(Rate(0, 0, 4)) == "not measured (4 unread)"
    assert rate_text(RATE) == "30 % (10–60 %, 3 of 10, 2 unread)"


def test_times_and_lengths_read_as_people_say_them() -> None:
    assert [duration(s) for s in (0, 59.6, 200, 3599, 3660)] == [
        "0 s",
        "1 min",
        "3 min 20 s",
        "59 min",
        "1 h 1 min",
    ]
    assert [remaining(s) for s in (None, 59.0)] == ["estimating …", "about 59 s left"]
    assert [counted(n, "tie") for n in (0, 1, 2_000)] == ["0 ties", "1 tie", "2,000 ties"]
    assert when("not a time") == ""
    assert when("2026-11-24T09:00:00+00:00") != ""
    assert first_line("one  two\nthree " * 20, 20) == "one two three one…"


def test_a_text_of_a_fast_mode_is_labelled_as_such() -> None:
    came_from = {same: Provenance("m", "h", None, None, 0, {}, same_in_any_batch=same) for same in (True, False, None)}
    assert [FAST in present.answered_by(came_from[same]) for same in (True, False, None)] == [False, True, False]
