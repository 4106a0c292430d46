"""Who somebody is, asked once: a row for the name, before the first vote or grade. Curate asks in its bar."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.web import words
from cai_ui.web.kit.events import AT_ONCE, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.session import GUEST, Session, SessionParts, kept_name, read_name, rename


class NameRow:
    """The row, out of sight until somebody unnamed acts. `pending` is the choice that waits for the name."""

    def __init__(self, prefix: str) -> None:
        with gr.Row(visible=False, elem_id=f"{prefix}-ask", elem_classes="cai-ask") as self.row:
            self.name = gr.Textbox(label=words.NAME, info=words.NAME_ONCE, max_lines=1, elem_id=f"{prefix}-rater")
            self.sign = gr.Button(words.GO_ON, variant="primary", elem_id=f"{prefix}-sign", scale=0)
        self.pending = gr.State("")
        self.opens = [self.row, self.name, self.pending]

    def asking(self, session: Session, pending: str = "") -> Changes:
        """The row in sight; `pending` goes on as soon as there is a name."""
        name = "" if session.author.startswith(GUEST) else session.author
        return {self.row: gr.update(visible=True), self.name: name, self.pending: pending}

    def wire(self, session: SessionParts) -> Any:
        """Connect it; gives the event after which there is a name."""
        self.session = session
        outputs = [session.state, session.browser, session.name, self.row]
        given = {session.state, self.name}
        return gr.on([self.sign.click, self.name.submit], bind(self._signed), given, outputs, js=_LEAVE, **AT_ONCE)

    def _signed(self, given: Given) -> Changes:
        session = rename(given[self.session.state], read_name(given[self.name]))
        return {
            self.session.state: session,
            self.session.browser: kept_name(session),
            self.session.name: session.author,
            self.row: gr.update(visible=False),
        }


_LEAVE = "(...values) => { document.activeElement?.blur(); return values; }"
"""Keys vote and grade only while nobody types."""
