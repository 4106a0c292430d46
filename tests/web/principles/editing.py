"""An editor's fields as the page would send them."""

from __future__ import annotations

from cai_ui.records import to_dict
from cai_ui.web.principles import editor
from cai_ui.web.session import Session

ME = Session("me", "page")


def fields(view: editor.View, **changes: object) -> dict[str, object]:
    """The editor's fields as the page would send them, some of them changed."""
    assert view.principle is not None
    values = to_dict(view.principle)
    del values["id"]
    return {**values, "tags": ", ".join(view.principle.tags), **changes}
