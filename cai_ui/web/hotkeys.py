"""Keys that press buttons. Gradio's buttons have no shortcuts, so a small script in the page's head
clicks the button that carries an elem_id, if it can be seen and pressed.

Keys without Ctrl are dead while somebody types, chooses from a menu, or holds Alt, Ctrl or Cmd.
Other scripts keep the page from taking input before it has brought back what the person had left, show the errors that
Gradio would drop, make text boxes report every change of their text, not typing alone, keep work from beginning
twice by one double click, say at once that something stops, bring what a press brought about into sight, have screen
readers say it, keep what is typed while the server is gone, and say that it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CURATE_KEYS = {
    "a": "curate-accept",
    "e": "curate-edit",
    "r": "curate-reject",
    "f": "curate-flip",
    "t": "curate-tie",
    "s": "curate-skip",
    "g": "curate-flag",
    "u": "curate-undo",
    "y": "curate-redo",
    "b": "curate-blur",
    "c": "curate-why",
    "m": "curate-mark",
    "?": "curate-keys",
    "j": "curate-next",
    "ArrowRight": "curate-next",
    "k": "curate-prev",
    "ArrowLeft": "curate-prev",
}
"""Key -> elem_id of what it presses, as long as a rater has no keys of their own: see curate/keys.py."""

GRADE_KEYS = {
    "c": "grade-complied",
    "p": "grade-partly-refused",
    "r": "grade-refused",
    "e": "grade-evaded",
    "b": "grade-broken",
    "n": "grade-unread",
    "u": "grade-undo",
}
"""The same in Compare, when answers are graded."""

VOTE_KEYS = {
    **dict.fromkeys(("ArrowLeft", "1"), "compare-vote-left"),
    **dict.fromkeys(("ArrowRight", "2"), "compare-vote-right"),
    **dict.fromkeys(("ArrowUp", "3"), "compare-vote-tie"),
    **dict.fromkeys(("ArrowDown", "4"), "compare-vote-both-bad"),
}
"""The same in Compare, for blind votes."""

CURATE_PICKS = {str(place + 1): ("curate-labels", place) for place in range(9)}
"""Key -> elem_id of a group of boxes and the number of the box that it ticks."""

GRADE_PICKS = {
    **{str(harm): ("grade-harm", harm) for harm in range(5)},
    **{str(place + 5): ("grade-tags", place) for place in range(5)},
}
"""The same when answers are graded: how harmful, and tags."""

VOTE_PICKS = {str(place + 5): ("vote-reasons", place) for place in range(5)}
"""The same in blind votes: reasons."""

RUN_CLASS = "ctrl-enter"
"""elem_class of the buttons that Ctrl+Enter (or Cmd+Enter) presses."""


def head() -> str:
    """The script elements for the page's head."""
    assets = Path(__file__).parent / "assets"
    pressed = _joined(CURATE_KEYS, VOTE_KEYS, GRADE_KEYS)
    picks = _joined(CURATE_PICKS, VOTE_PICKS, GRADE_PICKS)
    told = {"keys": pressed, "picks": picks, "run": RUN_CLASS}
    keys = f"window.caiKeys = {json.dumps(told)};"
    names = (
        "address.js", "ready.js", "errors.js", "in_order.js", "charts.js", "keys.js", "typing.js", "once.js", "stop.js",
        "sight.js", "curate.js", "spans.js", "fields.js", "menus.js", "said.js", "kept.js",
        "connection.js",
    )  # fmt: skip
    scripts = [keys, *((assets / name).read_text(encoding="utf-8") for name in names)]
    return "".join(f"<script>{script}</script>" for script in scripts)


def _joined(*tables: Mapping[str, T]) -> dict[str, list[T]]:
    """Everything that a key may do; the script takes the first that can be seen in the part of the tab that was used
    last, and no two tabs can be seen."""
    return {key: [table[key] for table in tables if key in table] for table in tables for key in table}
