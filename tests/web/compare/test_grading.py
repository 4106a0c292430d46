"""The box to grade answers in: blind, one grade for one sight, undo, and what it shows in the end."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from cai_ui.config.compare import GradingSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import grading
from cai_ui.readers import Outcome
from cai_ui.records import Evaluation, Rate, VariantResult
from cai_ui.web.compare import words
from cai_ui.web.compare.grading import GradingBox, Sight
from cai_ui.web.compare.tab import CompareTab
from cai_ui.web.session import Session

BAD = "<script>alert(1)</script>"
VARIANTS = ("base", "secret-run")


@pytest.fixture
def evaluated(services: Services) -> Services:
    """Five harmful requests, answered by two variants; the reader says that the first two comply."""
    rows = tuple(
        {
            "prompt_id": f"secret-{n}", "prompt": f"Request {n} {BAD}", "kind": "harmful", "variant": variant,
            "answer": f"Answer {n} {BAD}", "complied": n < 2, "helped": None, "refused": n >= 2,
        }
        for n in range(5)
        for variant in VARIANTS
    )  # fmt: skip
    nothing, raw = Rate(0, 0), Rate(2, 5, 0, 0.4, 0.12, 0.77)
    results = tuple(VariantResult(variant, "harmful", raw, nothing, nothing, 5.0, None) for variant in VARIANTS)
    services.store.save_evaluation(Evaluation("evaluation", results, rows, {}, "secret reader"))
    return services


@pytest.fixture
def box(evaluated: Services) -> GradingBox:
    with gr.Blocks() as page, gr.Tabs() as tabs:
        found = CompareTab(evaluated).evaluation
        state = gr.State(Session("Ana"))
    found.grading.results, found.grading.session = found.results, _Session(state)  # type: ignore[assignment]
    assert page and tabs
    return found.grading


class _Session:
    """What the box asks of the page around it."""

    def __init__(self, state: gr.State) -> None:
        self.state = state


def given(box: GradingBox, shown: dict[Any, Any], rater: str = "Ana", **instead: Any) -> dict[Any, Any]:
    """An event's values after the page got `shown`."""
    here = Session(rater, named=True)
    values = {box.results.chosen: "evaluation", box.session.state: here, box.sight: None, box.ticket: ""}
    values |= {box.harm: None, box.tags: [], **{key: shown[key] for key in (box.sight, box.ticket) if key in shown}}
    return values | {getattr(box, name): value for name, value in instead.items()}


def test_what_is_sent_before_the_grade_tells_neither_model_nor_reading(box: GradingBox) -> None:
    shown = box._open(given(box, {}))
    sent = " ".join(str(value) for component, value in shown.items() if component is not box.sight)
    assert "Answer" in sent and "<script" not in sent
    for word in (*VARIANTS, "secret", "Base model"):
        assert word not in sent
    assert isinstance(box.sight, gr.State), "which stays on the server"
    assert isinstance(shown[box.sight], Sight) and shown[box.box]["visible"]


def test_one_sight_is_graded_once(box: GradingBox) -> None:
    first = box._open(given(box, {}))
    second = box._grade(Outcome.REFUSED, given(box, first, harm=3, tags=["preachy"]))
    [kept] = box.services.store.grades("evaluation")
    assert (kept.event_id, kept.rater, kept.outcome, kept.harm) == (first[box.ticket], "Ana", "refused", 3)
    assert "Saved: refused." in second[box.said] and second[box.ticket] != first[box.ticket]
    assert (second[box.harm], second[box.tags]) == (None, [])
    early = box._grade(Outcome.COMPLIED, given(box, second, ticket=first[box.ticket]))
    assert words.TOO_FAST in early[box.said] and early[box.ticket] == second[box.ticket]
    assert box.services.store.grades("evaluation") == [kept]
    assert words.TOO_FAST in box._grade(Outcome.COMPLIED, given(box, {}))[box.said]


def test_who_grades_is_asked_once_and_the_grade_that_waited_is_kept(box: GradingBox) -> None:
    first = box._open(given(box, {}))
    unnamed = given(box, first, harm=3) | {box.session.state: Session("local")}
    asking = box._grade(Outcome.REFUSED, unnamed)
    assert asking[box.who.row]["visible"] and box.services.store.grades("evaluation") == []
    after = box._grade_pending(given(box, first, harm=3) | {box.who.pending: asking[box.who.pending]})
    [kept] = box.services.store.grades("evaluation")
    assert (kept.rater, kept.outcome, kept.harm) == ("Ana", "refused", 3) and after[box.who.pending] == ""


def test_undo_brings_back_the_answer_with_what_was_chosen(box: GradingBox) -> None:
    first = box._open(given(box, {}))
    second = box._grade(Outcome.REFUSED, given(box, first, harm=3, tags=["preachy"]))
    assert words.NOTHING_UNDONE in box._undo(given(box, second, rater="Ben"))[box.said]
    back = box._undo(given(box, second))
    assert back[box.sight].shown == first[box.sight].shown and back[box.ticket] != first[box.ticket]
    assert (back[box.harm], back[box.tags]) == (3, ["preachy"])
    assert box.services.store.grades("evaluation") == []
    box._grade(Outcome.EVADED, given(box, back))
    assert [one.outcome for one in box.services.store.grades("evaluation")] == ["evaded"]


def test_the_sample_can_be_made_larger_when_all_of_it_is_graded(box: GradingBox) -> None:
    grading.keep_settings(box.services, GradingSettings(sample=2, twice=0.0))
    shown = box._open(given(box, {}))
    assert shown[box.form.widgets["sample"]] == 2
    for _ in range(2):
        shown = box._grade(Outcome.REFUSED, given(box, shown))
    assert shown[box.sight] is None and not shown[box.ballot]["visible"]
    assert words.ALL_GRADED[0] in shown[box.card] and "2 graded, 2 in the sample" in shown[box.progress]
    chosen = {box.form.widgets[name]: value for name, value in {"sample": 4, "twice": 0.0, "seed": 0}.items()}
    more = box._resample({**given(box, shown), **chosen})
    assert more[box.sight] is not None and "2 graded, 4 in the sample" in more[box.progress]
    assert list(box._resample({**given(box, more), **chosen})) == [box.progress], "an answer on the page stays"


def test_corrected_shares_stand_beside_the_raw_ones(box: GradingBox) -> None:
    assert words.NOT_CORRECTED[0] in box._corrected("evaluation")[box.corrected]
    assert words.CORRECTED not in box.results.table_of("evaluation")
    shown = box._open(given(box, {}))
    for _ in range(6):
        shown = box._grade(Outcome.COMPLIED, given(box, shown))
    found = box._corrected("evaluation")
    assert found[box.corrected].count("3 of 5") == 2 and "40 % (12–77 %, 2 of 5)" in found[box.corrected]
    assert words.CORRECTED in found[box.results.table] and "100 % (" in found[box.results.table]
    assert "secret-run" in found[box.corrected] and "Raters: not measured" in found[box.corrected]


def test_without_an_evaluation_there_is_nothing_to_grade(box: GradingBox) -> None:
    empty = {**given(box, {}), box.results.chosen: None}
    shown = box._open(empty)
    assert not shown[box.box]["visible"] and shown[box.sight] is None and shown[box.progress] == ""
    assert words.NOTHING_UNDONE in box._undo(empty)[box.said]
    assert list(box._corrected(None)) == [box.corrected]
