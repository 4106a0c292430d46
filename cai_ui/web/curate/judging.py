"""What a person does with an example: judge, take back, do again, keep a draft. Plain functions of services.

A decision names the revision it saw, and a second one of the same sight is no new event.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.records import Decision, Example, Principle, Remarks, Verdict
from cai_ui.store import QueueFilter
from cai_ui.text import ANSWER_LIMIT, clean_text
from cai_ui.web.curate import words
from cai_ui.web.curate.example_card import kept_text, standing_text
from cai_ui.web.curate.walking import Place, View, show, show_example, view_of

HISTORY = 10
"""Last decisions that are listed."""


def judge(
    services: Services,
    rater: str,
    filter: QueueFilter,
    place: Place,
    verdict: Verdict,
    text: str = "",
    labels: Sequence[str] = (),
    remarks: Remarks | None = None,
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
        note=remarks.note if remarks else "",
        labels=tuple(label for label in words.LABELS if label in labels),
        spans=remarks.spans if remarks else (),
    )
    try:
        saved = services.store.decide(decision, place.rev, place.second)
    except ConflictError as conflict:
        if remarks and remarks != Remarks():
            services.store.save_remarks(place.example_id, rater, remarks)
        return _conflict(services, rater, filter, place, text, str(conflict))
    said = f"{words.VERDICTS[verdict].capitalize()} · saved {clock(saved.at)}"
    return _after(services, rater, filter, place, verdict, said)


def undo(services: Services, rater: str, filter: QueueFilter) -> View:
    """Take back the rater's last decision (a bulk one as a whole) and show what it was about."""
    taken = services.store.undo_all(rater)
    if not taken:
        raise InputError("There is nothing to undo.", kept="Nothing changed.", next_step="Judge an example first.")
    return show_example(services, rater, filter, taken[0].example_id, said=f"Undone: {_which(taken)}")


def redo(services: Services, rater: str, filter: QueueFilter) -> View:
    """Do again what was taken back last (a bulk decision as a whole) and show what it was about."""
    again = services.store.redo_all(rater)
    if not again:
        raise InputError("There is nothing to redo.", kept="Nothing changed.", next_step="Undo something first.")
    said = f"Redone: {_which(again)} · saved {clock(again[-1].at)}"
    return show_example(services, rater, filter, again[0].example_id, said=said)


def keep_draft(services: Services, rater: str, place: Place, text: str) -> str:
    """Keep the text that is being typed; says when. Text typed into an outdated sight is not kept, and one that is as
    it stands is no draft."""
    item = services.store.item(place.example_id, rater)
    if item.rev != place.rev:
        return ""
    if text == standing_text(item):
        services.store.drop_text_draft(place.example_id, rater)
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


def _which(decisions: Sequence[Decision]) -> str:
    return f"{len(decisions):,} decisions" if len(decisions) > 1 else words.VERDICTS[decisions[0].verdict]


def _after(services: Services, rater: str, filter: QueueFilter, place: Place, verdict: Verdict, said: str) -> View:
    """The next example: the next open one, or the next that fits where judged ones are looked through."""
    if filter.status == "open":
        following = services.store.next_open(place.example_id, rater, filter)
        return view_of(services, rater, filter, following, place.offset, said, lent=True)
    still_fits = filter.status in ("all", "done", verdict)
    return show(services, rater, filter, place.offset + still_fits, said)


def _conflict(services: Services, rater: str, filter: QueueFilter, place: Place, text: str, sentence: str) -> View:
    """The example as it stands now, with the reader's text kept in the box.

    A second key pressed before the first one's answer was on the page is no conflict between people: it is
    ignored, since it was meant for an example that nobody had seen yet.
    """
    item = services.store.item(place.example_id, rater)
    if item.decision is not None and item.decision.event_id == _event_id(place, item.decision.verdict):
        return _after(services, rater, filter, place, item.decision.verdict, words.TOO_FAST)
    view = view_of(services, rater, filter, item, place.offset, "")
    stands = dataclasses.replace(item, draft=None)
    mine = text or kept_text(item)
    return dataclasses.replace(view, text=mine, conflict=(sentence, mine, kept_text(stands)))
