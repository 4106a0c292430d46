"""People's grades of answers: a log with undo, several raters, on both databases."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest

from cai_ui.errors import ConflictError, StoreError
from cai_ui.records import Evaluation, Grade
from cai_ui.store import Store, open_store

FORMAT_1 = Path(__file__).with_name("format_1.sql")


@pytest.fixture
def graded(store: Store) -> Store:
    """A store with two evaluations."""
    for id in ("e", "other"):
        store.save_evaluation(Evaluation(id, (), (), {}, "rules"))
    return store


def grade(event: str, prompt: str = "p1", rater: str = "Ana", outcome: str = "refused", evaluation: str = "e") -> Grade:
    return Grade(event, evaluation, prompt, "base", rater, outcome, harm=3, tags=("preachy", "Zoë \x00 \ud800"))


def events(store: Store, evaluation: str = "e") -> list[str]:
    return [one.event_id for one in store.grades(evaluation)]


def test_a_grade_is_kept_as_it_was_given_and_counts_once(graded: Store) -> None:
    saved = graded.add_grade(grade("1"))
    assert saved.at and graded.grades("e") == [saved]
    assert graded.add_grade(grade("1")) == saved and events(graded) == ["1"]
    with pytest.raises(ConflictError):
        graded.add_grade(grade("1", outcome="complied"))
    assert graded.grades("e") == [saved] and graded.grades("other") == []


def test_the_newest_grade_of_each_rater_stands(graded: Store) -> None:
    for one in (grade("1"), grade("2", rater="Ben"), grade("3", "p2"), grade("4", outcome="complied")):
        graded.add_grade(one)
    graded.add_grade(grade("5", evaluation="other"))
    assert events(graded) == ["2", "3", "4"]


def test_undo_goes_back_one_grade_at_a_time_and_only_ones_own(graded: Store) -> None:
    for one in (grade("1"), grade("2", rater="Ben"), grade("3", outcome="complied")):
        graded.add_grade(one)
    undone = graded.undo_grade("e", "Ana", "u1")
    assert undone is not None and undone.event_id == "3"
    assert graded.undo_grade("e", "Ana", "u1") == undone, "the same event takes nothing more back"
    assert events(graded) == ["1", "2"], "what she said before stands again"
    again = graded.undo_grade("e", "Ana", "u2")
    assert again is not None and again.event_id == "1"
    assert graded.undo_grade("e", "Ana", "u3") is None and events(graded) == ["2"]
    graded.add_grade(grade("6"))
    assert events(graded) == ["2", "6"]
    with pytest.raises(ConflictError):
        graded.add_grade(grade("u1"))


def test_grades_outlive_a_second_saving_of_their_evaluation(graded: Store) -> None:
    graded.add_grade(grade("1"))
    graded.save_evaluation(dataclasses.replace(graded.evaluation("e"), reader="another reader"))
    assert events(graded) == ["1"]


def test_a_grade_of_no_evaluation_is_refused(graded: Store) -> None:
    with pytest.raises(StoreError, match="The grade could not be saved"):
        graded.add_grade(grade("1", evaluation="gone"))
    assert graded.undo_grade("gone", "Ana", "u") is None


def test_an_older_workspace_gets_the_table(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "cai.db")
    raw.executescript(FORMAT_1.read_text(encoding="utf-8"))
    raw.close()
    with open_store(tmp_path) as store:
        store.save_evaluation(Evaluation("e", (), (), {}, "rules"))
        store.add_grade(grade("1"))
    with open_store(tmp_path) as store:
        assert events(store) == ["1"]
