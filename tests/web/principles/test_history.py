"""Versions side by side, and an older one that comes back."""

from __future__ import annotations

from cai_ui.pipeline import Services
from cai_ui.web.principles import editor, history

from .editing import ME, fields


def test_two_versions_are_compared_word_by_word_and_the_older_one_comes_back(services: Services) -> None:
    view = editor.open_current(services, ME)
    editor.edit_principle(services, ME, view.base, view.chosen, fields(view, name="<b>Other</b> name"))
    newer = editor.save_version(services, ME, view.base, view.chosen, "renamed")
    shown = history.compare_versions(services, view.base, newer.base)
    assert "<del>" in shown and "renamed" in shown and "<b>" not in shown
    assert shown == history.compare_versions(services, newer.base, view.base), "what came later is what was added"
    assert "the same version" in history.compare_versions(services, view.base, view.base)
    restored = editor.restore_version(services, ME, view.base)
    assert restored.draft == view.saved and restored.base == newer.base
    again = editor.save_version(services, ME, restored.base, restored.chosen, "back")
    assert again.base == view.base
