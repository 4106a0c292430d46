"""Markdown that somebody wrote, as HTML that cannot do anything: no markup of theirs, no scripts, nothing fetched."""

from __future__ import annotations

import functools

from markdown_it import MarkdownIt

_LINKS = ("http://", "https://", "mailto:")


@functools.cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable("image")
    reader.validateLink = lambda url: url.lower().startswith(_LINKS)  # type: ignore[method-assign]
    return reader


def markdown_html(text: str) -> str:
    """Headings, lists, emphasis, quotes, code and links to the web; an image is its address as a link, and HTML is
    shown as it was typed."""
    reader = _reader()
    tokens = reader.parse(text)
    for token in (child for block in tokens for child in block.children or ()):
        if token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer nofollow")
            token.attrSet("target", "_blank")
    return f'<div class="cai-markdown" dir="auto">{reader.renderer.render(tokens, reader.options, {})}</div>'
