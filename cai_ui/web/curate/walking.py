"""Which example of the queue a page shows, and how it gets to another without a decision. Plain functions of services.

A page keeps its own place in the queue, as text in a hidden field, so that what is judged is what the page shows.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass

from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.store import QueueCounts, QueueFilter, QueueItem
from cai_ui.web.curate import words
from cai_ui.web.curate.example_card import kept_text
from cai_ui.web.kit.present import first_line


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

    def same_example(self, other: Place | None) -> bool:
        """Whether the other place shows the same revision of the same example, however it was come to."""
        return other is not None and self == dataclasses.replace(other, offset=self.offset, sight=self.sight)


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
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError("There is no example on the page.", next_step="Choose another filter.") from None


def show(services: Services, rater: str, filter: QueueFilter, offset: int = 0, said: str = "") -> View:
    """The example at this number of the filtered queue; behind its end it starts over."""
    offset = max(0, offset)
    found = services.store.queue(filter, 1, offset, rater)
    if not found and offset:
        offset = 0
        found = services.store.queue(filter, 1, 0, rater)
    return view_of(services, rater, filter, found[0] if found else None, offset, said)


def show_example(
    services: Services, rater: str, filter: QueueFilter, example_id: str, offset: int = 0, said: str = ""
) -> View:
    """One example, wherever it stands; the one at `offset` where there is none of this id."""
    try:
        item = services.store.item(example_id, rater)
    except NotFoundError:
        return show(services, rater, filter, offset, said)
    return view_of(services, rater, filter, item, _offset(services, rater, filter, example_id, offset), said)


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


def look_again(services: Services, rater: str, filter: QueueFilter, place: str) -> View:
    """The example on the page (`place` as the page sent it) as it stands now, or the first of the filter if there was
    none, or if it is open ones that are looked at and this one is judged."""
    if not place:
        return resume(services, rater, filter, "")
    at = read_place(place)
    view = show_example(services, rater, filter, at.example_id, at.offset)
    judged = view.item is not None and view.item.decision is not None
    return show(services, rater, filter, at.offset) if judged and filter.status == "open" else view


def follow(services: Services, rater: str, filter: QueueFilter, command: str) -> tuple[QueueFilter, View]:
    """What an entry of a list stands for, and the filter then: an example, or the examples that a data check found."""
    kind, _, value = command.partition(":")
    if kind == "finding" and value:
        filter = QueueFilter("all", finding=value)
        return filter, show(services, rater, filter)
    if kind == "example" and value:
        return filter, show_example(services, rater, filter, value)
    raise InputError(words.UNKNOWN_LINK, next_step=words.RELOAD)


def place_words(view: View, filter: QueueFilter) -> str:
    """Where in the queue the view stands; first words of the request where it is outside the filter."""
    if view.place is None or view.item is None:
        return ""
    if not view.counts.fits:
        return first_line(view.item.example.prompt.text, 40)
    number = f"{'the first ' if view.counts.more else ''}{view.counts.fits:,}"
    return f"Example {view.place.offset + 1:,} of {number}"


def view_of(
    services: Services,
    rater: str,
    filter: QueueFilter,
    item: QueueItem | None,
    offset: int,
    said: str,
    lent: bool = False,
) -> View:
    """The page for an example, which others are not given meanwhile; `item` is None where there is none. `lent`: it is
    this rater's already."""
    counts = services.store.counts(filter, rater)
    if item is None:
        return View(None, None, counts, "", said)
    if counts.fits and offset >= counts.fits:
        offset = 0
    place = Place(item.example.id, item.rev, offset, secrets.token_hex(8), item.second)
    if item.decision is None and not lent:
        services.store.take_lease(item.example.id, rater)
    return View(item, place, counts, kept_text(item), said)


def _offset(services: Services, rater: str, filter: QueueFilter, example_id: str, otherwise: int) -> int:
    """The example's number in the filtered queue; the one it had where it no longer fits."""
    place = services.store.place_in_queue(example_id, filter, rater)
    return otherwise if place is None else place
