"""Which part of Gradio's script of menus is replaced; that menus then bear it: tests/browser/test_menus.py."""

from __future__ import annotations

from pathlib import Path

import gradio

from cai_ui.web.gradio_scripts import replaced_scripts
from cai_ui.web.open_menus import CHOSEN, SHOWN, with_lists_that_shrink

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"


def test_the_installed_gradio_s_menus_are_replaced_and_others_are_left_alone() -> None:
    found = [path for path in ASSETS.glob("Index-*.js") if f"/assets/{path.name}" in replaced_scripts()]
    assert len(found) == 1
    script = found[0].read_text(encoding="utf-8")
    safe = replaced_scripts()[f"/assets/{found[0].name}"].body.decode("utf-8")
    assert len(SHOWN.findall(script)) == 2 and not SHOWN.search(safe)
    assert len(CHOSEN.findall(script)) == 3 and not CHOSEN.search(safe)
    assert with_lists_that_shrink(safe) is None, "nothing is replaced twice"
    assert with_lists_that_shrink(script.replace("`number`", "'number'")) is None
