"""Which scripts of Gradio are served with a part of them replaced, and what is replaced."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.resources import files

from starlette.responses import Response

from cai_ui.web.open_menus import with_lists_that_shrink
from cai_ui.web.wayfinding import with_ways_kept

CHANGES: dict[str, Callable[[str], str | None]] = {"core-": with_ways_kept, "Index-": with_lists_that_shrink}
"""The change to a script by how its name begins; None where it holds nothing to be changed."""

log = logging.getLogger(__name__)


def replaced_scripts() -> dict[str, Response]:
    """What is answered in place of Gradio's own files, by the address of each."""
    replaced: dict[str, Response] = {}
    left = set(CHANGES)
    for file in (files("gradio") / "templates" / "frontend" / "assets").iterdir():
        begins = next((begins for begins in CHANGES if file.name.startswith(begins)), None)
        if begins is None or not file.name.endswith(".js"):
            continue
        script = CHANGES[begins](file.read_text(encoding="utf-8"))
        if script is not None:
            replaced[f"/assets/{file.name}"] = Response(script, media_type="text/javascript")
            left.discard(begins)
    for begins in left:
        log.info("this Gradio is another than %s knows; its scripts are served as they are", CHANGES[begins].__name__)
    return replaced
