"""How often the rules' labels of critiques agree with a person's, in the form of docs/critique_revision.md.

    python -m tests.benchmarks.step_labels

One row for a set of critiques and a label: right of those that the rules gave it to (precision), and of those that the
person gave it to (recall), with 95 % intervals.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from cai_ui.revise.critiques import Reading, read_critique
from cai_ui.statistics import wilson

LABELLED = Path(__file__).parents[1] / "revise" / "critiques_labelled.jsonl.gz"
"""Critiques with the answers they are about, and what a person saw in them, blind to the rules' label: of the embedded
model and of SmolLM2-135M-Instruct under shipped constitutions. The rule that they were labelled by stands in
docs/critique_revision.md. `half` says when: "built" while the first rules were written, "held back" and "further" after
them, "second" after the second rules, which have seen all these, "last" after the third, which saw "second", too."""
HALVES = ("built", "held back", "further", "second", "last")


@dataclass(frozen=True)
class Row:
    """A critique, the answer it is about, and what a person saw in it."""

    model: str
    half: str
    answer: str
    critique: str
    label: str


@dataclass(frozen=True)
class Agreement:
    """Of one label: how many both gave, the rules gave, and the person gave."""

    both: int
    rules: int
    person: int


def labelled() -> list[Row]:
    """All labelled critiques."""
    lines = map(json.loads, gzip.decompress(LABELLED.read_bytes()).splitlines())
    return [Row(r["model"], r["half"], r["answer"], r["critique"], r["label"]) for r in lines]


def agreement(rows: Sequence[Row], label: str) -> Agreement:
    """How rules and person agree on one label."""
    pairs = [(read_critique(row.critique, row.answer), row.label) for row in rows]
    rules, person = (sum(pair[side] == label for pair in pairs) for side in (0, 1))
    return Agreement(pairs.count((label, label)), rules, person)


def share(right: int, total: int) -> str:
    """ "28 of 31 (75–97 %)" """
    if total == 0:
        return "–"
    low, high = (round(100 * end) for end in wilson(right, total))
    return f"{right} of {total} ({low}–{high} %)"


def main() -> None:
    """The table."""
    rows = labelled()
    print("| critiques | label | precision | recall |\n|---|---|---|---|")
    models = sorted({row.model for row in rows})
    sets = {f"{m}, {half}": [r for r in rows if (r.model, r.half) == (m, half)] for m in models for half in HALVES}
    sets |= {f"{m}, all": [r for r in rows if r.model == m] for m in models} | {"both, all": rows}
    for name, chosen in sets.items():
        for label in get_args(Reading) if chosen else ():
            found = agreement(chosen, label)
            precision, recall = share(found.both, found.rules), share(found.both, found.person)
            print(f"| {name} ({len(chosen)}) | {label} | {precision} | {recall} |")


if __name__ == "__main__":
    main()
