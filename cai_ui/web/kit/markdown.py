"""Markdown that somebody wrote, as HTML that cannot do anything: no markup of theirs, no scripts, nothing fetched."""

from __future__ import annotations

import functools

from markdown_it import MarkdownIt

from cai_ui.web.kit.present import TABLE_BEGINS, TABLE_ENDS

_LINKS = ("http://", "https://", "mailto:")


@functools.cache
def _reader(tables: bool) -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable("image")
    if tables:
        reader.enable("table")
    reader.validateLink = lambda url: url.lower().startswith(_LINKS)  # type: ignore[method-assign]
    return reader


def markdown_html(text: str, tables: bool = False) -> str:
    """Headings, lists, emphasis, quotes, code and links to the web; an image is its address as a link, and HTML is
    shown as it was typed. With `tables` they are tables as everywhere on the page."""
    reader = _reader(tables)
    tokens = reader.parse(text)
    for token in (child for block in tokens for child in block.children or ()):
        if token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer nofollow")
            token.attrSet("target", "_blank")
    made = reader.renderer.render(tokens, reader.options, {})
    if tables:
        made = made.replace("<table>", TABLE_BEGINS).replace("</table>", TABLE_ENDS)  # of ours: theirs are escaped
    return f'<div class="cai-markdown" dir="auto">{made}</div>'
