"""A thing with its neighbours as HTML. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from cai_ui.pipeline.lineage.nearest import NOT_CAUSE, Nearest
from cai_ui.records.lineage import Lineage, Link, Place
from cai_ui.web.kit.present import esc, facts, notice, pill, press, text_block
from cai_ui.web.lineage import words
from cai_ui.web.lineage.graph import graph_svg
from cai_ui.web.lineage.where_from import FIELD


def lineage_html(found: Lineage) -> str:
    """Way back, then what it comes from, the thing itself, and what it led to, side by side where there is room."""
    texts = "".join(text_block(text[:4_000], label) for label, text in found.texts)
    address = f"?tab=lineage&id={quote(found.place.text)}"
    return (
        f'<nav class="cai-way" aria-label="{words.WAY}">{_way(found.path)}</nav>{graph_svg(found)}'
        f'<div class="cai-lineage">'
        f"<section><h3>{words.FROM}</h3>{_links(found.came_from, words.NONE_BACK)}</section>"
        f'<section class="cai-lineage-this" data-place="{esc(found.place.text)}"><h3>{esc(found.place.kind)}: '
        f'<span dir="auto">{esc(found.title)}</span></h3>{facts(found.facts)}{texts}'
        f'<p><a href="{esc(address)}" data-copy>{words.LINK}</a></p></section>'
        f"<section><h3>{words.TO}</h3>{_links(found.led_to, words.NONE_ON)}</section></div>"
    )


def several_html(places: Sequence[Place]) -> str:
    """What an id may mean."""
    rows = "".join(f"<li>{press(FIELD, place.text, place.text)}</li>" for place in places)
    return f"<p>{words.SEVERAL}</p><ul>{rows}</ul>"


def begin_html(links: Sequence[Link]) -> str:
    """Things to begin with: the newest of each kind."""
    return f"<p>{words.BEGIN}</p>{_links(links, '')}" if links else ""


def nearest_html(found: Nearest) -> str:
    """Similar training rows, with what that means and does not mean."""
    compared = words.COMPARED.format(compared=found.compared, rows=found.rows)
    return f"<h3>{words.NEAREST}</h3>{notice(f'{NOT_CAUSE} {compared}')}{_links(found.links, words.NO_NEAREST)}"


def _way(path: Sequence[Link]) -> str:
    return " ← ".join(f"<span>{esc(link.role)} {_title(link)}</span>" for link in path)


def _links(links: Sequence[Link], none: str) -> str:
    if not links:
        return f'<p class="muted">{esc(none)}</p>'
    rows = "".join(
        f'<li><span class="cai-role">{esc(link.role)}</span> {_title(link)}'
        f'<div class="muted" dir="auto">{esc(link.said)}</div>'
        f"{pill(link.missing, 'warn') if link.missing and link.place else ''}"
        f"{notice(link.missing, 'warn') if link.missing and not link.place else ''}</li>"
        for link in links
    )
    return f'<ul class="cai-links">{rows}</ul>'


def _title(link: Link) -> str:
    return press(FIELD, link.place.text, link.title) if link.place else f'<b dir="auto">{esc(link.title)}</b>'
