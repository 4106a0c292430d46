"""Which key, button and field of Curate calls which handler, and what its answer fills.

Decisions go past the queue in which generation waits, so that judging stays instant while a model works.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.records import Verdict
from cai_ui.web import session as sessions
from cai_ui.web.curate import checks, datasets, importing, judging
from cai_ui.web.curate import filter as curate_filter
from cai_ui.web.curate.tab import (
    CurateParts,
    choose,
    follow,
    judge,
    look_again,
    original,
    redo,
    save_draft,
    step,
    undo,
)
from cai_ui.web.curate.view import said_html, shown
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice
from cai_ui.web.session import Session, SessionParts

_FOCUS = "() => { const box = document.querySelector('#curate-text textarea'); if (box) { box.focus(); } }"
_LEAVE = "(...values) => { document.activeElement?.blur(); return values; }"
_TO_TOP = (
    "() => { const card = document.getElementById('curate-card');"
    " if (card && card.getBoundingClientRect().top < 0) card.scrollIntoView(); }"
)
_TO_CARD = "() => { document.getElementById('curate-card')?.scrollIntoView(); }"
_MENUS = ("source", "constitution", "principle", "finding", "rater", "step")
_NOW: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""Options of events that must not wait behind generation."""
_EACH: dict[str, Any] = {**_NOW, "trigger_mode": "multiple"}
"""Of keys, which may come faster than answers: none is dropped. A second decision of one sight is no new event."""


def wire(services: Services, parts: CurateParts, session: SessionParts, author: gr.Textbox) -> None:
    """Connect the components."""
    fields = parts.filter.values
    verdicts: dict[str, Verdict] = {
        "accept": "accept", "save": "edit", "reject": "reject", "flip": "flip", "tie": "tie", "skip": "skip",
        "flag": "flag",
    }  # fmt: skip
    for name, verdict in verdicts.items():
        parts.buttons[name].click(
            bind(judge, services, verdict),
            [session.state, parts.place, parts.text, parts.labels, *fields],
            parts.shown,
            js=_LEAVE,
            **_EACH,
        ).success(None, None, None, js=_TO_TOP, api_visibility="private")
    parts.buttons["edit"].click(None, None, None, js=_FOCUS, api_visibility="private")
    for name, by in (("next", 1), ("prev", -1)):
        parts.buttons[name].click(bind(step, services, by), [session.state, parts.place, *fields], parts.shown, **_EACH)
    parts.buttons["undo"].click(bind(undo, services), [session.state, *fields], parts.shown, **_EACH)
    parts.buttons["redo"].click(bind(redo, services), [session.state, *fields], parts.shown, **_EACH)
    parts.buttons["blur"].click(None, None, None, js="() => window.caiBlur()", api_visibility="private")
    parts.buttons["keys"].click(None, None, None, js="() => window.caiKeyList()", api_visibility="private")
    parts.command.input(
        bind(follow, services), [session.state, parts.command, *fields], [*parts.shown, *fields], **_NOW
    ).success(None, None, None, js=_TO_CARD, api_visibility="private")
    parts.buttons["original"].click(
        bind(_original, services), [session.state, parts.place], [parts.text, parts.drafted], **_NOW
    )
    parts.text.input(
        bind(_saved, services),
        [session.state, parts.place, parts.text],
        [parts.drafted],
        trigger_mode="always_last",
        **_NOW,
    )
    _wire_filter(services, parts, session)
    _wire_place(services, parts, session, author)
    imported = importing.wire(services, parts.imports)
    datasets.wire(services, parts.data, parts.tab, session)
    checked = checks.wire(services, parts.checks, parts.tab, session)
    for changed in (imported, checked):
        changed.then(bind(_look_again, services), *_again(parts, session), **_NOW)


def _wire_filter(services: Services, parts: CurateParts, session: SessionParts) -> None:
    filter_parts, fields = parts.filter, parts.filter.values
    for field in fields:
        field.input(
            bind(choose, services),
            [session.state, *fields],
            parts.shown,
            trigger_mode="always_last",
            **_NOW,
        ).then(_no_bulk, None, [filter_parts.bulk_note, filter_parts.confirm], **_NOW)
    filter_parts.verdict.input(_no_bulk, None, [filter_parts.bulk_note, filter_parts.confirm], **_NOW)
    filter_parts.bulk.click(
        bind(_preview, services),
        [filter_parts.verdict, *fields],
        [filter_parts.bulk_note, filter_parts.expected, filter_parts.confirm],
        **_NOW,
    )
    filter_parts.confirm.click(
        bind(_decide_all, services),
        [session.state, filter_parts.verdict, filter_parts.expected, *fields],
        [filter_parts.bulk_note, filter_parts.confirm],
        **_NOW,
    ).success(bind(choose, services), [session.state, *fields], parts.shown, **_NOW)


def _wire_place(services: Services, parts: CurateParts, session: SessionParts, author: gr.Textbox) -> None:
    """Reload and tab visits: the same example, whatever happened meanwhile; the name in both tabs."""
    fields = parts.filter.values
    session.restore(
        bind(_restore, services), [session.state, parts.memory], [*parts.shown, *fields, parts.rater], **_NOW
    )
    parts.tab.select(bind(_look_again, services), *_again(parts, session), **_NOW)
    # Not with the look at a visit: its late answer would overwrite a name that is being typed.
    author.blur(lambda name: name, [author], [parts.rater], **_NOW)
    parts.rater.blur(
        bind(_rename, services), [session.state, parts.rater], [session.state, session.browser, author],
        **_NOW,
    ).success(bind(_look_again, services), *_again(parts, session), **_NOW)  # fmt: skip


def _again(parts: CurateParts, session: SessionParts) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs of `_look_again`."""
    inputs = [session.state, parts.place, *parts.filter.values]
    return inputs, [*parts.shown, *(parts.filter.fields[name] for name in _MENUS)]


def _saved(services: Services, session: Session, place: str, text: str) -> Any:
    return said_html(save_draft(services, session, place, text)) if place else gr.skip()


def _original(services: Services, session: Session, place: str) -> tuple[str, str]:
    text, sentence = original(services, session, place)
    return text, said_html(sentence)


def _preview(services: Services, verdict: Verdict, *filter_values: Any) -> list[Any]:
    sentence, number = curate_filter.preview_bulk(services, verdict, *filter_values)
    return [
        notice(sentence, "warn" if number else "neutral"),
        number,
        gr.update(visible=bool(number), value=f"Yes, all {number:,}"),
    ]


def _decide_all(
    services: Services, session: Session, verdict: Verdict, expected: float | None, *filter_values: Any
) -> list[Any]:
    done = curate_filter.decide_all(services, session, verdict, expected, *filter_values)
    return [notice(done, "good"), gr.update(visible=False)]


def _no_bulk() -> list[Any]:
    """A preview belongs to the filter it was made for."""
    return ["", gr.update(visible=False)]


def _restore(services: Services, session: Session, memory: object) -> list[Any]:
    """The page as this browser left it."""
    kept = memory if isinstance(memory, dict) else {}
    menus = curate_filter.menus(services, kept.get("source"))
    filter = curate_filter.filter_of(curate_filter.known_values(kept, menus))
    offset = kept.get("offset") if isinstance(kept.get("offset"), int) else 0
    view = judging.resume(services, session.author, filter, str(kept.get("id") or ""), max(0, int(offset or 0)))
    values = dict(zip(curate_filter.FIELDS, curate_filter.values_of(filter), strict=True))
    fields = [gr.update(choices=menus[n], value=v) if n in menus else v for n, v in values.items()]
    return [*shown(services, session, filter, view), *fields, session.author]


def _look_again(services: Services, session: Session, place: str, *filter_values: Any) -> list[Any]:
    view = look_again(services, session, place, *filter_values)
    menus = curate_filter.menus(services)
    return [*view, *(gr.update(choices=menus[name]) for name in _MENUS)]


def _rename(services: Services, session: Session, name: str) -> tuple[Session, str, str]:
    renamed = sessions.rename(services, session, name)
    return renamed, renamed.author, renamed.author
