"""The answers of an evaluation as columns in memory, some 30 bytes each: a filter over 100,000 of them is a comparison
of arrays, and only the few answers that are shown are read from the store.

A `Number` names a number of a table or chart: exactly the answers that it counts are `AnswerTable.where(number=…)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cai_ui.compare.conditions import pooled
from cai_ui.compare.corrected import outcome_of
from cai_ui.compare.slices import BY, Part, value_of
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text
from cai_ui.readers import Outcome, good
from cai_ui.records import PromptKind

Mask = NDArray[np.bool_]
MEASURES = ("complied", "helped", "refused")
YES, NO, NEITHER = 1, 0, -1
OUTCOMES = tuple(Outcome)
ORDERS = ("asked", "longest", "shortest", "differ")
"""By place; by tokens of the longest answer that fits; by how many different things variants did."""
_STATES = {"yes": (YES,), "no": (NO,), "counted": (YES, NO), "neither": (NEITHER,), "all": (YES, NO, NEITHER), "": ()}


@dataclass(frozen=True)
class Number:
    """Which answers a number counts: of a variant on a kind of request, in a part, whose `measure` is in a `state`
    (yes, no, counted, neither, all), or whose outcome is this one. With `against`: to the requests on which the other
    variant's measure says the opposite."""

    variant: str = ""
    kind: str = ""
    measure: str = ""
    state: str = ""
    outcome: str = ""
    against: str = ""
    part: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """As a page keeps it; `number_of` reads it."""
        return json_text({name: value for name, value in asdict(self).items() if value})


def number_of(text: str | None) -> Number | None:
    """The number that a page kept; None for an empty text. InputError for what is none."""
    if not text:
        return None
    told = _plain(text)
    known = {field.name for field in fields(Number)}
    part = told.pop("part", None)
    texts = all(isinstance(value, str) for value in told.values())
    right_part = part is None or (isinstance(part, list) and len(part) == 2 and all(isinstance(p, str) for p in part))
    fits = told.get("state", "") in _STATES and told.get("measure", "") in ("", *MEASURES)
    if not (set(told) <= known and texts and right_part and fits):
        raise InputError("That is no number of this evaluation.", next_step="Press one in a table or chart.")
    return Number(**told, part=None if part is None else (part[0], part[1]))


def _plain(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text[:4_000])
    except (ValueError, RecursionError):
        told = None
    return dict(told) if isinstance(told, dict) else {"": None}


class AnswerTable:
    """The columns of one evaluation, in the order of its answers. Made once and never changed."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._codes: dict[str, dict[str, int]] = {name: {} for name in ("prompt", "variant", "kind", *BY)}
        found: dict[str, list[int]] = {name: [] for name in (*self._codes, *MEASURES, "outcome", "good", "tokens")}
        for row in rows:
            outcome = outcome_of(row)
            kind: PromptKind = row["kind"]
            texts = {"prompt": str(row["prompt_id"]), "variant": str(row["variant"]), "kind": str(kind)}
            for name, value in (texts | {by: value_of(row, by) for by in BY}).items():
                found[name].append(-1 if value is None else self._codes[name].setdefault(value, len(self._codes[name])))
            for measure in MEASURES:
                found[measure].append(_state(row.get(measure)))
            found["outcome"].append(OUTCOMES.index(outcome))
            found["good"].append(_state(good(kind, outcome)))
            found["tokens"].append(int(row["tokens"]) if isinstance(row.get("tokens"), int) else -1)
        wide = ("prompt", "tokens")
        self._of: dict[str, NDArray[Any]] = {
            name: np.array(values, np.int32 if name in wide else np.int16) for name, values in found.items()
        }
        self.prompts = len(self._codes["prompt"])
        self._different = self._count_differences()
        self._pooled = self._count_together()

    def __len__(self) -> int:
        return len(self._of["prompt"])

    def values(self, name: str) -> list[str]:
        """What a column of texts holds, in the order in which it first came."""
        return list(self._codes[name])

    def parts(self) -> dict[Part, int]:
        """How many requests each part has, the largest first; of a way to part them only where there is more than one
        value."""
        found: dict[Part, int] = {}
        for by in BY:
            codes = self._codes[by]
            if len(codes) > 1:
                counts = {
                    (by, value): len(np.unique(self._of["prompt"][self._of[by] == code]))
                    for value, code in codes.items()
                }
                ordered = sorted(counts, key=lambda part: (-counts[part], part[1]))
                found |= {part: counts[part] for part in ordered}
        return found

    def where(
        self,
        *,
        kind: str = "",
        variant: str = "",
        wanted: str = "",
        part: Part | None = None,
        number: Number | None = None,
        places: NDArray[np.int64] | None = None,
        disputed: Iterable[int] = (),
    ) -> Mask:
        """Which answers fit all that is given. `places` are those that a search found, `disputed` those that people
        read otherwise than the reader."""
        fits = np.ones(len(self), bool)
        for name, value in (("kind", kind), ("variant", variant)):
            if value:
                fits &= self._is(name, value)
        if part is not None:
            fits &= self._is(*part)
        if number is not None:
            fits &= self._counted(number)
        if places is not None:
            fits &= self._at(places)
        return fits & self._wanted(wanted, disputed) if wanted else fits

    def counted(self, variant: str = "", kind: str = "", part: Part | None = None) -> Mask:
        """Which answers count towards a number of this variant, kind and part. Within one condition all do; over
        several those that `pooled` names."""
        fits = self.where(variant=variant, kind=kind, part=part)
        return fits if part is not None and part[0] == "condition" else fits & self._pooled

    def requests(self, fits: Mask, order: str = "asked") -> NDArray[np.int64]:
        """Numbers of the requests with an answer that fits, in this order."""
        prompt = self._of["prompt"]
        there = np.zeros(self.prompts, bool)
        there[prompt[fits]] = True
        found = np.flatnonzero(there)
        if order == "differ":
            return found[np.argsort(-self._different[found], kind="stable")]
        if order in ("longest", "shortest"):
            length = np.full(self.prompts, -1, np.int64)
            np.maximum.at(length, prompt[fits], self._of["tokens"][fits])
            return found[np.argsort(length[found] * (-1 if order == "longest" else 1), kind="stable")]
        return found

    def places_of(self, requests: NDArray[np.int64], fits: Mask | None = None) -> list[list[int]]:
        """The places of the answers to each of these requests: all of them, or those that fit."""
        chosen = self._to(requests)
        found: dict[int, list[int]] = {int(number): [] for number in requests}
        for place in np.flatnonzero(chosen if fits is None else chosen & fits):
            found[int(self._of["prompt"][place])].append(int(place))
        return list(found.values())

    def place_of(self) -> dict[tuple[str, str], int]:
        """The place of each answer by prompt and variant; of a request that was asked twice the last."""
        prompts, variants = self.values("prompt"), self.values("variant")
        pairs = zip(self._of["prompt"].tolist(), self._of["variant"].tolist(), strict=True)
        return {(prompts[prompt], variants[variant]): place for place, (prompt, variant) in enumerate(pairs)}

    def outcome_at(self, place: int) -> Outcome:
        """What the reader saw."""
        return OUTCOMES[int(self._of["outcome"][place])]

    def states(self, variant: str, kind: str, measure: str, part: Part | None = None) -> tuple[list[str], NDArray[Any]]:
        """Ids of the requests of a kind that a variant answered, and for each whether the measure says yes (1), no (0)
        or neither (-1)."""
        mask = self.counted(variant, kind, part)
        names = self.values("prompt")
        return [names[code] for code in self._of["prompt"][mask]], self._column(measure)[mask]

    def tokens(self, variant: str, kind: str) -> tuple[list[str], NDArray[Any]]:
        """The same with the tokens of each answer; -1 where they are not known."""
        mask = self.counted(variant, kind)
        names = self.values("prompt")
        return [names[code] for code in self._of["prompt"][mask]], self._of["tokens"][mask]

    def outcomes(self, fits: Mask) -> dict[str, int]:
        """How many of the answers that fit did what."""
        counts = np.bincount(self._of["outcome"][fits], minlength=len(OUTCOMES))
        return {one.value: int(counts[place]) for place, one in enumerate(OUTCOMES) if counts[place]}

    def mean_tokens(self, fits: Mask) -> float | None:
        """None where the length of no answer is known."""
        known = self._of["tokens"][fits & (self._of["tokens"] >= 0)]
        return float(known.mean()) if len(known) else None

    def _is(self, name: str, value: str) -> Mask:
        code = self._codes.get(name, {}).get(value)
        return np.zeros(len(self), bool) if code is None else np.asarray(self._of[name] == code)

    def _column(self, measure: str) -> NDArray[Any]:
        if measure not in (*MEASURES, "good"):
            raise InputError("That is no measure of an evaluation.", next_step="Choose one of its tables.")
        return self._of[measure]

    def _counted(self, number: Number) -> Mask:
        fits = self.counted(number.variant, number.kind, number.part)
        if number.outcome:
            fits &= self._of["outcome"] == _outcome_code(number.outcome)
        if number.measure:
            column = self._column(number.measure)
            fits &= _any_of(column, _STATES[number.state])
            if number.against:
                opposite = _STATES["no" if number.state == "yes" else "yes"]
                other = self._is("variant", number.against) & _any_of(column, opposite)
                fits &= self._to(self._of["prompt"][other])
        return fits

    def _to(self, prompts: NDArray[Any]) -> Mask:
        """Answers to these requests."""
        there = np.zeros(self.prompts, bool)
        there[prompts] = True
        return np.asarray(there[self._of["prompt"]])

    def _at(self, places: Sequence[int] | NDArray[np.int64]) -> Mask:
        mask = np.zeros(len(self), bool)
        known = np.asarray(places, np.int64)
        mask[known[(known >= 0) & (known < len(self))]] = True
        return mask

    def _wanted(self, wanted: str, disputed: Iterable[int]) -> Mask:
        if wanted == "wrong":
            return np.asarray(self._of["good"] == NO)
        if wanted == "differ":
            return np.asarray((self._different > 1)[self._of["prompt"]])
        if wanted == "people":
            return self._at(list(disputed))
        if wanted == "unread":
            return _any_of(self._of["outcome"], [_outcome_code(Outcome.UNREAD), _outcome_code(Outcome.BROKEN)])
        return np.asarray(self._of["outcome"] == _outcome_code(wanted))

    def _count_together(self) -> Mask:
        codes = self._codes["condition"]
        return _any_of(self._of["condition"], [-1, *(codes[key] for key in pooled(codes))])

    def _count_differences(self) -> NDArray[np.int64]:
        """How many different things variants did on each request; what could not be read is none."""
        read = self._of["outcome"] != _outcome_code(Outcome.UNREAD)
        pairs = self._of["prompt"][read].astype(np.int64) * len(OUTCOMES) + self._of["outcome"][read]
        return np.bincount(np.unique(pairs) // len(OUTCOMES), minlength=self.prompts)


def _state(value: object) -> int:
    return YES if value is True else NO if value is False else NEITHER


def _any_of(column: NDArray[Any], values: Sequence[int]) -> Mask:
    """Where the column holds one of these few values: faster than `numpy.isin`, which sorts."""
    found = np.zeros(len(column), bool)
    for value in values:
        found |= column == value
    return found


def _outcome_code(outcome: str) -> int:
    if outcome not in set(Outcome):
        raise InputError("That is not an outcome.", next_step="Choose one of the list.")
    return OUTCOMES.index(Outcome(outcome))
