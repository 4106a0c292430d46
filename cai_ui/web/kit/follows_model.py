"""Fields that start from the loaded model, and do so again when another one is loaded while the page is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services, models
from cai_ui.web.kit.events import ASIDE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.session import Session, SessionParts


class FollowsModel:
    """Fills fields once for each model: when the page opens, before it takes input, and when the model is changed."""

    def __init__(self, services: Services, fill: Callable[[Session], Changes], filled: Sequence[Block]) -> None:
        """`fill` gives values for `filled` while a model is loaded."""
        self._services, self._fill, self._filled = services, fill, filled
        self.model = gr.State("")

    def wire(self, session: SessionParts) -> None:
        """Look when the page is opened, and whenever the strip at the top changes."""
        look, given, filled = bind(self.look, quiet=True), [session.state, self.model], [self.model, *self._filled]
        session.restore(look, given, filled)
        session.strip.change(look, given, filled, **ASIDE)

    def look(self, session: Session, filled_for: str) -> Changes:
        """The fields, where they were filled for another model than the one that is loaded now."""
        now = models.model_in_use(self._services)
        if now is None or now == filled_for:
            return {self.model: gr.skip()}
        return {self.model: now, **self._fill(session)}
