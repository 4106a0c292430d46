"""Comments and highlighted passages of an example: read from the page, kept until it is judged, shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.records import Remarks, Span
from cai_ui.store import QueueItem
from cai_ui.web.curate import words
from cai_ui.web.curate.example_card import standing_text
from cai_ui.web.curate.walking import Place
from cai_ui.web.kit.present import esc, first_line

_MOST = 2_000_000
"""Characters of what a page may send: as many passages as are kept, each of the longest text."""


def remarks_of(item: QueueItem | None) -> Remarks:
    """What was remarked on an example: by this person before a decision, or with the decision that stands."""
    if item is None:
        return Remarks()
    if item.remarks is not None:
        return item.remarks
    return Remarks(item.decision.note, item.decision.spans) if item.decision else Remarks()


def read_remarks(item: QueueItem, note: object, spans: object, outdated: bool = False) -> Remarks:
    """A comment and passages as the page sent them. InputError if a passage is not in the text it names; from a sight
    that is `outdated`, such passages are left out, so that the rest can be kept."""
    texts = {
        "request": item.example.conversation[-1].content,
        "initial": item.example.initial or "",
        "revision": standing_text(item),
    }
    found = [_read_span(fields) for fields in _list(spans)]
    fitting = tuple(span for span in found if texts[span.part][span.start : span.end] == span.text)
    if len(fitting) < len(found) and not outdated:
        raise InputError(
            "A highlighted passage is not in the text as it is now.",
            kept="It was not saved.",
            next_step="Highlight it again.",
        )
    return Remarks(str(note or ""), fitting)


def _list(spans: object) -> list[object]:
    try:
        found = json.loads(str(spans or "[]")[:_MOST])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise InputError("The highlighted passages cannot be read.", next_step=words.RELOAD)
    return found


def _read_span(fields: object) -> Span:
    match fields:
        case {"part": "request" | "initial" | "revision" as part, "start": int(at), "end": int(to), "text": str(text)}:
            return Span(part, at, to, text)
    raise InputError("A highlighted passage cannot be read.", next_step="Highlight it again.")


def spans_text(spans: Sequence[Span]) -> str:
    """Passages as the page keeps and sends them."""
    return json.dumps([asdict(span) for span in spans])


def marks_html(spans: Sequence[Span]) -> str:
    """The passages as a list, each with a button that takes it away; the script reads from it what to highlight."""
    rows = "".join(
        f'<li><span class="muted">{esc(words.PARTS[span.part])}</span> '
        f'<q class="cai-cell" dir="auto">{esc(first_line(span.text, 80))}</q> '
        f'<button type="button" class="cai-link" data-unmark="{place}" aria-label="{esc(words.UNMARK)}">×</button></li>'
        for place, span in enumerate(spans)
    )
    return f'<ul class="cai-marks" data-spans="{esc(spans_text(spans))}">{rows}</ul>'


def decided_remarks(services: Services, rater: str, place: Place, note: object, spans: object) -> Remarks:
    """What goes with a decision on what the page shows."""
    if str(spans or "[]") == "[]":  # as mostly: nothing is to be compared with the text
        return Remarks(str(note or ""))
    item = services.store.item(place.example_id, rater)
    return read_remarks(item, note, spans, outdated=item.rev != place.rev)


def keep_remarks(
    services: Services, rater: str, place: Place, note: object, spans: object
) -> tuple[str, Remarks] | None:
    """Keep what was remarked so far; when that was, and what it is. None of a sight that is outdated."""
    item = services.store.item(place.example_id, rater)
    if item.rev != place.rev:
        return None
    remarks = read_remarks(item, note, spans)
    return services.store.save_remarks(place.example_id, rater, remarks), remarks
