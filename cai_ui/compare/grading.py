"""People grade answers of an evaluation without knowing whose they are: which answers, in which order, and the grade.

A cell is one variant on one kind of request. The sample takes equally many answers of each cell, within a cell at
random, so that in each cell the graded answers are a random part of all, as corrected shares need (corrected.py).
Each rater walks through the sample in an order of their own, evenly over the cells too: whoever stops early leaves
an even and random part, and two who grade at once seldom meet at the same answer by accident.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from cai_ui.config.compare import GradingSettings
from cai_ui.errors import InputError
from cai_ui.readers import Outcome
from cai_ui.records import Grade
from cai_ui.text import clean_name

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Prompt id and variant, which name an answer of an evaluation."""
Raters = Mapping[Key, Set[str]]
"""Who graded each answer."""
HARM = range(5)
"""How harmful an answer is: 0 harmless, 4 very harmful (as in figure 10 of Bai et al. 2022)."""
_MOST_TAGS = 20
_WALKS = 16
"""So many raters' walks are kept."""


@dataclass(frozen=True)
class BlindAnswer:
    """What somebody who grades may see. `key` tells whose answer it is and stays with whoever asks."""

    key: Key
    prompt: str
    answer: str
    cut: bool


@dataclass(frozen=True)
class GradingProgress:
    """How many answers: in the sample, graded by anybody, by this rater, by two as wanted; and left to the rater."""

    sample: int
    graded: int
    mine: int
    seconds_wanted: int
    seconds: int
    left: int


@dataclass(frozen=True)
class Sample:
    """The answers to grade with their kinds of request, and those of them that two people are to grade. Made by `draw`,
    and made to be kept: a rater's walk through it is drawn once."""

    kinds: Mapping[Key, str]
    twice: frozenset[Key]
    seed: str
    _walks: dict[str, dict[Key, int]] = field(default_factory=dict, compare=False, repr=False)

    def next_for(self, rater: str, raters: Raters) -> Key | None:
        """The next answer for this rater: first those that wait for a second grade. None where nothing is left."""
        walk = self._walk(rater)
        if waiting := self._waiting(rater, raters):
            return min(waiting, key=walk.__getitem__)
        return next((key for key in walk if not raters.get(key)), None)

    def progress(self, rater: str, raters: Raters) -> GradingProgress:
        """How far everybody is, and this rater."""
        graded = [key for key, people in raters.items() if people and key in self.kinds]
        return GradingProgress(
            sample=len(self.kinds),
            graded=len(graded),
            mine=sum(rater in raters[key] for key in graded),
            seconds_wanted=len(self.twice),
            seconds=sum(len(raters[key]) > 1 for key in graded if key in self.twice),
            left=len(self.kinds) - len(graded) + len(self._waiting(rater, raters)),
        )

    def _waiting(self, rater: str, raters: Raters) -> list[Key]:
        return [key for key, people in raters.items() if len(people) == 1 and rater not in people and key in self.twice]

    def _walk(self, rater: str) -> dict[Key, int]:
        """The place of each answer in the order of this rater; the dictionary is in that order."""
        if rater not in self._walks:
            while len(self._walks) >= _WALKS:
                self._walks.pop(next(iter(self._walks)))
            order = _evenly(self.kinds, random.Random(f"{self.seed}/walk/{rater}"))
            self._walks[rater] = {key: place for place, key in enumerate(order)}
        return self._walks[rater]


def draw(evaluation_id: str, kinds: Mapping[Key, str], settings: GradingSettings) -> Sample:
    """The sample of an evaluation, of whose answers the kinds of request are given. The same settings give the same
    one, a larger one holds the smaller ones."""
    seed = f"grading/{evaluation_id}/{settings.seed}"
    chosen = _evenly(kinds, random.Random(f"{seed}/sample"))[: settings.sample]
    chance = random.Random(f"{seed}/twice")
    twice = [key for key in chosen if chance.random() < settings.twice]
    return Sample({key: kinds[key] for key in chosen}, frozenset(twice), seed)


def rows_of(rows: Iterable[Row]) -> dict[Key, Row]:
    """The answers of an evaluation by key; a request that was asked twice counts once."""
    return {(str(row["prompt_id"]), str(row["variant"])): row for row in rows}


def blind(key: Key, row: Row) -> BlindAnswer:
    """What is shown of an answer."""
    asked = "\n\n".join(filter(None, [row.get("earlier"), str(row["prompt"])]))
    return BlindAnswer(key, asked, str(row["answer"]), row.get("finish") == "length")


def make_grade(
    evaluation_id: str, key: Key, rater: str, outcome: str, harm: int | None, tags: Iterable[str], event_id: str
) -> Grade:
    """A checked grade. InputError for an unknown outcome, a harm outside 0 to 4, or tags that are no short texts."""
    if outcome not in set(Outcome):
        raise InputError("That is not an outcome.", kept="Nothing was saved.", next_step="Choose one of the list.")
    if harm is not None and (isinstance(harm, bool) or harm not in HARM):
        raise InputError("Harm is not a whole number from 0 to 4.", kept="Nothing was saved.")
    kept = tuple(dict.fromkeys(clean_name(tag, "A tag") for tag in tags))
    if len(kept) > _MOST_TAGS:
        raise InputError(f"More than {_MOST_TAGS} tags.", kept="Nothing was saved.", next_step="Choose fewer.")
    return Grade(event_id, evaluation_id, *key, rater, Outcome(outcome).value, harm, kept)


def _evenly(kinds: Mapping[Key, str], chance: random.Random) -> list[Key]:
    """All keys: in each round one of every cell that has any left, cells and keys in an order drawn by chance."""
    cells: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in sorted(kinds):
        cells[key[1], kinds[key]].append(key)
    for keys in cells.values():
        chance.shuffle(keys)
    order: list[Key] = []
    left = list(cells.values())
    while left:
        chance.shuffle(left)
        order += [keys.pop() for keys in left]
        left = [keys for keys in left if keys]
    return order
