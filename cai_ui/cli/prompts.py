"""`prompts`: sets of requests, shipped and one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import add_kind, command, opened
from cai_ui.cli.flags import Arguments

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands


def add(commands: Commands) -> None:
    group = commands.add_parser("prompts", help="prompt sets: import, list")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    imported = command(actions, "import", _import, "keep a file's requests as a set of the workspace; prints its key")
    imported.add_argument("file", type=Path, help="one request a line, or JSON lines, CSV, Parquet")
    imported.add_argument("--title", default="", help="name of the set (default: that of the file)")
    add_kind(imported)
    command(actions, "list", _list, "all sets with their keys")


def _import(parsed: Arguments) -> int:
    import sys

    from cai_ui.pipeline.prompts import files, summary

    with opened(parsed, load=False) as services:
        made, read = files.import_prompts(services, parsed.file, parsed.title, parsed.kind)
    print(summary.sentence(made.title, read), file=sys.stderr)
    print(made.key)
    return 0


def _list(parsed: Arguments) -> int:
    from cai_ui.pipeline.prompts import sets

    with opened(parsed, load=False) as services:
        for found in sets.prompt_sets(services):
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
            print(f"{found.key}  {found.title}: {kinds or f'{found.count:,}'}")
    return 0
