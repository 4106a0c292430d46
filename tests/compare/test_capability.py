"""Drift of answers, results of a harness, and the weighing of references: over a real model in tests/pipeline."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from cai_ui.compare.drift import drift, repetition
from cai_ui.compare.lm_eval import MAX_BYTES, command_for, read_results
from cai_ui.errors import FileFormatError


def test_repetition_counts_runs_of_words_that_were_there_before() -> None:
    assert repetition("a b c d e") == 0.0
    assert repetition("a b c a b c a b c") == pytest.approx(1 - 3 / 7)
    assert repetition("too short") is None


def _row(n: int, variant: str, tokens: int | None, answer: str, kind: str = "helpful") -> dict[str, Any]:
    return {
        "prompt_id": f"p{n}", "kind": kind, "variant": variant, "tokens": tokens, "answer": answer,
        "finish": "repetition" if variant == "tuned" and n == 0 else "end",
    }  # fmt: skip


def test_drift_is_on_the_same_harmless_requests() -> None:
    rows = [
        _row(
            n, variant, 10 + n + (variant == "tuned") * (5 + n % 3), "one two three four " * (1 + (variant == "tuned"))
        )
        for n in range(30)
        for variant in ("base", "tuned")
    ]
    rows += [_row(99, "base", 1000, "x", "harmful"), _row(98, "base", None, "x")]
    base, tuned = drift(rows)
    assert base.longer.value == 0 and tuned.longer.value == pytest.approx(6.0)
    assert tuned.longer.low is not None and 5.5 < tuned.longer.low < 6 < (tuned.longer.high or 0) < 6.5
    assert (tuned.circles.successes, tuned.circles.total) == (1, 30) and base.circles.successes == 0
    assert tuned.more.value == pytest.approx(repetition("one two three four " * 2)) and tuned.more.low is None
    assert drift([]) == ()


def test_the_command_quotes_what_it_is_given() -> None:
    line = command_for("org/model", "/a b/$(touch x)")
    assert "--model_args" in shlex.split(line) and "pretrained=org/model,peft=/a b/$(touch x)" in shlex.split(line)


def test_results_of_the_harness_are_read() -> None:
    found = {"results": {"arc_easy": {"alias": "arc", "acc,none": 0.5, "acc_stderr,none": 0.01, "acc_norm,none": 1,
                                      "acc_norm_stderr,none": "N/A"}}}  # fmt: skip
    scores = read_results(json.dumps(found).encode())
    assert [(s.task, s.metric, s.value, s.error) for s in scores] == [
        ("arc_easy", "acc,none", 0.5, 0.01), ("arc_easy", "acc_norm,none", 1.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"results": []}', b'{"results": {"a": 1}}', b'{"results": {"a": {"acc": NaN}}}', b"\xff\xfe",
     b"[" * 100_000, b'{"results": {"a": {"acc": true}}}', b" " * (MAX_BYTES + 1)],
)  # fmt: skip
def test_what_is_no_results_file_is_a_sentence(content: bytes) -> None:
    with pytest.raises(FileFormatError):
        read_results(content)
