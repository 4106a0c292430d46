"""Who may come in by their name on the Hugging Face Hub, and as what: it is named where the server is started.

A Space's disk is lost at restart, so the list stands in a variable and not in the file of accounts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError
from cai_ui.records.people import Role

HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
MOST = 10_000
"""Characters of the list."""
_OTHERS = {"refused": None, "viewer": Role.VIEWER, "annotator": Role.ANNOTATOR}


@dataclass(frozen=True)
class HubPeople:
    """`roles` by name without regard to capitals, as names are on the Hub; `others` is what everybody else is (None:
    nobody else comes in)."""

    roles: Mapping[str, Role]
    others: Role | None

    def role(self, name: str) -> Role | None:
        return self.roles.get(name.casefold(), self.others)


def hub_people(settings: AppSettings, environment: Mapping[str, str]) -> HubPeople:
    """Those whom the setting names, and the Space's own account as owner unless it is named otherwise.

    InputError for a list that cannot be read.
    """
    owner = environment.get("SPACE_ID", "").partition("/")[0]
    roles = {owner.casefold(): Role.OWNER} if owner else {}
    if len(settings.hub_people) > MOST:  # a list that is cut may end in half a name, which is somebody else's
        raise _unreadable(settings.hub_people, f"it has more than {MOST:,} characters")
    for part in settings.hub_people.split():
        said, equals, names = part.partition("=")
        if said not in ("viewer", "annotator", "trainer", "owner") or not equals or not names:
            raise _unreadable(part)
        for name in names.split(","):
            if not HUB_NAME.fullmatch(name):
                raise _unreadable(part)
            roles[name.casefold()] = Role(said)
    return HubPeople(roles, _OTHERS[settings.hub_others])


def _unreadable(part: str, why: str = "") -> InputError:
    return InputError(
        f"The people of the Hub cannot be read at {part[:60]!r}{': ' if why else ''}{why}.",
        next_step="Write them as in: CAI_HUB_PEOPLE='owner=ada trainer=ben,cleo annotator=dora'.",
    )
