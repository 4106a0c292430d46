"""`bundle`: everything behind an evaluation in one file. Without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import check_out, command
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.cli.grades import find_head
from cai_ui.cli.store import opened_store
from cai_ui.config.compare import BundleSettings

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands


def add(commands: Commands) -> None:
    parser = command(
        commands, "bundle", _bundle, "everything behind an evaluation in one file, to `replay` it", BundleSettings
    )
    parser.add_argument("evaluation", help="id (or its beginning), or `latest`")
    parser.add_argument("--out", type=Path, required=True, help="zip file")


def _bundle(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.bundle import write_bundle

    settings = read_flags(BundleSettings, parsed)
    check_out(parsed.out)
    with opened_store(parsed) as store:
        seal = write_bundle(store, find_head(store, parsed.evaluation).id, parsed.out, settings)
    print(f"Bundle: {parsed.out}, {len(seal.files)} files, seal {seal.hash}")
    return 0
