"""A word diff as HTML: what was removed and added is said by <del> and <ins>, not by colour alone.

In: two texts from a model or a person. Out: HTML in which both are escaped and kept apart from the
page's own text direction. Long texts are compared by words and stay linear enough for the page.
"""

from __future__ import annotations

import html

from cai_ui.text import change_share, word_diff

_LIMIT = 20_000
"""Characters of both texts together beyond which a word diff would hold up the page."""


def diff_html(before: str, after: str, label_before: str = "Initial answer", label_after: str = "Revision") -> str:
    """`after` with what `before` had struck through, under a line that says how much changed."""
    if len(before) + len(after) > _LIMIT:
        return '<p class="muted">These texts are too long to compare word by word.</p>'
    pieces = "".join(_piece(kind, text) for kind, text in word_diff(before, after))
    changed = round(100 * change_share(before, after))
    summary = "Nothing changed" if before == after else f"{changed} % of the words changed"
    legend = (
        f'<p class="diff-legend"><span>{html.escape(summary)}</span>'
        f"<span><del>only in: {html.escape(label_before)}</del></span>"
        f"<span><ins>only in: {html.escape(label_after)}</ins></span></p>"
    )
    return f'<div class="diff">{legend}<div class="diff-text" dir="auto">{pieces}</div></div>'


def _piece(kind: str, text: str) -> str:
    tag = {"same": "span", "removed": "del", "added": "ins"}[kind]
    return f"<{tag}>{html.escape(text)}</{tag}>"
