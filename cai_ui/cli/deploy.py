"""`deploy`: is this checkout fit for a Space, which versions, and a Space made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cai_ui.cli.command import agreed, command
from cai_ui.cli.flags import Arguments

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands


def add(commands: Commands) -> None:
    group = commands.add_parser("deploy", help="another machine: check this checkout, lock versions, make a Space")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    check = command(actions, "check", _check, "would this checkout run as a Space?", workspace=False)
    check.add_argument("--start", action="store_true", help="also install into an empty environment and start the page")
    command(actions, "lock", _lock, "write the versions that pip resolves now, with hashes", workspace=False)
    space = command(actions, "space", _space, "create or update a Space from what is committed", workspace=False)
    space.add_argument("name", help="owner/name")
    space.add_argument("--public", action="store_true", help="for everybody to see (default: private)")
    space.add_argument("--yes", action="store_true", help="do not ask first")


def _check(parsed: Arguments) -> int:
    from cai_ui.deploy.check import check
    from cai_ui.deploy.trial import try_start

    wrong = 0
    for finding in check():
        wrong += bool(finding.wrong)
        print(f"{'NO ' if finding.wrong else 'ok '} {finding.what}{': ' + finding.wrong if finding.wrong else ''}")
    if parsed.start:
        for said in try_start():
            print(f"    {said}", flush=True)
    print("Fit for a Space." if not wrong else f"{wrong} things to mend.")
    return 2 if wrong else 0


def _lock(parsed: Arguments) -> int:
    from cai_ui.deploy.lock import LOCK, make_lock

    print(f"{LOCK}: {make_lock()} packages.")
    return 0


def _space(parsed: Arguments) -> int:
    from cai_ui.deploy.space import check_name, push_space

    check_name(parsed.name)
    seen = "everybody" if parsed.public else "you and whom you invite"
    asked = f"{parsed.name} is created or overwritten with what is committed here, to be seen by {seen}."
    if not (parsed.yes or agreed(asked)):
        print("Nothing was uploaded.")
        return 1
    print(push_space(parsed.name, public=parsed.public))
    return 0
