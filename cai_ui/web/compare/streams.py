"""Answers as a stream for the page: with names, or blind and open to a vote at any time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cai_ui.compare.variants import VariantText
from cai_ui.config.answers import Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import votes as voting
from cai_ui.pipeline.compare.columns import answer_columns
from cai_ui.pipeline.compare.votes import NextVote
from cai_ui.records import Message, Prompt
from cai_ui.text import PROMPT_LIMIT, clean_text
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import Sight
from cai_ui.web.compare.live import Live, Shown
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

_PACE_S = 0.15

# Handlers


def answer(
    services: Services,
    stops: Stops,
    session: Session,
    request: str | Prompt,
    names: Sequence[str],
    sampling: Sampling,
    samples: int = 1,
    before: Mapping[str, Sequence[Message]] | None = None,
) -> Iterator[Sight]:
    """Stream the answers of the chosen columns. A `Prompt` is asked with the turns before it; `before` has the turns
    that each column had already."""
    prompt = _clean(request)
    if not names:
        raise InputError(words.NONE_CHOSEN, next_step=words.CHOOSE_ONE)
    begun = Sight(prompt.text, (), asked=prompt)
    flag = stops.start(_key(session))
    try:
        stream = answer_columns(services, prompt, names, sampling, flag, samples, before)
        yield from _paced(begun, stream)
    finally:
        stops.finish(_key(session), flag)


def answer_blind(
    services: Services, stops: Stops, live: Live, session: Session, asked: NextVote, sampling: Sampling, ticket: str
) -> Iterator[Sight]:
    """Stream two answers without names. A vote may be taken from `live` at any time; then nothing more is shown."""
    begun = Sight(asked.prompt.text, (), True, asked=asked.prompt, order=asked.order, set=asked.set)
    flag = stops.start(_key(session))
    shown = live.begin(session.page, ticket, flag)
    try:
        stream = answer_columns(services, asked.prompt, [asked.left, asked.right], sampling, flag)
        yield from _seen(shown, begun, stream)
    finally:
        stops.finish(_key(session), flag)
        shown.over.set()


def typed_vote(request: str | Prompt, names: Sequence[str], prompt_set: str = "") -> NextVote:
    """A vote on a request, between two of the columns, drawn. InputError for fewer than two columns."""
    prompt, chosen = _clean(request), list(dict.fromkeys(names))
    if len(chosen) < 2:
        raise InputError(words.BLIND_NEEDS_TWO, next_step=words.CHOOSE_ANOTHER)
    return voting.ordered(prompt, random.sample(chosen, 2), prompt_set)


def stop_answer(stops: Stops, session: Session) -> None:
    """End what this page has the models write; what is written stays on the page."""
    stops.stop(_key(session))


def _key(session: Session) -> str:
    return f"{session.page}:compare"


def _clean(request: str | Prompt) -> Prompt:
    if isinstance(request, Prompt):
        return replace(request, text=clean_text(request.text, words.REQUEST, limit=PROMPT_LIMIT))
    return Prompt("", clean_text(request, words.REQUEST, limit=PROMPT_LIMIT))


def _paced(begun: Sight, stream: Iterator[list[VariantText]]) -> Iterator[Sight]:
    """Not more updates than the page can follow, and always the last one."""
    shown_at, sight = 0.0, None
    for variants in stream:
        sight = replace(begun, variants=tuple(variants))
        now = time.monotonic()
        if now - shown_at >= _PACE_S and not sight.finished:
            shown_at = now
            yield sight
    if sight is not None:
        yield sight


def _seen(shown: Shown, begun: Sight, stream: Iterator[list[VariantText]]) -> Iterator[Sight]:
    """The same until a vote was taken; from then on the stream is only read to its end."""
    for sight in _paced(begun, stream):
        shown.sight = sight
        if not shown.taken:
            yield sight
