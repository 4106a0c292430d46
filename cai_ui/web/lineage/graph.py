"""A thing, what it comes from and what it led to as a drawing: a column for each stage, each box leads to its view.

Pure, all text escaped. What the drawing shows stands below it as lists, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from cai_ui.records.lineage import Lineage, Link, PlaceKind
from cai_ui.web.kit.present import esc
from cai_ui.web.lineage import words
from cai_ui.web.lineage.where_from import FIELD

COLUMNS: tuple[tuple[PlaceKind, ...], ...] = (
    ("constitution",), ("principle",), ("trace",), ("example",), ("decision",), ("row",), ("dataset",), ("run",),
    ("evaluation",), ("answer", "vote"),
)  # fmt: skip
"""In the order of the flow."""
_ROLES: dict[str, PlaceKind] = {
    "dataset row": "row", "made from": "constitution", "began from": "run", "went on as": "run", "model": "run",
    "examples": "example", "branch of": "trace",
}  # fmt: skip
"""Stage of what cannot be opened, by its role where that is not the name of one."""
MOST = 6
"""Boxes of a column; of more, the number is said."""
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _TOP = 150, 40, 36, 12, 26
_LETTERS = 21


@dataclass(frozen=True)
class _Box:
    """A link in its column."""

    link: Link
    column: int
    row: int
    here: bool = False

    @property
    def x(self) -> int:
        return self.column * (_WIDTH + _GAP_X) + 1

    @property
    def y(self) -> int:
        return _TOP + self.row * (_HEIGHT + _GAP_Y)


def graph_svg(found: Lineage) -> str:
    """The drawing; "" where the thing stands alone."""
    here = Link(found.place.kind, found.title, found.place)
    links = list(_links(found, here))
    if len(links) < 2:
        return ""
    stages = sorted({stage for link in links if (stage := _stage(link)) is not None})
    boxes, left = _boxes(links, stages, here)
    by_key = {_key(box.link): box for box in boxes}
    lines = "".join(_line(by_key[a], by_key[b]) for a, b in _edges(found, here) if a in by_key and b in by_key)
    heads = "".join(
        f'<text class="head" x="{place * (_WIDTH + _GAP_X) + 1}" y="14">{esc(words.STAGES[stage])}</text>'
        for place, stage in enumerate(stages)
    )
    rows = max(box.row for box in boxes) + 1
    more = "".join(
        f'<text class="more" x="{place * (_WIDTH + _GAP_X) + 1}" y="{_TOP + MOST * (_HEIGHT + _GAP_Y) + 8}">'
        f"{esc(words.MORE.format(number=number))}</text>"
        for place, number in left.items()
    )
    width = len(stages) * (_WIDTH + _GAP_X)
    height = _TOP + (rows + bool(left)) * (_HEIGHT + _GAP_Y)
    said = words.DRAWN.format(kind=found.place.kind, back=len(found.came_from), on=len(found.led_to))
    return (
        f'<div class="cai-graph" tabindex="0" role="region" aria-label="{esc(words.GRAPH)}">'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" aria-label="{esc(said)}">'
        f"{heads}{lines}{''.join(map(_box, boxes))}{more}</svg></div>"
    )


def _links(found: Lineage, here: Link) -> Iterator[Link]:
    """Each thing once, the thing itself first."""
    seen = set()
    for link in (here, *found.path, *found.came_from, *found.led_to):
        if _key(link) not in seen and _stage(link) is not None and not link.rest:
            seen.add(_key(link))
            yield link


def _key(link: Link) -> str:
    return link.place.text if link.place else f"{link.role}: {link.title}"


def _stage(link: Link) -> int | None:
    kind = link.place.kind if link.place else _ROLES.get(link.role, link.role)
    return next((place for place, kinds in enumerate(COLUMNS) if kind in kinds), None)


def _boxes(links: Sequence[Link], stages: Sequence[int], here: Link) -> tuple[list[_Box], dict[int, int]]:
    """Boxes, and how many did not fit in a column."""
    rows, left, boxes = dict.fromkeys(range(len(stages)), 0), dict[int, int](), list[_Box]()
    for link in links:
        column = stages.index(_stage(link) or 0)
        if rows[column] >= MOST:
            left[column] = left.get(column, 0) + 1
            continue
        boxes.append(_Box(link, column, rows[column], link is here))
        rows[column] += 1
    return boxes, left


def _edges(found: Lineage, here: Link) -> Iterator[tuple[str, str]]:
    """Between neighbours, and along the way back; a decision hangs on its example."""
    seen = set()
    pairs = [(here, link) for link in (*found.came_from, *found.led_to)]
    way = [link for link in found.path if link.role != "decision"]
    pairs += pairwise(way)
    pairs += [(before, link) for before, link in pairwise(found.path) if link.role == "decision"]
    for one, other in pairs:
        pair = (_key(one), _key(other))
        if pair not in seen and pair[::-1] not in seen and pair[0] != pair[1]:
            seen.add(pair)
            yield pair


def _line(one: _Box, other: _Box) -> str:
    """From the earlier stage to the later one; within a stage along its side."""
    first, second = sorted((one, other), key=lambda box: (box.column, box.row))
    y1, y2 = first.y + _HEIGHT // 2, second.y + _HEIGHT // 2
    x1 = first.x + _WIDTH
    if first.column == second.column:
        return f'<path d="M{x1} {y1} C{x1 + 22} {y1} {x1 + 22} {y2} {x1} {y2}"/>'
    middle = (x1 + second.x) // 2
    return f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {second.x} {y2}"/>'


def _box(box: _Box) -> str:
    link = box.link
    look = " ".join(name for name, on in (("here", box.here), ("lost", bool(link.missing))) if on)
    shape = (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text class="role" x="{box.x + 8}" y="{box.y + 15}">{esc(_short(link.role))}</text>'
        f'<text x="{box.x + 8}" y="{box.y + 31}">{esc(_short(link.title))}</text>'
        f"<title>{esc(f'{link.role}: {link.title}. {link.missing or link.said}')}</title>"
    )
    if link.place is None:
        return f'<g class="box {look}">{shape}</g>'
    place = link.place.text
    current = ' aria-current="true"' if box.here else ""
    return (
        f'<a class="box {look}" href="?tab=lineage&amp;id={esc(quote(place))}" data-field="{FIELD}" '
        f'data-value="{esc(place)}" aria-label="{esc(f"{link.role}: {link.title}")}"{current}>{shape}</a>'
    )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LETTERS else f"{flat[: _LETTERS - 1]}…"
