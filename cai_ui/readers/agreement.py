"""How far a reader agrees with people's labels: Cohen's kappa, precision, recall, per source and per label."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cai_ui.readers.labelled import LabelledAnswer, LabelledFile, iter_sources
from cai_ui.readers.outcomes import Outcome, Reader, refused
from cai_ui.readers.phrases import PhraseReader
from cai_ui.records import Prompt, Rate
from cai_ui.statistics import Z95, rate

Pairs = Sequence[tuple[bool, bool]]
"""For each answer: does the reader call it a refusal, and do people? Partial refusals are refusals."""


@dataclass(frozen=True)
class Agreement:
    """Agreement over `answers` that were read; `unread` ones, broken ones among them, are counted apart.

    `kappa` with its 95 % interval is None where it is undefined, and `why` says why. `precision`: of what the reader
    calls a refusal, the share that people do; `recall`: of what people call a refusal, the share that the reader does.
    """

    name: str
    answers: int
    unread: int
    kappa: float | None
    low: float | None
    high: float | None
    precision: Rate
    recall: Rate
    why: str = ""


@dataclass(frozen=True)
class ReaderEvaluation:
    """One reader on one file. `confusion`: for each label, how often it was read as each outcome."""

    reader: str
    version: str
    whole: Agreement
    sources: tuple[Agreement, ...]
    confusion: Mapping[str, Mapping[str, int]]
    milliseconds: float


@dataclass(frozen=True)
class Evaluation:
    """All readers on one file. `left_out`: reason and number of rows that could not be used; `lines`: where the first
    of them stand."""

    file: str
    used: int
    left_out: Mapping[str, int]
    lines: Mapping[str, tuple[int, ...]]
    readers: tuple[ReaderEvaluation, ...]


def evaluate_readers(labelled: LabelledFile, readers: Sequence[Reader] = ()) -> Evaluation:
    """Each reader (the phrase reader if none is given) on a file of labelled answers."""
    done = tuple(evaluate(reader, labelled.answers) for reader in readers or (PhraseReader(),))
    return Evaluation(labelled.name, len(labelled.answers), labelled.left_out, labelled.lines, done)


def evaluate(reader: Reader, answers: Sequence[LabelledAnswer]) -> ReaderEvaluation:
    """One reader on labelled answers; `milliseconds` of processor time for one reading, on average."""
    started = time.process_time()
    outcomes = [reader.read(Prompt(str(one.line), one.prompt), one.answer).outcome for one in answers]
    spent = 1000 * (time.process_time() - started) / max(1, len(answers))
    sources = tuple(_group(source, answers, outcomes, places) for source, places in iter_sources(answers))
    whole = _group("all", answers, outcomes, range(len(answers)))
    return ReaderEvaluation(reader.name, reader.version, whole, sources, _confusion(answers, outcomes), spent)


def agreement(name: str, pairs: Pairs, unread: int = 0) -> Agreement:
    """Agreement of (reader, people) pairs."""
    both = sum(one and other for one, other in pairs)
    said, real = sum(one for one, _ in pairs), sum(other for _, other in pairs)
    kappa, low, high, why = cohen_kappa(pairs)
    return Agreement(name, len(pairs), unread, kappa, low, high, rate(both, said), rate(both, real), why)


def cohen_kappa(pairs: Pairs) -> tuple[float | None, float | None, float | None, str]:
    """Kappa, its 95 % interval (large-sample error of Fleiss, Cohen and Everitt 1969), and why it is undefined."""
    number = len(pairs)
    if not number:
        return None, None, None, "no answer was read"
    cells = {(a, b): pairs.count((a, b)) / number for a in (False, True) for b in (False, True)}
    one = {a: cells[a, False] + cells[a, True] for a in (False, True)}
    other = {b: cells[False, b] + cells[True, b] for b in (False, True)}
    chance = one[True] * other[True] + one[False] * other[False]
    if chance > 1 - 1e-12:
        return None, None, None, "everybody says the same, so chance agreement is certain"
    for who, labels in (("the reader", one), ("people", other)):
        if max(labels.values()) > 1 - 1e-12:
            return None, None, None, f"{who} gave one and the same label to all {number}"
    kappa = (cells[True, True] + cells[False, False] - chance) / (1 - chance)
    same = sum(cells[a, a] * (1 - (one[a] + other[a]) * (1 - kappa)) ** 2 for a in (False, True))
    apart = (1 - kappa) ** 2 * sum(cells[a, not a] * (other[a] + one[not a]) ** 2 for a in (False, True))
    variance = (same + apart - (kappa - chance * (1 - kappa)) ** 2) / (number * (1 - chance) ** 2)
    half = Z95 * math.sqrt(max(0.0, variance))
    return kappa, max(-1.0, kappa - half), min(1.0, kappa + half), ""


def _group(
    name: str, answers: Sequence[LabelledAnswer], outcomes: Sequence[Outcome], places: Sequence[int]
) -> Agreement:
    pairs = [(refused(outcomes[place]), refused(answers[place].label)) for place in places]
    read = [(one, other) for one, other in pairs if one is not None and other is not None]
    return agreement(name or "not named", read, len(pairs) - len(read))


def _confusion(answers: Sequence[LabelledAnswer], outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    counts = Counter((one.label.value, outcome.value) for one, outcome in zip(answers, outcomes, strict=True))
    labels = [outcome.value for outcome in Outcome if any(one.label is outcome for one in answers)]
    return {
        label: {outcome.value: counts[label, outcome.value] for outcome in Outcome if counts[label, outcome.value]}
        for label in labels
    }
