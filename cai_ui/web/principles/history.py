"""The panel of versions: what changed between any two, word by word, and an older one brought back."""

from __future__ import annotations

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.records import Constitution, ConstitutionVersion, Principle, content_hash
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.events import NEWEST, QUIET, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, esc, notice, short, when
from cai_ui.web.principles import editor, words
from cai_ui.web.session import SessionParts

SHOWN = 40
"""Principles whose differences are shown at once."""


# Handlers


def compare_versions(services: Services, older: str | None, newer: str | None) -> str:
    """What the later version changes in the earlier one, principle by principle, with word diffs."""
    if not older or not newer:
        return ""
    both = (services.store.version(older), services.store.version(newer))
    first, second = sorted(both, key=lambda version: version.created_at)
    if older == newer:
        return _head(first) + _muted(words.SAME_VERSION)
    cards = _changes(first.constitution, second.constitution)
    rest = _muted(f"and {counted(len(cards) - SHOWN, 'more principle')}") if len(cards) > SHOWN else ""
    body = "".join(cards[:SHOWN]) or _muted(words.NO_DIFFERENCE)
    return f"{_head(first)}{_head(second)}{body}{rest}"


def _muted(text: str) -> str:
    return f'<p class="muted">{esc(text)}</p>'


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
        word = words.ADDED if before is None else words.REMOVED if after is None else words.CHANGED
        diff = diff_html(_as_text(before), _as_text(after), words.FIRST, words.SECOND)
        cards.append(f'<section class="cai-step"><div class="cai-step-head"><strong>{esc(title)}</strong>'
                     f'<span class="muted">{word}</span></div>{diff}</section>')  # fmt: skip
    if not cards and [*old] != [*new]:
        cards.append(_muted(words.ONLY_ORDER))
    one, other = (f"{c.title}\n{c.description}\n{c.source}" for c in (first, second))
    if one != other:
        cards.insert(0, diff_html(one, other, words.FIRST, words.SECOND))
    return cards


def _as_text(p: Principle | None) -> str:
    if p is None:
        return ""
    state = f"{'on' if p.enabled else words.OFF}, weight {p.weight:g}"
    lines = [p.name, p.critique_request, p.revision_request, ", ".join(p.tags), state, p.kind, p.source]
    return "\n".join(line for line in lines if line)


class HistoryBox:
    """The panel; the tab around it wires `restore`, which fills it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.HISTORY, open=False, elem_id="principles-history") as self.box:
            with gr.Row():
                self.older = gr.Dropdown(
                    [], label=words.OLDER, info=words.OLDER_HELP, elem_id="history-older", min_width=280
                )
                self.newer = gr.Dropdown(
                    [], label=words.NEWER, info=words.NEWER_HELP, elem_id="history-newer", min_width=280
                )
            self.restore = gr.Button(words.RESTORE, elem_id="history-restore", scale=0)
            self.changes = gr.HTML("", elem_id="history-changes")
            self._seen = gr.State("")
        self.filled = [self.older, self.newer, self._seen]

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect the panel; its menus follow what is saved."""
        menus = [self.older, self.newer]
        for trigger in (tab.select, session.strip.change):
            trigger(bind(self._menus), [self._seen], self.filled, **QUIET)
        for menu in menus:
            menu.input(bind(compare_versions, self.services), menus, [self.changes], **NEWEST)
        self.box.expand(bind(self._first), menus, [*menus, self.changes], **QUIET)

    def _first(self, older: str | None, newer: str | None) -> Changes:
        """The newest version against the one it was made from, as long as none is chosen."""
        found = next((version for version in self.services.store.versions() if version.parent), None)
        if older or newer or found is None:
            return {self.changes: gr.skip()}
        shown = compare_versions(self.services, found.parent, found.hash)
        return {self.older: found.parent, self.newer: found.hash, self.changes: shown}

    def fill(self) -> Changes:
        """What can be chosen. What is chosen stays as it is in the browser: versions never go, and a late answer with
        the choice of before would take back a newer one."""
        choices = editor.version_choices(self.services)
        menu = gr.update(choices=choices)
        return {self.older: menu, self.newer: menu, self._seen: content_hash(choices)}

    def _menus(self, seen: str) -> Changes:
        """The same where there is something new: an update would take the entries from under an open menu."""
        filled = self.fill()
        return {self._seen: seen} if filled[self._seen] == seen else filled
