"""Other designs of the phrase reader, cross-fitted as the shipped one is: what each part is worth.

    python -m tests.benchmarks.reader_variants LABELLED.parquet

Prints Cohen's kappa (refusal in full or part against compliance) for each model. The rules for broken and evaded
answers are left out here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cai_ui.readers.features import AGAINST_REFUSAL
from tests.benchmarks.fit_reader import FOLDS, PENALTY, Rows, Vector, fit, kappa, read_rows

REQUEST = {
    "says the request again", "to do what was asked", "tells the fact asked for", "gives reasons for the claim",
    "private, of no real person", "private, no information", "denies the claim", "denies the claim, not a fact",
    "claim met with rights", "no word of the request",
}  # fmt: skip
TOGETHER = {
    "any strong, first", "any strong, head", "strong in head", "kinds in head", "share of sentences",
    "refuses, then helps",
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """`values` as columns with their `sign` (0: free). `models_known`: only prompts are held out."""

    name: str
    values: Vector
    sign: NDArray[np.int64]
    penalty: float = PENALTY
    models_known: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    rows = read_rows(parser.parse_args().file)
    print(f"{'':40}" + "".join(f"{model:>14}" for model in models_of(rows)) + f"{'mean':>8}")
    for rule in ("any strong, first", "any strong, head"):
        show(f"rule: {rule}", rows, rows.values[:, rows.names.index(rule)] > 0)
    for variant in variants(rows):
        show(variant.name, rows, cross_fitted(rows, variant) > 0)


def variants(rows: Rows) -> Iterator[Variant]:
    names = np.array(rows.names)
    sign = np.array([-1 if name in AGAINST_REFUSAL else 1 for name in rows.names])
    yield Variant("as shipped", rows.values, sign)
    for penalty in (1.0, 10.0, 30.0):
        yield Variant(f"penalty {penalty:g}", rows.values, sign, penalty)
    yield Variant("weights of either sign", rows.values, 0 * sign)
    for name, left_out in (("without the request", REQUEST), ("without patterns taken together", TOGETHER)):
        kept = ~np.isin(names, list(left_out))
        yield Variant(name, rows.values[:, kept], sign[kept])
    harmful = 1.0 * rows.frame.type.str.startswith("contrast").to_numpy()
    yield Variant("kind of prompt known", np.c_[rows.values, harmful], np.append(sign, 1))
    yield Variant("only prompts held out", rows.values, sign, models_known=True)


def cross_fitted(rows: Rows, variant: Variant) -> Vector:
    """The score of each answer with weights that saw neither its model nor its prompt."""
    models, scores = rows.frame.model.to_numpy(), np.zeros(len(rows.refusal))
    for model in models_of(rows):
        for fold in range(FOLDS):
            chosen = (rows.fold != fold) & (variant.models_known | (models != model))
            weights, bias = fit(variant.values[chosen], rows.refusal[chosen], variant.sign, variant.penalty)
            held = (models == model) & (rows.fold == fold)
            scores[held] = variant.values[held] @ weights + bias
    return scores


def models_of(rows: Rows) -> list[str]:
    return list(dict.fromkeys(rows.frame.model))


def show(name: str, rows: Rows, said: NDArray[np.bool_]) -> None:
    models = rows.frame.model.to_numpy()
    kappas = [kappa(said[models == model], rows.refusal[models == model] == 1) for model in models_of(rows)]
    print(f"{name:40}" + "".join(f"{value:14.3f}" for value in kappas) + f"{np.mean(kappas):8.3f}", flush=True)


if __name__ == "__main__":
    main()
