"""A word diff as HTML: what was removed and added is said by <del> and <ins>, not by colour alone.

In: two texts from a model or a person. Out: HTML in which both are escaped and kept apart from the
page's own text direction. Long texts are compared by words and stay linear enough for the page.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from cai_ui.text import DiffKind, change_share, word_diff

_LIMIT = 20_000
"""Characters of both texts together beyond which a word diff would hold up the page."""

_SHORT_RUN = 3
"""Unchanged words between two changes below which reading the change in one piece is easier."""


def diff_html(before: str, after: str, label_before: str = "Initial answer", label_after: str = "Revision") -> str:
    """`after` with what `before` had struck through, under a line that says how much changed."""
    if len(before) + len(after) > _LIMIT:
        return '<p class="muted">These texts are too long to compare word by word.</p>'
    pieces = "".join(_piece(kind, text) for kind, text in readable(word_diff(before, after)))
    changed = round(100 * change_share(before, after))
    summary = "Nothing changed" if before == after else f"{changed} % of the words changed"
    colours = (
        f"<span><del>only in: {html.escape(label_before)}</del></span>"
        f"<span><ins>only in: {html.escape(label_after)}</ins></span>"
    )
    legend = f'<p class="cai-diff-legend"><span>{html.escape(summary)}</span>{colours if before != after else ""}</p>'
    return f'<div class="cai-diff">{legend}<div class="cai-diff-text" dir="auto">{pieces}</div></div>'


def readable(pieces: Sequence[tuple[DiffKind, str]]) -> list[tuple[DiffKind, str]]:
    """The same change in fewer pieces: what stayed only for a word or two between changes counts as changed.

    Both texts can still be read off: the pieces that are not "added" give the one before, those not
    "removed" the one after.
    """
    folded: list[tuple[DiffKind, str]] = []
    removed = added = ""
    for place, (kind, text) in enumerate(pieces):
        between = 0 < place < len(pieces) - 1
        if kind == "same" and not (between and len(text.split()) < _SHORT_RUN):
            folded += _change(removed, added)
            folded.append((kind, text))
            removed = added = ""
            continue
        removed += text if kind != "added" else ""
        added += text if kind != "removed" else ""
    return folded + _change(removed, added)


def _change(removed: str, added: str) -> list[tuple[DiffKind, str]]:
    both: list[tuple[DiffKind, str]] = [("removed", removed), ("added", added)]
    return [(kind, text) for kind, text in both if text]


def _piece(kind: str, text: str) -> str:
    tag = {"same": "span", "removed": "del", "added": "ins"}[kind]
    return f"<{tag}>{html.escape(text)}</{tag}>"
