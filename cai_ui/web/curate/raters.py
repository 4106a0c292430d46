"""For whoever leads the work: how raters get on, what they go by, and the gold examples they are measured by."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.curate.raters import RaterProgress, gold_share, rater_progress, set_gold_share
from cai_ui.web.curate import words
from cai_ui.web.curate.example_box import ExampleBox, guidelines_html
from cai_ui.web.curate.walking import read_place
from cai_ui.web.kit.events import ASIDE, SLOW, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, esc, notice, rate_text, table
from cai_ui.web.session import Session, SessionParts


def progress_html(found: Sequence[RaterProgress]) -> str:
    """Everybody's work as a table."""
    if not found:
        return f'<p class="muted">{esc(words.NOBODY_JUDGED)}</p>'
    rows = (
        (
            one.rater,
            *(f"{number:,.0f}" for number in (one.judged, one.session, one.today, one.per_day)),
            _minutes(one.minutes),
            rate_text(one.gold),
        )
        for one in found
    )
    return table(words.RATERS_COLUMNS, rows)


def _minutes(minutes: float | None) -> str:
    return "–" if minutes is None else f"{minutes:.1f}"


class RatersBox:
    """`seen` is the version of the guidelines that the text in the box was made from."""

    def __init__(self, services: Services, example: ExampleBox) -> None:
        self.services, self.example = services, example
        with gr.Accordion(words.RATERS, open=False, elem_id="curate-raters") as self.box:
            self.look = gr.Button(words.LOOK_AT_RATERS, elem_id="curate-raters-look", scale=0)
            self.progress = gr.HTML(elem_id="curate-raters-progress")
            gr.HTML(f'<p class="muted narrow">{esc(words.GUIDELINES_WHAT)}</p>')
            self.text = gr.Textbox(label=words.GUIDELINES, lines=6, max_lines=20, elem_id="curate-guidelines-text")
            self.seen = gr.Number(0, visible="hidden", elem_id="curate-guidelines-seen")
            self.save = gr.Button(words.SAVE_GUIDELINES, elem_id="curate-guidelines-save", scale=0)
            gr.HTML(f'<p class="muted narrow">{esc(words.GOLD_WHAT)}</p>')
            self.share = gr.Slider(
                0, 1, gold_share(services), step=0.05, label=words.GOLD_SHARE, elem_id="curate-gold-share"
            )
            with gr.Row(elem_classes="toolbar"):
                self.gild = gr.Button(words.MAKE_GOLD, elem_id="curate-gold", scale=0)
                self.plain = gr.Button(words.NO_GOLD, elem_id="curate-no-gold", scale=0)
            self.said = gr.HTML(elem_id="curate-raters-said")

    def wire(self, session: SessionParts) -> None:
        """Connect it."""
        self.look.click(bind(self._progress), None, [self.progress], **SLOW)
        self.box.expand(bind(self._guidelines), None, [self.text, self.seen], **ASIDE)
        self.save.click(
            bind(self._save),
            [session.state, self.text, self.seen],
            [self.said, self.seen, self.example.guidelines],
            **ASIDE,
        )
        self.share.release(bind(self._keep_share), [self.share], [self.said], **ASIDE)
        for button, handler in ((self.gild, self._make_gold), (self.plain, self._drop_gold)):
            button.click(bind(handler), [session.state, self.example.place], [self.said], **ASIDE)

    def _progress(self) -> str:
        return progress_html(rater_progress(self.services))

    def _guidelines(self) -> tuple[str, int]:
        newest = self.services.store.guidelines()
        return (newest.text, newest.version) if newest else ("", 0)

    def _save(self, session: Session, text: str, seen: float) -> Changes:
        saved = self.services.store.save_guidelines(text or "", session.author, int(seen or 0))
        return {
            self.said: notice(f"Version {saved.version} of the guidelines is what raters see from now on.", "good"),
            self.seen: saved.version,
            self.example.guidelines: guidelines_html(saved),
        }

    def _keep_share(self, share: float) -> str:
        set_gold_share(self.services, float(share or 0))
        return notice(f"About {float(share or 0):.0%} of everybody's work is gold examples from now on.", "good")

    def _make_gold(self, session: Session, place: str) -> str:
        gold = self.services.store.set_gold(read_place(place).example_id, session.author)
        number = counted(len(self.services.store.gold()), "gold example")
        return notice(f"The known verdict of this example is “{words.VERDICTS[gold.verdict]}”. {number}.", "good")

    def _drop_gold(self, session: Session, place: str) -> str:
        self.services.store.drop_gold(read_place(place).example_id)
        return notice(f"{counted(len(self.services.store.gold()), 'gold example')}.", "good")
