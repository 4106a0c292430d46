"""The panel of versions: what changed between any two, word by word, and an older one brought back."""

from __future__ import annotations

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.records import Constitution, ConstitutionVersion, Principle
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.events import NEWEST, QUIET, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, notice, short, when
from cai_ui.web.principles import editor, words
from cai_ui.web.session import SessionParts

SHOWN = 40
"""Principles whose differences are shown at once."""


# Handlers


def compare_versions(services: Services, older: str | None, newer: str | None) -> str:
    """What the second version changes in the first, principle by principle, with word diffs."""
    if not older or not newer:
        return ""
    first, second = services.store.version(older), services.store.version(newer)
    if older == newer:
        return f'{_head(first)}<p class="muted">{words.SAME_VERSION}</p>'
    cards = _changes(first.constitution, second.constitution)
    rest = f'<p class="muted">and {len(cards) - SHOWN} more principles</p>' if len(cards) > SHOWN else ""
    body = "".join(cards[:SHOWN]) or f'<p class="muted">{words.NO_DIFFERENCE}</p>'
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
        diff = diff_html(_as_text(before), _as_text(after), words.OLDER, words.NEWER)
        cards.append(f'<section class="cai-step"><div class="cai-step-head"><strong>{esc(title)}</strong>'
                     f'<span class="muted">{word}</span></div>{diff}</section>')  # fmt: skip
    if not cards and [*old] != [*new]:
        cards.append(f'<p class="muted">{words.ORDER_DIFFERS}</p>')
    one, other = (f"{c.title}\n{c.description}\n{c.source}" for c in (first, second))
    if one != other:
        cards.insert(0, diff_html(one, other, words.OLDER, words.NEWER))
    return cards


def _as_text(p: Principle | None) -> str:
    if p is None:
        return ""
    state = f"{'on' if p.enabled else 'off'}, weight {p.weight:g}"
    lines = [p.name, p.critique_request, p.revision_request, ", ".join(p.tags), state, p.kind, p.source]
    return "\n".join(line for line in lines if line)


class HistoryBox:
    """The panel. What `restore` shows concerns the whole tab and is wired there."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.HISTORY, open=False, elem_id="principles-history"):
            with gr.Row():
                self.older = gr.Dropdown(
                    [], label=words.VERSION, elem_id="history-older", min_width=280, info=words.VERSION_HELP
                )
                self.newer = gr.Dropdown(
                    [], label=words.COMPARED, elem_id="history-newer", min_width=280, info=words.NEWEST_FIRST
                )
            self.restore = gr.Button(words.RESTORE, elem_id="history-restore", scale=0)
            self.changes = gr.HTML("", elem_id="history-changes")

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect the menus and the comparison."""
        menus = [self.older, self.newer]
        for trigger in (session.ready.then, tab.select, session.strip.change):
            trigger(bind(self._menus), menus, menus, **QUIET)
        compare = bind(compare_versions, self.services)
        gr.on([menu.input for menu in menus], compare, menus, [self.changes], **NEWEST)

    def _menus(self, older: str | None, newer: str | None) -> Changes:
        choices = editor.version_choices(self.services)
        known = [digest for _, digest in choices]
        kept = {self.older: older, self.newer: newer}
        return {
            menu: gr.update(choices=choices, value=value if value in known else None) for menu, value in kept.items()
        }
