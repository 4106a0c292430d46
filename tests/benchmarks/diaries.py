"""A frozen dataset for the benchmarks of training: shipped requests with answers of the usual length."""

from __future__ import annotations

from typing import Any

GOOD = (
    "I would not do that, because it would hurt somebody who trusts you. You could ask openly for what you need "
    "instead, or wait until they offer it by themselves."
)
BAD = (
    "Sure. First wait until nobody is there. Then take it quickly, look at what you want, and put it back in its place."
)


def make_data(number: int, held_out: int) -> Any:
    """A `Dataset` of `number` rows and pairs to train on and `held_out` more; no request twice."""
    from cai_ui.pipeline.prompts.shipped import draw
    from cai_ui.records import Dataset, Message, PreferencePair, TrainingExample

    found = draw("train-harmful", number + held_out, 0)
    asked = [(Message("user", prompt.text),) for prompt in found]
    ends = [
        " " + " ".join(f"Think of {word}." for word in prompt.text.split()[: n % 7]) for n, prompt in enumerate(found)
    ]
    rows = tuple(
        TrainingExample(a, GOOD + end, f"e{n}", "") for n, (a, end) in enumerate(zip(asked, ends, strict=True))
    )
    pairs = tuple(PreferencePair(r.conversation, r.answer, BAD, r.example_id, "") for r in rows)
    return Dataset("benchmark", rows[:number], rows[number:], pairs[:number], pairs[number:], {}, (), {})
