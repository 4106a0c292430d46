"""Answers come where the eye is: beside what was pressed, or scrolled to. `assets/sight.js` does the scrolling."""

from __future__ import annotations

from typing import Any

from cai_ui.web.kit.events import QUIET, Options


def sees(elem_id: str) -> Options:
    """Options of a follow-up, such as `button.click(...).success(**sees("curate-card"))`, that brings this element
    into sight where its beginning is out of it."""
    return {**_SCRIPT, "js": f"() => window.caiSee('{elem_id}')"}


def sees_end(elem_id: str) -> Options:
    """The same for what is added at the end of the element."""
    return {**_SCRIPT, "js": f"() => window.caiSeeEnd('{elem_id}')"}


_SCRIPT: dict[str, Any] = {"fn": None, "inputs": None, "outputs": None, **QUIET}
