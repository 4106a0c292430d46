"""A button that leads to another tab, where what a person just made is chosen already.

A tab that others lead to says what it takes with a `Handover`; `app.py` gives it to the tabs whose buttons lead there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.web.kit.events import ASIDE, Changes
from cai_ui.web.kit.guard import bind


def _nothing() -> Changes:
    return {}


@dataclass(frozen=True)
class Handover:
    """Leads to `tab` (its id). `choose` gets what the button hands over, and gives what `chosen` holds then.

    Tab and choice come in one answer, so a look that the tab takes when it is opened sees the new choice.
    """

    tab: str
    chosen: Sequence[Block] = ()
    choose: Callable[..., Changes] = _nothing

    def wire(self, button: gr.Button, tabs: gr.Tabs, inputs: Sequence[Block] = ()) -> gr.events.Dependency:
        """Have the button hand over the values of `inputs`. Nothing changes where `choose` refuses them."""

        def go(*given: Any) -> Changes:
            return {**self.choose(*given), tabs: gr.Tabs(selected=self.tab)}

        return button.click(bind(go), inputs, [tabs, *self.chosen], **ASIDE)
