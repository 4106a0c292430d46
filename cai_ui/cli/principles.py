"""`principles`: constitutions as files and versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import command, opened, write_text
from cai_ui.cli.flags import Arguments
from cai_ui.constitution import EXPORTS
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline import Services
    from cai_ui.records import ConstitutionVersion


def add(commands: Commands) -> None:
    group = commands.add_parser("principles", help="constitutions: list, check, export, import")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    command(actions, "list", _principles_list, "saved versions, newest first")
    check = command(actions, "check", _principles_check, "is a file sound? (any known format)", workspace=False)
    check.add_argument("file", type=Path)
    export = command(actions, "export", _principles_export, "a saved version as a file")
    export.add_argument("version", help="hash (or its beginning) or name of a constitution")
    export.add_argument("--format", default="yaml", choices=list(EXPORTS), help="default: yaml")
    export.add_argument("--out", type=Path, help="file to write (default: standard output)")
    imported = command(actions, "import", _principles_import, "save a file of any known format as a version and use it")
    imported.add_argument("file", type=Path)


def _principles_list(parsed: Arguments) -> int:
    from cai_ui.pipeline.constitution import constitutions

    with opened(parsed, load=False) as services:
        in_use = constitutions.current_constitution(services).hash
        for v in services.store.versions():
            mark = "*" if v.hash == in_use else " "
            print(f"{mark} {v.hash[:12]}  {v.constitution.name}  {len(v.constitution.principles)} principles  {v.note}")
    return 0


def _principles_check(parsed: Arguments) -> int:
    from cai_ui import constitution
    from cai_ui.pipeline.constitution.constitutions import read_constitution

    found = read_constitution(parsed.file)
    for finding in constitution.check(found):
        print(f"{finding.principle_id or found.name}: {finding.message}")
    print(f"{found.name}: {len(found.principles)} principles, {found.hash[:12]}")
    return 0


def _principles_export(parsed: Arguments) -> int:
    from cai_ui import constitution
    from cai_ui.pipeline.constitution import few_shot

    with opened(parsed, load=False) as services:
        found = find_version(services, parsed.version).constitution
        text = constitution.dump_as(found, parsed.format, few_shot.few_shot(services, found.name))
    if parsed.out is None:
        print(text, end="")
    else:
        write_text(parsed.out, text)
    return 0


def _principles_import(parsed: Arguments) -> int:
    from cai_ui.pipeline.constitution import constitutions

    with opened(parsed, load=False) as services:
        saved = constitutions.import_constitution(services, parsed.file, "command line")
        constitutions.use_constitution(services, saved.hash)
        print(saved.hash)
    return 0


def find_version(services: Services, named: str | None) -> ConstitutionVersion:
    """The version with this hash, beginning of a hash, or name (its newest); the one in use for None."""
    from cai_ui.pipeline.constitution import constitutions

    if not named:
        return constitutions.current_constitution(services)
    for version in services.store.versions():
        if version.constitution.name == named or (len(named) >= 6 and version.hash.startswith(named)):
            return version
    raise InputError(f"There is no constitution {named[:80]!r}.", next_step="See: python -m cai_ui principles list")
