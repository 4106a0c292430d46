"""Warnings come when something is wrong, and not when nothing is."""

from __future__ import annotations

import math

from cai_ui.train.run.health import run_warnings
from cai_ui.train.run.probes import ProbeAnswer


def rows(**series):
    """Rows with one value per step of each series."""
    length = max(len(values) for values in series.values())
    return [
        {"step": n + 1, **{name.replace("__", "/"): values[n] for name, values in series.items() if n < len(values)}}
        for n in range(length)
    ]


def probe(step, tokens):
    return ProbeAnswer(step, "p", "helpful", "?", "!", tokens, "end")


FALLING = [1 / n for n in range(1, 41)]


def test_a_sound_run_warns_of_nothing():
    accuracy = [min(0.97, 0.5 + 0.02 * n) for n in range(40)]
    sound = rows(loss=FALLING, logps__chosen=[-30 + 0.1 * n for n in range(40)], rewards__accuracies=accuracy)
    assert run_warnings("dpo", sound, [probe(0, 40), probe(20, 45)], 40) == []
    assert run_warnings("sft", [], [], 0) == []


def test_what_is_no_number_is_named_with_its_step():
    (warning,) = run_warnings("sft", rows(loss=[1.0, 0.9, "nan"]), [], 10)
    assert "loss is not a number at step 3" in warning
    (warning,) = run_warnings("sft", rows(grad_norm=[1.0, math.inf]), [], 10)
    assert "gradient is not a number at step 2" in warning


def test_learning_by_heart():
    (warning,) = run_warnings("sft", rows(eval_loss=[1.0, 0.5, 0.6, 0.7]), [], 10)
    assert "best at step 2 (0.5)" in warning
    assert run_warnings("sft", rows(eval_loss=[1.0, 0.5, 0.49, 0.5]), [], 10) == []


def test_a_loss_that_rises():
    assert "has risen" in run_warnings("sft", rows(loss=[1.0] * 10 + [2.0] * 10), [], 20)[0]


def test_chosen_answers_that_become_less_likely():
    falling = rows(logps__chosen=[-20 - 0.5 * n for n in range(20)])
    assert "chosen answers have become less likely" in run_warnings("dpo", falling, [], 20)[0]
    assert run_warnings("sft", falling, [], 20) == []


def test_pairs_that_are_told_apart_at_once():
    (warning,) = run_warnings("dpo", rows(rewards__accuracies=[1.0] * 40), [], 40)
    assert "after 8 of 40 steps" in warning
    assert run_warnings("dpo", rows(rewards__accuracies=[0.5] * 30 + [1.0] * 10), [], 40) == []


def test_answers_that_change_their_length():
    (warning,) = run_warnings("sft", [], [probe(0, 40), probe(10, 90)], 10)
    assert "from 40 to 90 tokens" in warning
