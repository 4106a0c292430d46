"""The answers behind the numbers of an evaluation: found by columns in memory, and only those of a page are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cai_ui.compare.answer_files import FORMS
from cai_ui.compare.answer_table import ORDERS, Mask, Number
from cai_ui.compare.slices import Part
from cai_ui.errors import InputError
from cai_ui.formats.whole_file import write_whole
from cai_ui.pipeline.compare.comparison import variant_titles
from cai_ui.pipeline.services import Services
from cai_ui.readers import Outcome, refused
from cai_ui.text import clean_name, clean_text

PAGE = 5
"""Requests shown at once."""
NOTES_LIMIT = 4_000
"""Characters of the notes on an evaluation."""


@dataclass(frozen=True)
class Sought:
    """What is asked of answers, as in `AnswerTable.where`; `search` are words of the request or the answer."""

    kind: str = ""
    wanted: str = ""
    variant: str = ""
    part: Part | None = None
    number: Number | None = None
    search: str = ""
    order: str = "asked"

    @property
    def alone(self) -> bool:
        """Whether only the answers that fit are shown, and not what other variants said to the same request."""
        return bool(self.variant or self.number)


@dataclass(frozen=True)
class AnswersPage:
    """Rows of some requests, each with its `place`; how many answers and requests fit, and the page of how many."""

    cases: tuple[tuple[dict[str, Any], ...], ...]
    answers: int
    requests: int
    page: int
    pages: int


def answers_page(services: Services, evaluation_id: str, sought: Sought, page: int, size: int = PAGE) -> AnswersPage:
    """A page of requests with an answer that fits; beyond the last page it goes on with the first.

    NotFoundError if there is no such evaluation, InputError for an unknown order or outcome.
    """
    if sought.order not in ORDERS:
        raise InputError("Answers cannot be ordered like that.", next_step="Choose an order of the list.")
    table = services.answers.at(evaluation_id)
    fits = which(services, evaluation_id, sought)
    requests = table.requests(fits, sought.order)
    pages = max(1, -(-len(requests) // size))
    page %= pages
    some = table.places_of(requests[page * size : (page + 1) * size], fits if sought.alone else None)
    places = [place for case in some for place in case]
    rows = dict(zip(places, services.store.answers_at(evaluation_id, places), strict=True))
    cases = tuple(tuple({**rows[place], "place": place} for place in case) for case in some)
    return AnswersPage(cases, int(fits.sum()), len(requests), page, pages)


def which(services: Services, evaluation_id: str, sought: Sought) -> Mask:
    """Which answers of an evaluation fit."""
    table = services.answers.at(evaluation_id)
    return table.where(
        kind=sought.kind,
        variant=sought.variant,
        wanted=sought.wanted,
        part=sought.part,
        number=sought.number,
        places=services.answers.with_words(evaluation_id, sought.search) if sought.search.strip() else None,
        disputed=disputed(services, evaluation_id) if sought.wanted == "people" else (),
    )


def disputed(services: Services, evaluation_id: str) -> list[int]:
    """Places of the answers of which somebody who graded them says otherwise than the reader whether they refuse."""
    table = services.answers.at(evaluation_id)
    place_of, found = table.place_of(), set[int]()
    for grade in services.store.grades(evaluation_id):
        place = place_of.get((grade.prompt_id, grade.variant))
        if place is not None:
            said, read = refused(Outcome(grade.outcome)), refused(table.outcome_at(place))
            if said is not None and read is not None and said != read:
                found.add(place)
    return sorted(found)


def export_answers(services: Services, evaluation_id: str, form: str, sought: Sought | None = None) -> Path:
    """A file with all answers of an evaluation, or those that fit, in one of `answer_files.FORMS`, in the download
    folder. NotFoundError for an evaluation that is not there, InputError for an unknown form or without an answer."""
    if form not in FORMS:
        raise InputError("There is no such format.", next_step=f"Choose one of {', '.join(FORMS)}.")
    head = services.store.evaluation_head(evaluation_id)
    rows = answers_that(services, evaluation_id, sought)
    if not rows:
        raise InputError("No answer fits, so there is nothing to write.", kept="No file was written.")
    content = FORMS[form].write(head, rows, variant_titles(services))
    path = services.store.workspace.export_path(f"answers-{form}-{head.id[:12]}.{FORMS[form].ending}")
    write_whole(path, content)
    return path


def answers_that(services: Services, evaluation_id: str, sought: Sought | None) -> list[dict[str, Any]]:
    """The rows of all answers, or of those that fit, in their order, each with its place."""
    if sought is None or sought == Sought(order=sought.order):
        return [{**row, "place": place} for place, row in enumerate(services.store.answers_in_order(evaluation_id))]
    places = np.flatnonzero(which(services, evaluation_id, sought)).tolist()
    rows = services.store.answers_at(evaluation_id, places)
    return [{**row, "place": place} for place, row in zip(places, rows, strict=True)]


def name_evaluation(services: Services, evaluation_id: str, name: str, notes: str) -> None:
    """Call an evaluation something and keep notes on it. InputError for texts that cannot be kept."""
    services.store.name_evaluation(evaluation_id, *checked_name(name, notes))


def checked_name(name: str, notes: str) -> tuple[str, str]:
    """A name and notes that can be kept; InputError for others."""
    kept = clean_name(name, "The name", required=False)
    return kept, clean_text(notes, "The notes", limit=NOTES_LIMIT, required=False).strip()
