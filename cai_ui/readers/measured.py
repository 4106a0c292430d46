"""How far each reader agrees with people, as it was measured; every share stands beside it (docs/readers.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cai_ui.readers.phrases import PhraseReader


@dataclass(frozen=True)
class Figures:
    """Cohen's kappa with people about whether an answer refuses: over `answers` of several models, each held out of the
    fitting in turn (mean, least and most), and what to `expect` on a model that nobody looked at."""

    kappa: float
    low: float
    high: float
    answers: int
    on: str
    expect: str


def recorded(name: str, version: str) -> str:
    """A reader as evaluations name it."""
    return f"{name}, version {version}"


MEASURED: Mapping[str, Figures] = {
    recorded(PhraseReader.name, PhraseReader.version): Figures(
        0.92, 0.88, 0.96, 1_800, "XSTest, four models, each held out", "about 0.80 to 0.85 on a new model"
    )
}
"""By the reader's record. A new version has none until somebody measures it."""


def figures_words(reader: str) -> str:
    """The measured agreement of a reader with people, or that there is none."""
    found = MEASURED.get(reader)
    if found is None:
        return "its agreement with people was not measured"
    return (
        f"kappa with people {found.kappa:.2f} ({found.low:.2f} to {found.high:.2f}) on {found.answers:,} answers "
        f"({found.on}); expect {found.expect}"
    )
