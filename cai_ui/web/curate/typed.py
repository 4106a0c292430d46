"""What is typed about the example on the page, and marked in it: kept as it comes, until the example is decided."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.web.curate import judging, words
from cai_ui.web.curate.example_box import ExampleBox, said_html
from cai_ui.web.curate.remarks import keep_remarks, marks_html
from cai_ui.web.curate.walking import read_place
from cai_ui.web.kit.events import AT_ONCE, NEWEST, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.session import Session, SessionParts


class Typed:
    """The text, the comment and the passages of an `ExampleBox`, saved while somebody is at them."""

    def __init__(self, services: Services, example: ExampleBox) -> None:
        self.services, self.example = services, example

    def wire(self, session: SessionParts) -> None:
        """Connect the fields."""
        self.session, example = session, self.example
        typed = [session.state, example.place, example.text]
        example.text.input(bind(self.keep_draft), typed, [example.drafted], **AT_ONCE | NEWEST)
        remarks: set[Block] = {session.state, example.place, example.note, example.spans}
        for said in (example.note, example.spans):
            said.input(bind(self.keep_remarks), remarks, [example.remarked, example.marks], **AT_ONCE | NEWEST)
        example.original.click(bind(self.put_back), typed[:2], [example.text, example.drafted], **AT_ONCE)

    def keep_draft(self, session: Session, place: str, text: str) -> Any:
        """Keep what is being typed; says when it was saved."""
        if not place:
            return gr.skip()
        said = judging.keep_draft(self.services, session.author, read_place(place), text or "")
        return said_html(said, aloud=False)

    def keep_remarks(self, given: Given) -> Changes:
        """Keep a comment that is being typed, and the passages that are highlighted; says when they were saved."""
        example = self.example
        if not given[example.place]:
            return {example.remarked: gr.skip()}
        author, place = given[self.session.state].author, read_place(given[example.place])
        kept = keep_remarks(self.services, author, place, given[example.note], given[example.spans])
        if kept is None:
            return {example.remarked: gr.skip()}
        return {
            example.remarked: said_html(f"Saved {judging.clock(kept[0])}", aloud=False),
            example.marks: marks_html(kept[1].spans),
        }

    def put_back(self, session: Session, place: str) -> tuple[str, str]:
        """The model's revision for the box, and a word on it."""
        text = judging.forget_draft(self.services, session.author, read_place(place))
        return text, said_html(words.REVISION_BACK)
