"""`lineage`: where anything with an id comes from, and what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cai_ui.cli.command import command
from cai_ui.cli.flags import Arguments
from cai_ui.cli.store import opened_store
from cai_ui.formats.writing import json_text, page_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.records.lineage import Lineage, Link


def add(commands: Commands) -> None:
    parser = command(commands, "lineage", _lineage, "where does this come from, and what came of it?")
    parser.add_argument("id", help="an id, the beginning of a hash, or KIND:ID as the page shows it")
    parser.add_argument("--nearest", action="store_true", help="training rows with similar words, of an answer or vote")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _lineage(parsed: Arguments) -> int:
    from cai_ui.pipeline.lineage.nearest import NOT_CAUSE, nearest_rows
    from cai_ui.pipeline.lineage.walking import follow
    from cai_ui.records import to_dict

    with opened_store(parsed) as store:
        found = follow(store, parsed.id)
        if isinstance(found, list):
            print("It may be one of these:", *(place.text for place in found), sep="\n")
            return 0
        near = nearest_rows(store, found.place) if parsed.nearest else None
    if parsed.json:
        print(json_text({**to_dict(found), **({"nearest": to_dict(near)} if near else {})}, 1))
        return 0
    sys.stdout.write(page_text(_text(found)))
    if near:
        print(f"\nNearest of {near.compared:,} training rows. {NOT_CAUSE}", *map(_line, near.links), sep="\n")
    return 0


def _text(found: Lineage) -> str:
    lines = [f"{found.place.kind} {found.title} ({found.place.text})"]
    lines += [f"  {label}: {value}" for label, value in found.facts]
    lines += ["Way back: " + " ← ".join(f"{link.role} {link.title}" for link in found.path)]
    lines += ["Comes from:", *map(_line, found.came_from), "Led to:", *map(_line, found.led_to)]
    return "\n".join(lines) + "\n"


def _line(link: Link) -> str:
    told = "; ".join(filter(None, [link.said, link.missing]))
    where = f" [{link.place.text}]" if link.place else ""
    return f"  {link.role}: {' '.join(link.title.split())}{where}{f' ({told})' if told else ''}"
