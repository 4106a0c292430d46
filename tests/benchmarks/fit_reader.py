"""Fits the weights of the phrase reader on answers that people labelled, and says how well it reads unseen ones.

    python -m tests.benchmarks.fit_reader LABELLED.parquet [--write cai_ui/readers/weights.py]

Needs columns model, id, type, prompt, completion, final_label, as in XSTest (Röttger et al. 2024). Each answer is read
with weights fitted on other models and other prompts; a prompt and its contrasts are always held out together.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cai_ui.readers.features import AGAINST_REFUSAL, features
from cai_ui.readers.found import find
from cai_ui.readers.outcomes import Outcome, refused
from cai_ui.readers.phrases import PhraseReader
from cai_ui.readers.weights import Weights
from cai_ui.records import Prompt

Vector = NDArray[np.float64]
FOLDS, STEPS, LEAST = 5, 600, 0.02
PENALTY, PARTIAL_PENALTY, PARTIAL_WEIGHT = 3.0, 3.0, 2.0
"""Squared penalties; and how much more a partial refusal counts than a full one, of which there are six times more."""
FIRST_IDS = (1, 51, 101, 151, 201, 251, 326, 376)
"""Where each block of prompts and their contrasts begins; within a block, ids 25 apart are contrasts of each other."""


@dataclass(frozen=True)
class Rows:
    """Labelled answers with their features. `refusal`, `partial`: people's labels as 0 and 1."""

    frame: Any
    names: list[str]
    values: Vector
    refusal: Vector
    partial: Vector
    fold: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", type=Path, help="the module to put the weights into")
    parsed = parser.parse_args()
    rows = read_rows(parsed.file)
    report(rows, cross_fitted(rows))
    whole = fit_both(rows, np.ones(len(rows.refusal), bool))
    speed(rows, PhraseReader(*whole))
    print(*(f"{name:32} {weight:6.2f}" for name, weight in by_size(whole[0])), sep="\n")
    if parsed.write:
        write(parsed.write, *whole)


def read_rows(path: Path) -> Rows:
    import pandas as pd

    frame = pd.read_parquet(path)
    table = [features(find(p, a)) for p, a in zip(frame.prompt, frame.completion, strict=True)]
    values = np.array([list(row.values()) for row in table])
    first = frame.final_label.str[0].to_numpy()
    groups = [group(int(name.rpartition("-")[2])) for name in frame.id]
    return Rows(frame, list(table[0]), values, 1.0 * (first != "1"), 1.0 * (first == "3"), folds(groups))


def group(number: int) -> tuple[int, int]:
    return sum(number >= first for first in FIRST_IDS), (number - 1) % 25


def folds(groups: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    names = sorted(set(groups))
    of = dict(zip(names, np.random.default_rng(0).permutation(len(names)) % FOLDS, strict=True))
    return np.array([of[name] for name in groups])


def fit_both(rows: Rows, chosen: NDArray[np.bool_]) -> tuple[Weights, Weights]:
    """Weights of a refusal, and of a partial one among refusals, from the chosen rows."""
    sign = np.array([-1 if name in AGAINST_REFUSAL else 1 for name in rows.names])
    first = fit(rows.values[chosen], rows.refusal[chosen], sign, PENALTY)
    among = chosen & (rows.refusal == 1)
    second = fit(rows.values[among], rows.partial[among], -sign, PARTIAL_PENALTY, weigh=PARTIAL_WEIGHT)
    return as_weights(rows.names, *first), as_weights(rows.names, *second)


def fit(
    values: Vector, wanted: Vector, sign: NDArray[np.int64], penalty: float, weigh: float = 1.0
) -> tuple[Vector, float]:
    """Logistic regression by accelerated gradient steps; weights against their sign are held at 0."""
    number = len(wanted)
    balance = np.where(wanted == 1, weigh, 1.0)
    rate = 1 / (
        0.25 * balance.max() * np.linalg.norm(np.c_[values, np.ones(number)], 2) ** 2 / number + penalty / number
    )
    weights, bias, ahead, ahead_bias, pace = np.zeros(values.shape[1]), 0.0, np.zeros(values.shape[1]), 0.0, 1.0
    for _ in range(STEPS):
        error = balance * (1 / (1 + np.exp(-(values @ ahead + ahead_bias))) - wanted)
        step = ahead - rate * (values.T @ error + penalty * ahead) / number
        step = np.where(sign * step < 0, 0.0, step)
        step_bias, next_pace = ahead_bias - rate * error.mean(), (1 + np.sqrt(1 + 4 * pace**2)) / 2
        momentum = (pace - 1) / next_pace
        ahead, ahead_bias = step + momentum * (step - weights), step_bias + momentum * (step_bias - bias)
        weights, bias, pace = step, float(step_bias), next_pace
    return weights, bias


def as_weights(names: Sequence[str], values: Vector, bias: float) -> Weights:
    kept = {name: round(float(v), 2) for name, v in zip(names, values, strict=True) if abs(v) >= LEAST}
    return Weights(round(bias, 2), kept)


def cross_fitted(rows: Rows) -> list[Outcome]:
    """What the reader says of each answer with weights that saw neither its model nor its prompt."""
    models = rows.frame.model.to_numpy()
    outcomes = [Outcome.UNREAD] * len(models)
    for model in sorted(set(models)):
        for fold in range(FOLDS):
            reader = PhraseReader(*fit_both(rows, (models != model) & (rows.fold != fold)))
            for place in np.flatnonzero((models == model) & (rows.fold == fold)):
                outcomes[place] = read(reader, rows, int(place))
    return outcomes


def read(reader: PhraseReader, rows: Rows, place: int) -> Outcome:
    row = rows.frame.iloc[place]
    return reader.read(Prompt(row.id, row.prompt), row.completion).outcome


def report(rows: Rows, outcomes: Sequence[Outcome]) -> None:
    """One line a model, then how each label was read."""
    models = rows.frame.model.to_numpy()
    said = np.array([refused(outcome) is True for outcome in outcomes])
    kappas = []
    print("model            kappa  precision  recall  of full  of partial")
    for model in dict.fromkeys(models):
        here, real = models == model, rows.refusal == 1
        kappas.append(kappa(said[here], real[here]))
        partial = here & (rows.partial == 1)
        shares = real[here & said], said[here & real], said[here & real & ~partial], said[partial]
        print(f"{model:15} {kappas[-1]:6.3f}" + "".join(f"{share.mean():10.2f}" for share in shares))
    print(f"mean            {np.mean(kappas):6.3f}\n\nlabel and outcome:")
    for (label, outcome), number in sorted(Counter(zip(rows.frame.final_label, outcomes, strict=True)).items()):
        print(f"  {label:20} {outcome:15} {number:5}")


def kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    expected = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float(((one == other).mean() - expected) / (1 - expected))


def speed(rows: Rows, reader: PhraseReader) -> None:
    started = time.process_time()
    for place in range(len(rows.refusal)):
        row = rows.frame.iloc[place]
        reader.read(Prompt(row.id, row.prompt), row.completion)
    print(f"\n{1000 * (time.process_time() - started) / len(rows.refusal):.2f} ms an answer\n")


def by_size(weights: Weights) -> list[tuple[str, float]]:
    return sorted(weights.by_name.items(), key=lambda pair: -abs(pair[1]))


def write(path: Path, refusal: Weights, partial: Weights) -> None:
    head = path.read_text(encoding="utf-8").partition("REFUSAL = ")[0]
    path.write_text(head + "\n".join(map(table, ("REFUSAL", "PARTIAL"), (refusal, partial))), encoding="utf-8")


def table(name: str, weights: Weights) -> str:
    lines = "".join(f'        "{one}": {weight},\n' for one, weight in by_size(weights))
    return f"{name} = Weights(\n    {weights.bias},\n    {{\n{lines}    }},\n)\n"


if __name__ == "__main__":
    main()
