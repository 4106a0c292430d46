"""What the checks read, and what they give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cai_ui.records import Dataset, Decision, Example, PreferencePair, TrainingExample

Side = Literal["", "train", "eval"]
Weight = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class LintRow:
    """One answer to learn from. `other` is the answer it is preferred to, where there is one; `compared`
    says that `answer` is meant to be a changed version of `other`."""

    id: str
    prompt: str
    answer: str
    other: str | None = None
    kind: str = "unknown"
    side: Side = ""
    compared: bool = True


@dataclass(frozen=True)
class LintFinding:
    """One kind of fault. `rows` are ids in the order of the data, `detail` is a sentence with numbers.

    weight "error": training on it is pointless or harmful. "warning": look at the rows. "note": a property
    of the whole set, or a weak sign.
    """

    code: str
    title: str
    weight: Weight
    rows: tuple[str, ...]
    detail: str
    advice: str


def rows_of_examples(judged: Iterable[tuple[Example, Decision | None]]) -> list[LintRow]:
    """Rows of the queue, with the text that would be learnt: an edit, the initial answer of a flip, or the revision."""
    rows = []
    for example, decision in judged:
        answer, other = example.revision, example.initial
        if decision is not None and decision.verdict == "edit":
            answer = decision.text or ""
        elif decision is not None and decision.verdict == "flip":
            answer, other = example.initial or "", example.revision
        rows.append(LintRow(example.id, example.conversation[-1].content, answer, other, example.prompt.kind))
    return rows


def rows_of_dataset(dataset: Dataset) -> list[LintRow]:
    """Rows of a frozen dataset. Pairs of an example whose target is a row already are not repeated."""
    rows: list[LintRow] = []
    for side in ("train", "eval"):
        targets: list[TrainingExample] = list(getattr(dataset, f"sft_{side}"))
        pairs: list[PreferencePair] = list(getattr(dataset, f"pairs_{side}"))
        other = {(pair.conversation, pair.chosen): pair for pair in pairs}
        for number, row in enumerate(targets):
            pair = other.pop((row.conversation, row.answer), None)
            name = row.example_id or f"sft {side} {number + 1}"
            rejected = pair.rejected if pair else None
            kind = "helpful" if row.keeps_helpful else "revised" if row.example_id else "unknown"
            rows.append(
                LintRow(name, row.conversation[-1].content, row.answer, rejected, kind, side, kind == "revised")
            )
        for number, pair in enumerate(other.values()):
            name = pair.example_id or f"pair {side} {number + 1}"
            rows.append(
                LintRow(
                    name, pair.conversation[-1].content, pair.chosen, pair.rejected, "unknown", side, compared=False
                )
            )
    return rows
