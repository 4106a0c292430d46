"""Metrics as lines: written once, read often, cut back on resume."""

from __future__ import annotations

from cai_ui.train.run.metrics import append_row, forget_after, read_rows


def test_rows_come_back_as_written_and_numbers_that_are_none_as_words(tmp_path):
    append_row(tmp_path, {"step": 1, "loss": 0.5})
    append_row(tmp_path, {"step": 2, "loss": float("nan"), "grad_norm": float("inf")})
    assert read_rows(tmp_path) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": "nan", "grad_norm": "inf"}]


def test_only_later_rows_are_read_when_asked(tmp_path):
    for step in (1, 2, 2, 3):
        append_row(tmp_path, {"step": step})
    assert [row["step"] for row in read_rows(tmp_path, after_step=1)] == [2, 2, 3]
    assert read_rows(tmp_path, after_step=3) == []


def test_a_line_that_is_being_written_is_passed_over(tmp_path):
    append_row(tmp_path, {"step": 1})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "lo')
    assert read_rows(tmp_path) == [{"step": 1}]
    assert read_rows(tmp_path / "nowhere") == []


def test_steps_to_be_taken_again_are_forgotten(tmp_path):
    for step in range(1, 6):
        append_row(tmp_path, {"step": step})
    forget_after(tmp_path, 3)
    append_row(tmp_path, {"step": 4})
    assert [row["step"] for row in read_rows(tmp_path)] == [1, 2, 3, 4]
    forget_after(tmp_path, 0)
    assert read_rows(tmp_path) == []
