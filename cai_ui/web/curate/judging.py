"""What a person does with the queue of examples: look, judge, take back, go on. Plain functions of services.

A page keeps its own place in the queue, as text in a hidden field, so that what is judged is what the
page shows: a decision names the revision it saw, and a second one of the same sight is no new event.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.records import Decision, Example, Principle, Verdict
from cai_ui.store import QueueCounts, QueueFilter, QueueItem
from cai_ui.text import ANSWER_LIMIT, clean_text
from cai_ui.web.curate.example_card import LABELS, VERDICTS, kept_text
from cai_ui.web.kit.present import first_line

HISTORY = 10
"""Last decisions that are listed."""

TOO_FAST = "That key came before the next example was shown, so it was left out."


@dataclass(frozen=True)
class Place:
    """Where a page is: the example it shows, the revision it saw, its number in the filtered queue, a random mark of
    this one sight, and whether it is a second reading, for which the first verdict is not shown."""

    example_id: str
    rev: int
    offset: int
    sight: str
    second: bool = False

    def as_text(self) -> str:
        return json.dumps(dataclasses.asdict(self))


@dataclass(frozen=True)
class View:
    """What the page shows. `item` is None where nothing fits the filter; `said` is what just happened, and
    `conflict` holds the reader's own text and the one that stands, where both have to be seen."""

    item: QueueItem | None
    place: Place | None
    counts: QueueCounts
    text: str = ""
    said: str = ""
    conflict: tuple[str, str, str] | None = None


def read_place(text: object) -> Place:
    """The place a page sent. InputError if there is none."""
    try:
        fields = json.loads(str(text))
        known = str(fields["example_id"]), int(fields["rev"]), int(fields["offset"]), str(fields["sight"])
        return Place(*known, bool(fields.get("second", False)))
    except (ValueError, TypeError, KeyError):
        raise InputError("There is no example on the page.", next_step="Choose another filter.") from None


def show(services: Services, rater: str, filter: QueueFilter, offset: int, said: str = "") -> View:
    """The example at this number of the filtered queue; behind its end it starts over."""
    offset = max(0, offset)
    found = services.store.queue(filter, 1, offset, rater)
    if not found and offset:
        offset = 0
        found = services.store.queue(filter, 1, 0, rater)
    return _view(services, rater, filter, found[0] if found else None, offset, said)


def show_example(
    services: Services, rater: str, filter: QueueFilter, example_id: str, offset: int = 0, said: str = ""
) -> View:
    """One example, wherever it stands; the one at `offset` where there is none of this id."""
    try:
        item = services.store.item(example_id, rater)
    except NotFoundError:
        return show(services, rater, filter, offset, said)
    return _view(services, rater, filter, item, _offset(services, rater, filter, example_id, offset), said)


def step(services: Services, rater: str, filter: QueueFilter, place: Place, by: int) -> View:
    """The next (1) or the previous (-1) example without a decision on this one; round at both ends."""
    number = services.store.counts(filter, rater).fits
    gone = by > 0 and filter.status == "open" and services.store.item(place.example_id, rater).decision is not None
    offset = place.offset if gone else place.offset + by
    return show(services, rater, filter, offset % number if number else 0)


def resume(services: Services, rater: str, filter: QueueFilter, example_id: str, offset: int = 0) -> View:
    """Where the rater left off: the example this browser showed, or the first open one after the last decision
    that nobody else has on their page."""
    if example_id:
        return show_example(services, rater, filter, example_id, offset)
    last = services.store.history(rater, 1)
    following = services.store.next_open(last[0].example_id if last else None, rater, filter)
    if following is None or filter.status != "open":
        return show(services, rater, filter, 0)
    return show_example(services, rater, filter, following.example.id)


def judge(
    services: Services,
    rater: str,
    filter: QueueFilter,
    place: Place,
    verdict: Verdict,
    text: str = "",
    labels: Sequence[str] = (),
) -> View:
    """Keep a decision on what the page shows, with quality labels, and go on to the next example.

    Accepting a text that was changed keeps the changed text (verdict "edit"). If somebody else decided
    meanwhile, nothing is written and the view shows both texts.
    """
    if verdict in ("accept", "edit"):
        verdict, text = _accepted(services, place, text)
    decision = Decision(
        _event_id(place, verdict),
        place.example_id,
        verdict,
        rater,
        text if verdict == "edit" else None,
        labels=tuple(label for label in LABELS if label in labels),
    )
    try:
        saved = services.store.decide(decision, place.rev, place.second)
    except ConflictError as conflict:
        return _conflict(services, rater, filter, place, text, str(conflict))
    said = f"{VERDICTS[verdict][0].capitalize()} · saved {clock(saved.at)}"
    return _after(services, rater, filter, place, verdict, said)


def undo(services: Services, rater: str, filter: QueueFilter) -> View:
    """Take back the rater's last decision (a bulk one as a whole) and show what it was about."""
    taken = services.store.undo_all(rater)
    if not taken:
        raise InputError("There is nothing to undo.", kept="Nothing changed.", next_step="Judge an example first.")
    number = f"{len(taken):,} decisions" if len(taken) > 1 else f"“{VERDICTS[taken[0].verdict][0]}”"
    return show_example(services, rater, filter, taken[0].example_id, said=f"Took back {number}.")


def redo(services: Services, rater: str, filter: QueueFilter) -> View:
    """Do again what was taken back last (a bulk decision as a whole) and show what it was about."""
    again = services.store.redo_all(rater)
    if not again:
        raise InputError("There is nothing to redo.", kept="Nothing changed.", next_step="Undo something first.")
    number = f"{len(again):,} decisions" if len(again) > 1 else f"“{VERDICTS[again[0].verdict][0]}”"
    said = f"Did {number} again · saved {clock(again[-1].at)}"
    return show_example(services, rater, filter, again[0].example_id, said=said)


def keep_draft(services: Services, rater: str, place: Place, text: str) -> str:
    """Keep the text that is being typed; says when. Text typed into an outdated sight is not kept."""
    if services.store.item(place.example_id, rater).rev != place.rev:
        return ""
    return f"Draft saved {clock(services.store.save_text_draft(place.example_id, rater, text))}"


def forget_draft(services: Services, rater: str, place: Place) -> str:
    """The model's revision again; what was typed is dropped."""
    services.store.drop_text_draft(place.example_id, rater)
    return services.store.example(place.example_id).revision


def last_decisions(services: Services, rater: str) -> list[tuple[Decision, str]]:
    """The rater's last decisions and the requests they were about, newest first."""
    decisions = services.store.history(rater, HISTORY)
    known = services.store.examples_by_id([decision.example_id for decision in decisions])
    return [(decision, known[decision.example_id].prompt.text) for decision in decisions]


def principles_of(services: Services, example: Example) -> list[Principle]:
    """The principles an example was revised under, where their constitution is known."""
    if example.constitution_hash is None:
        return []
    try:
        known = services.store.version(example.constitution_hash).constitution.principles
    except NotFoundError:
        return []
    return [p for p in known if p.id in example.principle_ids]


def clock(iso: str) -> str:
    """A stored time as local hh:mm:ss."""
    return f"{datetime.fromisoformat(iso).astimezone():%H:%M:%S}"


def _accepted(services: Services, place: Place, text: str) -> tuple[Verdict, str]:
    """ "accept", or "edit" with the text where it differs from the model's revision."""
    revision = services.store.example(place.example_id).revision
    clean = clean_text(text, "Revision", limit=ANSWER_LIMIT)
    return ("accept", "") if clean.strip() == revision.strip() else ("edit", clean)


def _event_id(place: Place, verdict: Verdict) -> str:
    """The same for a verdict that one sight gives twice."""
    return f"{place.sight}-{verdict}"


def _after(services: Services, rater: str, filter: QueueFilter, place: Place, verdict: Verdict, said: str) -> View:
    """The next example: the next open one, or the next that fits where judged ones are looked through."""
    if filter.status == "open":
        following = services.store.next_open(place.example_id, rater, filter)
        return _view(services, rater, filter, following, place.offset, said)
    still_fits = filter.status in ("all", "done", verdict)
    return show(services, rater, filter, place.offset + still_fits, said)


def _conflict(services: Services, rater: str, filter: QueueFilter, place: Place, text: str, sentence: str) -> View:
    """The example as it stands now, with the reader's text kept in the box.

    A second key pressed before the first one's answer was on the page is no conflict between people: it is
    left out, since it was meant for an example that nobody had seen yet.
    """
    item = services.store.item(place.example_id, rater)
    if item.decision is not None and item.decision.event_id == _event_id(place, item.decision.verdict):
        return _after(services, rater, filter, place, item.decision.verdict, TOO_FAST)
    view = _view(services, rater, filter, item, place.offset, "")
    stands = dataclasses.replace(item, draft=None)
    mine = text or kept_text(item)
    return dataclasses.replace(view, text=mine, conflict=(sentence, mine, kept_text(stands)))


def _view(services: Services, rater: str, filter: QueueFilter, item: QueueItem | None, offset: int, said: str) -> View:
    counts = services.store.counts(filter, rater)
    if item is None:
        return View(None, None, counts, "", said)
    if counts.fits and offset >= counts.fits:
        offset = 0
    place = Place(item.example.id, item.rev, offset, secrets.token_hex(8), item.second)
    if item.decision is None:
        services.store.take_lease(item.example.id, rater)
    return View(item, place, counts, kept_text(item), said)


def place_words(view: View, filter: QueueFilter) -> str:
    """Where in the queue the view stands; first words of the request where it is outside the filter."""
    if view.place is None or view.item is None:
        return ""
    if not view.counts.fits:
        return first_line(view.item.example.prompt.text, 40)
    number = f"{'the first ' if view.counts.more else ''}{view.counts.fits:,}"
    return f"Example {view.place.offset + 1:,} of {number}"


def _offset(services: Services, rater: str, filter: QueueFilter, example_id: str, otherwise: int) -> int:
    """The example's number in the filtered queue; the one it had where it no longer fits."""
    place = services.store.place_in_queue(example_id, filter, rater)
    return otherwise if place is None else place
