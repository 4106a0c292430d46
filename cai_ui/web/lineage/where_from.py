"""The link beside an id that opens its lineage: for every tab's HTML."""

from __future__ import annotations

from cai_ui.records.lineage import Place, PlaceKind
from cai_ui.web.kit.present import Html, press
from cai_ui.web.lineage import words

FIELD = "lineage-go"
"""Hidden field that says what to open; see `LineageTab`."""


def where_from(kind: PlaceKind, key: str, title: str = words.WHERE_FROM) -> Html:
    """A button that opens the Lineage tab at a thing; `key` as in `Place`."""
    return press(FIELD, Place(kind, key).text, title)
