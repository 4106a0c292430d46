"""`curate`: examples in, datasets out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cai_ui.cli.flags import Arguments, add_flags, command, opened, read_flags
from cai_ui.config import DatasetSettings
from cai_ui.errors import InputError


def add(commands: Any) -> None:
    group = commands.add_parser("curate", help="examples: import, accept, freeze, export")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    imported = command(actions, "import", _curate_import, "put the rows of a file into the queue")
    imported.add_argument("file", type=Path)
    accept = command(actions, "accept", _curate_accept, "accept every open example (of a source)")
    accept.add_argument("--source", help="only examples from here")
    accept.add_argument("--rater", default="command line", help="who decides")
    freeze = command(actions, "freeze", _curate_freeze, "freeze what was judged as a dataset; prints its hash")
    freeze.add_argument("name")
    freeze.add_argument("--source", help="only examples from here")
    add_flags(freeze, DatasetSettings)
    export = command(actions, "export", _curate_export, "write a dataset as JSONL that TRL reads")
    export.add_argument("dataset", help="hash (or its beginning), or `latest`")
    export.add_argument("--kind", choices=["sft", "dpo"], default="sft")
    export.add_argument("--out", type=Path, required=True)


def _curate_import(parsed: Arguments) -> int:
    from cai_ui import pipeline

    with opened(parsed) as services:
        done = pipeline.import_file(services, parsed.file, parsed.file.name)
    print(f"{done.read} rows read, {done.added} new, {done.duplicates} repeated")
    return 0


def _curate_accept(parsed: Arguments) -> int:
    from cai_ui import pipeline

    with opened(parsed) as services:
        print(pipeline.accept_open(services, pipeline.QueueFilter("open", source=parsed.source), parsed.rater))
    return 0


def _curate_freeze(parsed: Arguments) -> int:
    from cai_ui import pipeline

    settings = read_flags(DatasetSettings, parsed)
    with opened(parsed) as services:
        filter = pipeline.QueueFilter("done", source=parsed.source)
        info = pipeline.freeze_dataset(services, parsed.name, settings, "command line", filter)
    print(info.hash)
    for name, count in {**info.counts, **info.left_out}.items():
        print(f"  {count} {name.replace('_', ' ')}", file=sys.stderr)
    return 0


def _curate_export(parsed: Arguments) -> int:
    from cai_ui import pipeline
    from cai_ui.pipeline.datasets import write_jsonl

    with opened(parsed) as services:
        found = pipeline.dataset(services, find_dataset(services, parsed.dataset))
        write_jsonl(found, parsed.kind, parsed.out)
    return 0


def find_dataset(services: Any, named: str) -> str:
    from cai_ui import pipeline

    for info in pipeline.datasets(services):
        if named == "latest" or (len(named) >= 6 and info.hash.startswith(named)):
            return str(info.hash)
    raise InputError(f"There is no dataset {named[:80]!r}.", next_step="Freeze one: python -m cai_ui curate freeze")
