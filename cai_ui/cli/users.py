"""`users`: who may sign in to the page of this workspace, and as what."""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING

from cai_ui.cli.command import home_of, workspace_home
from cai_ui.cli.flags import Arguments, Parser, add_flags
from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError
from cai_ui.records.people import Role
from cai_ui.store import Accounts, Workspace
from cai_ui.store.accounts import checked_name
from cai_ui.store.workspace import is_workspace

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands

ROLES = [role.value for role in Role if role is not Role.VISITOR]


def add(commands: Commands) -> None:
    """The command and what it can do."""
    what = "Who may sign in: add, list, role, password, remove."
    parser = commands.add_parser("users", help=what, description=what)
    verbs = parser.add_subparsers(required=True, metavar="WHAT")
    for verb, run, help in (
        ("add", _add, "Let somebody sign in."),
        ("role", _role, "Give somebody another role."),
        ("password", _password, "Give somebody another password."),
        ("remove", _remove, "Let somebody in no more; what they made stays."),
        ("list", _list, "Show all names and roles."),
    ):
        part: Parser = verbs.add_parser(verb, help=help, description=help)
        part.set_defaults(run=run)
        if verb != "list":
            part.add_argument("name", help="Name to sign in with; it signs what the person does.")
        if verb in ("add", "role"):
            part.add_argument("--role", choices=ROLES, required=True, help="viewer, annotator, trainer or owner.")
        if verb in ("add", "password"):
            part.add_argument("--stdin", action="store_true", help="Read the password from standard input, one line.")
        add_flags(part, AppSettings, ("home",))


def _add(parsed: Arguments) -> int:
    checked_name(parsed.name)
    if is_workspace(home_of(parsed)):
        _accounts(parsed).check_new(parsed.name)
    password = _new_password(parsed)  # where none is given no workspace is made
    account = _accounts(parsed, new=True).add(parsed.name, Role(parsed.role), password)
    print(f"{account.name} may sign in as {account.role.value}.")
    return 0


def _role(parsed: Arguments) -> int:
    account = _accounts(parsed).change(parsed.name, role=Role(parsed.role))
    print(f"{account.name} is {account.role.value} now.")
    return 0


def _password(parsed: Arguments) -> int:
    accounts = _accounts(parsed)
    accounts.check_known(parsed.name)
    accounts.change(parsed.name, password=_new_password(parsed))
    print(f"{parsed.name} signs in with the new password from now on.")
    return 0


def _remove(parsed: Arguments) -> int:
    _accounts(parsed).remove(parsed.name)
    print(f"{parsed.name} may sign in no more.")
    return 0


def _list(parsed: Arguments) -> int:
    for account in _accounts(parsed).all():
        by = "\tby the Hub, as it was when they came in last" if account.hub else ""
        print(f"{account.name}\t{account.role.value}\tsince {account.made_at}{by}")
    return 0


def _accounts(parsed: Arguments, new: bool = False) -> Accounts:
    """The accounts of the workspace, which may be in use by the page meanwhile; it may be `new` where one is added."""
    home = home_of(parsed) if new else workspace_home(parsed)
    return Accounts(Workspace(home).accounts_file)


def _new_password(parsed: Arguments) -> str:
    """Typed twice, or a line of standard input; never a flag, since command lines can be read by others."""
    if parsed.stdin:
        return sys.stdin.readline(10_000).rstrip("\n")
    try:
        with warnings.catch_warnings():  # without a terminal a password would be seen as it is typed
            warnings.simplefilter("error", getpass.GetPassWarning)
            first, again = getpass.getpass("Password: "), getpass.getpass("The same again: ")
    except getpass.GetPassWarning:
        raise InputError(
            "There is no terminal at which a password could be typed unseen.",
            kept="Nothing was changed.",
            next_step="Give it on standard input: --stdin.",
        ) from None
    except EOFError:
        raise InputError("No password was typed.", kept="Nothing was changed.", next_step="Or use --stdin.") from None
    if first != again:
        raise InputError("The two passwords differ.", kept="Nothing was changed.", next_step="Try again.")
    return first
