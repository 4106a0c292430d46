"""The constitutions that come with the workbench, kept as first versions of the workspace."""

from __future__ import annotations

from cai_ui import constitution as rules
from cai_ui.store import Store

IN_USE = "constitution.in_use"


SHIPPED_AUTHOR = "shipped"


def keep_shipped(store: Store) -> None:
    """Save the shipped constitutions as versions, and take the default one if none is in use yet."""
    first: str | None = None
    for constitution in reversed(rules.shipped().values()):
        first = store.save_version(constitution, SHIPPED_AUTHOR, "comes with the workbench").hash
    if store.get_setting(IN_USE, None) is None:
        store.set_setting(IN_USE, first)
