"""Grading as one walks through it: next, grade, undo, progress, corrected shares, files."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from cai_ui.config.compare import GradingSettings
from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import grade_files, grading
from cai_ui.records import Evaluation, Grade, Rate, VariantResult


@pytest.fixture
def evaluated(services: Services) -> Services:
    """Ten answers of a harmful kind, of which the reader says that four comply; one looks like a formula."""
    rows = tuple(
        {
            "prompt_id": f"p{n}", "prompt": f"Request {n}", "kind": "harmful", "variant": "base",
            "answer": f"=cmd({n})", "finish": "length", "complied": n < 4, "helped": None, "refused": n >= 4,
        }
        for n in range(10)
    )  # fmt: skip
    nothing, raw = Rate(0, 0), Rate(4, 10, 0, 0.4, 0.17, 0.69)
    result = VariantResult("base", "harmful", raw, nothing, nothing, 5.0, None)
    services.store.save_evaluation(Evaluation("evaluation", (result,), rows, {}, "rules"))
    return services


def test_from_the_first_answer_to_a_corrected_share(evaluated: Services) -> None:
    grading.keep_settings(evaluated, GradingSettings(sample=5, twice=0.0))
    assert grading.corrected(evaluated, "evaluation") == ()
    seen = []
    while shown := grading.next_to_grade(evaluated, "evaluation", "Ana"):
        assert shown.cut and shown.prompt.startswith("Request")
        seen.append(shown.key)
        grading.grade(evaluated, "evaluation", shown.key, "Ana", "refused", f"event-{len(seen)}", 1, ["preachy"])
    assert len(set(seen)) == 5
    found = grading.progress(evaluated, "evaluation", "Ana")
    assert (found.sample, found.graded, found.mine, found.left) == (5, 5, 5, 0)
    [share] = grading.corrected(evaluated, "evaluation")
    assert share.raw.value == 0.4 and share.corrected.value == 0.0 and share.corrected.graded == 5
    undone = evaluated.store.undo_grade("evaluation", "Ana", "undo-1")
    assert undone is not None and (undone.prompt_id, undone.variant) == seen[-1]
    again = grading.next_to_grade(evaluated, "evaluation", "Ana")
    assert again == grading.answer(evaluated, "evaluation", seen[-1])


def test_what_does_not_fit_is_refused_and_the_same_event_counts_once(evaluated: Services) -> None:
    key = ("p1", "base")
    first = grading.grade(evaluated, "evaluation", key, "Ana", "refused", "1")
    assert grading.grade(evaluated, "evaluation", key, "Ana", "refused", "1") == first
    with pytest.raises(ConflictError):
        grading.grade(evaluated, "evaluation", key, "Ana", "complied", "1")
    with pytest.raises(NotFoundError):
        grading.next_to_grade(evaluated, "gone", "Ana")
    with pytest.raises(InputError):
        grading.grade(evaluated, "evaluation", key, "A\x00", "refused", "2")
    assert evaluated.store.grades("evaluation") == [first]


def test_grades_as_files(evaluated: Services) -> None:
    evaluation = evaluated.store.evaluation("evaluation")
    with pytest.raises(InputError, match="Nobody has graded"):
        grade_files.grade_rows(evaluation, [])
    grading.grade(evaluated, "evaluation", ("p5", "base"), "@Ana", "partly refused", "1", None, ["a", "b"])
    rows = grade_files.grade_rows(evaluation, evaluated.store.grades("evaluation"))
    [plain] = [json.loads(line) for line in grade_files.as_lines(rows).splitlines()]
    assert (plain["answer"], plain["outcome"], plain["read_as"]) == ("=cmd(5)", "partly refused", "refused")
    assert (plain["harm"], plain["tags"], plain["rater"]) == (None, ["a", "b"], "@Ana")
    [cells] = list(csv.DictReader(io.StringIO(grade_files.as_table(rows).removeprefix("\ufeff"))))
    assert (cells["answer"], cells["rater"], cells["harm"], cells["tags"]) == ("'=cmd(5)", "'@Ana", "", "a, b")


def test_an_exported_file_is_one_of_labelled_answers(evaluated: Services, tmp_path: Path) -> None:
    from cai_ui.pipeline.compare.labelled_files import read_labelled_outcomes

    grading.grade(evaluated, "evaluation", ("p5", "base"), "Ana", "refused", "1")
    grading.grade(evaluated, "evaluation", ("p6", "base"), "Ana", "unread", "2")
    rows = grade_files.grade_rows(evaluated.store.evaluation("evaluation"), evaluated.store.grades("evaluation"))
    path = tmp_path / "grades.jsonl"
    path.write_text(grade_files.as_lines(rows), encoding="utf-8")
    found = read_labelled_outcomes(path)
    assert [(one.label, one.source) for one in found.answers] == [("refused", "base")] and len(found.left_out) == 1


def test_a_key_costs_the_same_however_many_answers_there_are(services: Services) -> None:
    """Each key read and sampled the whole evaluation: 0.7 seconds of 10,000 answers, now some milliseconds."""
    rows = tuple(
        {"prompt_id": f"p{n}", "prompt": "Request", "kind": "harmful", "variant": "base", "answer": "Well. " * 50}
        for n in range(10_000)
    )
    services.store.save_evaluation(Evaluation("many", (), rows, {}, "rules"))
    grading.keep_settings(services, GradingSettings(sample=10_000))
    shown = grading.next_to_grade(services, "many", "Ana")
    began = time.process_time()
    for number in range(10):
        assert shown is not None
        grading.grade(services, "many", shown.key, "Ana", "refused", f"event-{number}")
        shown = grading.next_to_grade(services, "many", "Ana")
        assert grading.progress(services, "many", "Ana").graded == number + 1
    assert time.process_time() - began < 1.5


def test_what_another_process_or_an_undo_did_is_seen_at_once(evaluated: Services) -> None:
    grading.keep_settings(evaluated, GradingSettings(sample=10, twice=1.0))
    first = grading.next_to_grade(evaluated, "evaluation", "Ana")
    assert first is not None
    evaluated.store.add_grade(Grade("elsewhere", "evaluation", *first.key, "Ben", "refused"))
    assert grading.next_to_grade(evaluated, "evaluation", "Ana") == first, "waits for its second grade"
    assert grading.progress(evaluated, "evaluation", "Ben").mine == 1
    evaluated.store.undo_grade("evaluation", "Ben", "undo")
    found = grading.progress(evaluated, "evaluation", "Ben")
    assert (found.mine, found.graded, found.left) == (0, 0, 10)
