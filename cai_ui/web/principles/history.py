"""The panel of versions: what changed between any two, word by word, and an older one brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.records import Constitution, ConstitutionVersion, Principle
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, notice, short, when
from cai_ui.web.principles import editor
from cai_ui.web.session import SessionParts

SHOWN = 40
"""Principles whose differences are shown at once."""


@dataclass(frozen=True)
class HistoryParts:
    """The panel's components."""

    older: gr.Dropdown
    newer: gr.Dropdown
    restore: gr.Button
    changes: gr.HTML


# Handlers


def compare_versions(services: Services, older: str | None, newer: str | None) -> str:
    """What the second version changes in the first, principle by principle, with word diffs."""
    if not older or not newer:
        return ""
    first, second = services.store.version(older), services.store.version(newer)
    if older == newer:
        return f'{_head(first)}<p class="muted">This is one and the same version.</p>'
    cards = _changes(first.constitution, second.constitution)
    rest = f'<p class="muted">and {len(cards) - SHOWN} more principles</p>' if len(cards) > SHOWN else ""
    body = "".join(cards[:SHOWN]) or '<p class="muted">No principle differs.</p>'
    return f"{_head(first)}{_head(second)}{body}{rest}"


def _head(version: ConstitutionVersion) -> str:
    said = f"{version.constitution.title} · {short(version.hash)} · {version.author}, {when(version.created_at)}"
    return notice(f"{said}: {version.note}" if version.note else said)


def _changes(first: Constitution, second: Constitution) -> list[str]:
    old, new = {p.id: p for p in first.principles}, {p.id: p for p in second.principles}
    cards = []
    for id in dict.fromkeys([*new, *old]):
        before, after = old.get(id), new.get(id)
        if before == after:
            continue
        title = (after or before or Principle(id, id, "", "")).name or id
        word = "added" if before is None else "removed" if after is None else "changed"
        diff = diff_html(_as_text(before), _as_text(after), "the first version", "the second version")
        cards.append(f'<section class="cai-step"><div class="cai-step-head"><strong>{esc(title)}</strong>'
                     f'<span class="muted">{word}</span></div>{diff}</section>')  # fmt: skip
    if not cards and [*old] != [*new]:
        cards.append('<p class="muted">Only the order of the principles differs.</p>')
    one, other = (f"{c.title}\n{c.description}\n{c.source}" for c in (first, second))
    if one != other:
        cards.insert(0, diff_html(one, other, "the first version", "the second version"))
    return cards


def _as_text(p: Principle | None) -> str:
    if p is None:
        return ""
    state = f"{'on' if p.enabled else 'off'}, weight {p.weight:g}"
    lines = [p.name, p.critique_request, p.revision_request, ", ".join(p.tags), state, p.kind, p.source]
    return "\n".join(line for line in lines if line)


# Layout


def build() -> HistoryParts:
    """The panel's layout."""
    with gr.Accordion("Versions: compare and restore", open=False, elem_id="principles-history"):
        with gr.Row():
            older = gr.Dropdown(
                [], label="Version", elem_id="history-older", min_width=280, info="Of this or another constitution."
            )
            newer = gr.Dropdown([], label="compared with", elem_id="history-newer", min_width=280, info="Newest first.")
        restore = gr.Button("Bring the first one back as a draft", elem_id="history-restore", scale=0)
        changes = gr.HTML("", elem_id="history-changes")
    return HistoryParts(older, newer, restore, changes)


# Wiring


def wire(
    services: Services, parts: HistoryParts, tab: gr.Tab, session: SessionParts
) -> Callable[[Callable[..., Any], list[Any], dict[str, Any]], None]:
    """Connect the panel; gives a function that connects the button Restore with the tab around it."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    menus = [parts.older, parts.newer]
    for trigger in (session.ready.then, tab.select, session.strip.change):
        trigger(bind(_menus, services), menus, menus, **quiet)
    for menu in menus:
        menu.input(bind(compare_versions, services), menus, [parts.changes], trigger_mode="always_last", **quiet)

    def wire_restore(handler: Callable[..., Any], outputs: list[Any], event: dict[str, Any]) -> None:
        parts.restore.click(handler, [session.state, parts.older], outputs, **event)

    return wire_restore


def _menus(services: Services, older: str | None, newer: str | None) -> list[Any]:
    choices = editor.version_choices(services)
    known = [digest for _, digest in choices]
    return [gr.update(choices=choices, value=kept if kept in known else None) for kept in (older, newer)]
